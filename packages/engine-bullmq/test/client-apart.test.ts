import { afterAll, beforeAll } from "@jest/globals";
import { RedisServer } from "@tidegate/test-servers";
import { engineSuite } from "@tidegate/testkit";
import { bullmqEngine } from "../src/index.js";
import { suiteFixture } from "./support/suite-fixture.js";

let redis: RedisServer;
let count = 0;

beforeAll(async () => {
  redis = await RedisServer.start(["--appendonly", "yes"]);
}, 180_000);

afterAll(() => redis.dispose());

engineSuite({
  name: "bullmq with its client in another process",
  clock: "real",
  atOnce: 16,
  supports: { definitions: true, tampering: true },
  create: async () => {
    count += 1;
    const options = { connection: redis.connection, prefix: `apart-${count}` };
    return { ...suiteFixture(options), client: () => bullmqEngine(options) };
  },
});
