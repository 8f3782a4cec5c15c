import { afterAll, beforeAll, jest } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { DefinedOperator } from "@tidegate/operator-kit";
import { SeaTunnelServer } from "@tidegate/test-servers";
import { aRequest, type OperatorFixture, operatorSuite } from "@tidegate/testkit";
import { createSeaTunnelOperator } from "../src/index.js";
import { Warehouse } from "./support/jobs.js";

// A job takes one or two seconds, on a busy machine many more.
jest.setTimeout(300_000);

let server: SeaTunnelServer;
let count = 0;

beforeAll(async () => {
  server = await SeaTunnelServer.start();
}, 900_000);

afterAll(() => server.dispose());

/** Two rows of each of three hours. */
const ROWS = ["00:00:00", "00:59:59", "01:00:00", "01:59:59", "02:00:00", "02:59:59"].map(
  (time, index) => `${index},row ${index},2026-01-01 ${time}`,
);

async function create(): Promise<OperatorFixture> {
  count += 1;
  const warehouse = new Warehouse(server.directory, `suite-${count}`);
  warehouse.put(ROWS);
  const operators: DefinedOperator[] = [];
  const start = async () => {
    const operator = createSeaTunnelOperator({ url: server.url, pollIntervalMs: 200 });
    operators.push(operator);
    return operator;
  };
  // The same keys in every test would be the same jobs, which the server remembers.
  const key = count.toString(16).padStart(32, "0");
  const factory =
    (job: JsonObject): OperatorFixture["request"] =>
    (overrides) =>
      aRequest(job, { runId: key, idempotencyKey: key, ...overrides });
  return {
    operator: await start(),
    request: factory(warehouse.copy()),
    slowRequest: factory(warehouse.slow()),
    failingRequest: factory(
      warehouse.copy("select id, who, ts from rows where ts > {{lower.epochMs}} and x = 1"),
    ),
    misshapenJobs: [
      { source: [] },
      { ...warehouse.copy(), rerun: "maybe" },
      { ...warehouse.copy(), sinks: [] },
    ],
    malformedJob: { ...warehouse.copy(), env: { "job.mode": "STREAMING" } },
    positions: {
      job: warehouse.copy(
        "select id, who, ts from rows where id >= {{lower.offset}} and id < {{upper.offset}}",
      ),
      source: { type: "sql-cursor", table: "rows", column: "id" },
      others: [
        { type: "kafka", topic: "rows" },
        { type: "sql-cursor", table: "orders", column: "id" },
        { type: "sql-cursor", table: "rows", column: "no" },
      ],
      ranges: [
        { lower: { main: "0" }, upper: { main: "2" }, records: ["0", "1"] },
        { lower: { main: "2" }, upper: { main: "3" }, records: ["2"] },
      ],
      written: async ({ interval }) => warehouse.idsFrom(interval!.lower),
    },
    effects: async ({ lowerBound }) => {
      const hour = new Date(Number(lowerBound)).toISOString().slice(0, 13).replace("T", " ");
      return warehouse.rows().filter((row) => row.includes(hour)).length / 2;
    },
    restart: start,
    dispose: async () => {
      await Promise.all(operators.map((each) => each.stop()));
    },
  };
}

operatorSuite({ name: "seatunnel", create, supports: { positions: true } });
