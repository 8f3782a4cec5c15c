import { afterAll, beforeAll } from "@jest/globals";
import { RedisServer } from "@tidegate/test-servers";
import { engineSuite } from "@tidegate/testkit";
import { suiteFixture } from "./support/suite-fixture.js";

let redis: RedisServer;
let count = 0;

beforeAll(async () => {
  redis = await RedisServer.start(["--appendonly", "yes"]);
}, 180_000);

afterAll(() => redis.dispose());

engineSuite({
  name: "bullmq",
  clock: "real",
  atOnce: 10,
  patienceMs: 300_000,
  supports: { definitions: true, tampering: true, processes: true },
  create: async () => {
    count += 1;
    return suiteFixture({ connection: redis.connection, prefix: `suite-${count}` });
  },
});
