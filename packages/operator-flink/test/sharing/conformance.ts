import { beforeAll, describe } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { DefinedOperator } from "@tidegate/operator-kit";
import type { FlinkServer } from "@tidegate/test-servers";
import { operatorSuite, type RequestFactory } from "@tidegate/testkit";
import { createFlinkOperator } from "../../src/index.js";
import { Program } from "../support/program.js";
import { Readings } from "../support/readings.js";
import { aRequest } from "../support/requests.js";

/**
 * Tests the operator by the suite of all operators, once for each kind of job.
 *
 * @param started - returns a running server
 */
export function conformance(started: () => FlinkServer): void {
  describe("conformance", () => {
    let flink: FlinkServer;
    let program: Program;

    beforeAll(async () => {
      flink = started();
      program = await Program.compile(flink);
    }, 300_000);

    operatorSuite({
      name: "flink, SQL",
      supports: { logs: true, positions: true },
      create: async () => {
        const readings = new Readings(flink.dataFolder);
        const operators = new Operators(flink);
        return {
          operator: operators.start(),
          request: factory(readings.copy()),
          slowRequest: factory(readings.dripping()),
          failingRequest: factory(readings.failing()),
          loggedRequest: factory(readings.failing()),
          misshapenJobs: [{ sql: {} }, { python: {} }, {}],
          malformedJob: { sql: { statement: "INSERT OVERWRITE t SELECT {{lower.moment}}" } },
          positions: {
            job: readings.copyRange(),
            source: { type: "sql-cursor", table: "readings", column: "minute" },
            others: [{ type: "kafka", topic: "readings" }],
            ranges: [
              { lower: { main: "-9223372036854775808" }, upper: { main: "2" }, records: ["0", "1"] },
              { lower: { main: "2" }, upper: { main: "2" }, records: [] },
              { lower: { main: "2" }, upper: { main: "3" }, records: ["2"] },
            ],
            written: async ({ interval }) => readings.minutesFrom(interval!.lower),
          },
          effects: async ({ lowerBound }) => readings.times(Number(lowerBound)),
          restart: async () => operators.start(),
          dispose: () => operators.stop(),
        };
      },
    });

    operatorSuite({
      name: "flink, jar",
      create: async () => {
        const readings = new Readings(flink.dataFolder);
        const operators = new Operators(flink);
        const { copy, dripping, failing } = readings.statements;
        return {
          operator: operators.start(),
          request: factory(program.run(copy)),
          slowRequest: factory(program.run(dripping)),
          failingRequest: factory(program.run(failing)),
          misshapenJobs: [{ jar: {} }, { jar: { path: "a.jar", parallelism: 0 } }],
          malformedJob: { jar: { path: "/etc/passwd" } },
          effects: async ({ lowerBound }) => readings.times(Number(lowerBound)),
          restart: async () => operators.start(),
          dispose: () => operators.stop(),
        };
      },
    });
  });
}

/** The operators of a test. */
class Operators {
  readonly #flink: FlinkServer;
  readonly #all: DefinedOperator[] = [];

  constructor(flink: FlinkServer) {
    this.#flink = flink;
  }

  start(): DefinedOperator {
    const { url, gatewayUrl, dataFolder } = this.#flink;
    const operator = createFlinkOperator({ url, gatewayUrl, jarFolders: [dataFolder] });
    this.#all.push(operator);
    return operator;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((each) => each.stop()));
  }
}

function factory(job: JsonObject): RequestFactory {
  const base = aRequest(job);
  return (overrides) => ({ ...base, ...overrides });
}
