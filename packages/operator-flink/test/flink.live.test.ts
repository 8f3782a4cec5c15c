import { afterAll, beforeAll, describe, jest } from "@jest/globals";
import { FlinkServer } from "@tidegate/test-servers";
import { conformance as tableConformance } from "./materialized-table/sharing/conformance.js";
import { refreshes } from "./materialized-table/sharing/refreshes.js";
import { conformance } from "./sharing/conformance.js";
import { jobs } from "./sharing/jobs.js";

// The first job of a fresh Flink takes seconds.
jest.setTimeout(300_000);

/** How long the gateway keeps a session that nobody uses. */
const IDLE_MS = 10_000;

let flink: FlinkServer;

// One server for all of them: to start one, and its first jobs, take a sixth of a minute of a processor.
beforeAll(async () => {
  const settings = {
    "sql-gateway.session.idle-timeout": `${IDLE_MS} ms`,
    "sql-gateway.session.check-interval": "200 ms",
    // Materialized tables are created, and then nobody schedules them but these tests.
    "workflow-scheduler.type": "embedded",
  };
  flink = await FlinkServer.start(settings, { hasTestCatalog: true });
}, 900_000);

afterAll(() => flink.dispose());

jobs(() => flink, IDLE_MS);
conformance(() => flink);
describe("materialized tables", () => {
  refreshes(() => flink);
  tableConformance(() => flink);
});
