import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, jest } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { FlinkServer } from "@tidegate/test-servers";
import { operatorSuite, type RequestFactory } from "@tidegate/testkit";
import { FlinkOperator } from "../src/index.js";
import { Readings } from "./support/readings.js";
import { aRequest } from "./support/requests.js";

// The first job of a fresh Flink takes seconds.
jest.setTimeout(120_000);

let flink: FlinkServer;

beforeAll(async () => {
  flink = await FlinkServer.start();
}, 900_000);

afterAll(() => flink.dispose());

operatorSuite({
  name: "flink, SQL",
  create: async () => {
    const readings = new Readings(flink.dataFolder);
    const operators = new Operators();
    return {
      operator: operators.start(),
      request: factory(readings.copy()),
      slowRequest: factory(readings.dripping()),
      failingRequest: factory(readings.failing()),
      malformedJob: { sql: { statement: "INSERT OVERWRITE t SELECT {lower:moment}" } },
      effects: async ({ lowerBoundary }) => readings.times(Number(lowerBoundary)),
      restart: async () => operators.start(),
      dispose: () => operators.stop(),
    };
  },
});

operatorSuite({
  name: "flink, jar",
  // The example program writes beside what is there, and does not last.
  supports: { effects: false, slow: false },
  create: async () => {
    const readings = new Readings(flink.dataFolder);
    const operators = new Operators();
    const wordCount = (input: string): JsonObject => ({
      jar: {
        path: flink.examplesJar,
        entryClass: "org.apache.flink.streaming.examples.wordcount.WordCount",
        programArgs: [
          ...["--execution-mode", "BATCH"],
          ...["--input", pathToFileURL(input).href],
          ...["--output", `${pathToFileURL(readings.target).href}/{lower:epoch_ms}`],
        ],
      },
    });
    return {
      operator: operators.start(),
      request: factory(wordCount(readings.source)),
      failingRequest: factory(wordCount(join(readings.source, "missing"))),
      malformedJob: { jar: { path: "/etc/passwd" } },
      restart: async () => operators.start(),
      dispose: () => operators.stop(),
    };
  },
});

/** The operators of a test. */
class Operators {
  readonly #all: FlinkOperator[] = [];

  start(): FlinkOperator {
    const { url, gatewayUrl, examplesJar } = flink;
    const operator = new FlinkOperator({ url, gatewayUrl, jarFolders: [dirname(examplesJar)] });
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
