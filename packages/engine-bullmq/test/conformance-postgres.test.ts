import { afterAll, beforeAll } from "@jest/globals";
import { PostgresServer } from "@tidegate/test-servers";
import { engineSuite } from "@tidegate/testkit";
import { suiteFixture } from "./support/suite-fixture.js";

let postgres: PostgresServer;
let count = 0;

beforeAll(async () => {
  postgres = await PostgresServer.start();
}, 180_000);

afterAll(() => postgres.dispose());

engineSuite({
  name: "bullmq on Postgres",
  clock: "real",
  atOnce: 10,
  patienceMs: 300_000,
  supports: { definitions: true, tampering: true, processes: true },
  create: async () => {
    count += 1;
    const connection = { postgres: { connectionString: postgres.url() } };
    return suiteFixture({ connection, prefix: `suite_${count}` });
  },
});
