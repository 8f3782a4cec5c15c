import { afterAll, beforeAll } from "@jest/globals";
import { RedisServer } from "@tidegate/test-servers";
import { engineSuite } from "@tidegate/testkit";
import { BullmqEngine, bullmqEngine } from "../src/index.js";

let redis: RedisServer;
let count = 0;

beforeAll(async () => {
  redis = await RedisServer.start(["--appendonly", "yes"]);
}, 180_000);

afterAll(() => redis.dispose());

engineSuite({
  name: "bullmq",
  clock: "real",
  supports: { definitions: true, tampering: true },
  create: async () => {
    count += 1;
    const options = { connection: redis.connection, prefix: `suite-${count}` };
    const stranger = new BullmqEngine(options);
    return {
      engine: bullmqEngine(options),
      reopen: async () => bullmqEngine(options),
      forget: (groupId) => stranger.handleUnregister([groupId]),
      inject: (schedule) => stranger.handleRegister([schedule]),
      dispose: () => stranger.stop(),
    };
  },
});
