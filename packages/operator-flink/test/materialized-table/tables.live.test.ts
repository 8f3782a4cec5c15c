import { afterAll, beforeAll, jest } from "@jest/globals";
import { FlinkServer } from "@tidegate/test-servers";
import { conformance } from "./sharing/conformance.js";
import { refreshes } from "./sharing/refreshes.js";

// The first job of a fresh Flink takes seconds.
jest.setTimeout(300_000);

let flink: FlinkServer;

beforeAll(async () => {
  // The tables are created, and then nobody schedules them but these tests.
  flink = await FlinkServer.start({ "workflow-scheduler.type": "embedded" }, { hasTestCatalog: true });
}, 900_000);

afterAll(() => flink?.dispose());

refreshes(() => flink);
conformance(() => flink);
