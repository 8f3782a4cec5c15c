import { beforeAll, describe } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { DefinedOperator } from "@tidegate/operator-kit";
import { FlinkConsole, FlinkSales, type FlinkServer } from "@tidegate/test-servers";
import { operatorSuite, type RequestFactory } from "@tidegate/testkit";
import { createFlinkOperator } from "../../../src/index.js";
import { aRequest, HOUR, MIDNIGHT } from "../../support/requests.js";

const HOURS = 48;

const TABLE = { identifier: "stock.sales.hourly", freshness: "1 HOUR" };

/**
 * Tests refreshes of materialized tables by the suite of all operators.
 *
 * @param started - returns a server with the tests' catalog, whose tables nobody schedules
 */
export function conformance(started: () => FlinkServer): void {
  describe("conformance", () => {
    let flink: FlinkServer;
    let sales: FlinkSales;

    beforeAll(async () => {
      flink = started();
      sales = await FlinkSales.create(flink, "stock");
      await (await FlinkConsole.open(flink)).type(
        sales.definition("hourly", { freshness: "'1' HOUR", format: "yyyyMMddHH" }),
      );
    }, 300_000);

    operatorSuite({
      name: "flink, materialized tables",
      // A table's query is one for all of its partitions, and this one's is quick.
      supports: { slow: false },
      create: async () => {
        const operators: DefinedOperator[] = [];
        const start = (): DefinedOperator => {
          const operator = createFlinkOperator({ url: flink.url, gatewayUrl: flink.gatewayUrl });
          operators.push(operator);
          return operator;
        };
        sales.clear("hourly");
        sales.write([
          ...Array.from({ length: HOURS }, (_, id) => ({ id, price: 1, part: hourOf(MIDNIGHT + id * HOUR) })),
          { id: -1, price: 0, part: "broken" },
        ]);
        return {
          operator: start(),
          request: factory({ materializedTable: TABLE }),
          failingRequest: factory({ materializedTable: { ...TABLE, partition: { part: "broken" } } }),
          misshapenJobs: [{ materializedTable: {} }, { materializedTable: { identifier: 1 } }],
          malformedJob: { materializedTable: { identifier: "hourly" } },
          effects: async ({ lowerBound }) =>
            sales.partitions("hourly").get(hourOf(Number(lowerBound)))?.length ?? 0,
          restart: async () => start(),
          dispose: async () => {
            await Promise.all(operators.map((operator) => operator.stop()));
          },
        };
      },
    });
  });
}

function factory(job: JsonObject): RequestFactory {
  const base = aRequest(job);
  return (overrides) => ({ ...base, ...overrides });
}

function hourOf(time: number): string {
  return new Date(time).toISOString().slice(0, 13).replaceAll(/[-T]/g, "");
}
