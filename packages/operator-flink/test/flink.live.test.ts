import { afterAll, beforeAll, jest } from "@jest/globals";
import { FlinkServer } from "@tidegate/test-servers";
import { conformance } from "./sharing/conformance.js";
import { jobs } from "./sharing/jobs.js";

// The first job of a fresh Flink takes seconds.
jest.setTimeout(300_000);

/** How long the gateway keeps a session that nobody uses. */
const IDLE_MS = 10_000;

let flink: FlinkServer;

// One server for both of them: to start one, and its first jobs, take a sixth of a minute of a processor.
beforeAll(async () => {
  flink = await FlinkServer.start({
    "sql-gateway.session.idle-timeout": `${IDLE_MS} ms`,
    "sql-gateway.session.check-interval": "200 ms",
  });
}, 900_000);

afterAll(() => flink.dispose());

jobs(() => flink, IDLE_MS);
conformance(() => flink);
