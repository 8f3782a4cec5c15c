import { afterAll, beforeAll } from "@jest/globals";
import { PostgresServer } from "@tidegate/test-servers";
import { engineSuite } from "@tidegate/testkit";
import { BullmqEngine, bullmqEngine } from "../src/index.js";

let postgres: PostgresServer;
let count = 0;

beforeAll(async () => {
  postgres = await PostgresServer.start();
}, 180_000);

afterAll(() => postgres.dispose());

engineSuite({
  name: "bullmq on Postgres",
  clock: "real",
  supports: { definitions: true, tampering: true },
  create: async () => {
    count += 1;
    const options = {
      connection: { postgres: { connectionString: postgres.url() } },
      prefix: `suite_${count}`,
    };
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
