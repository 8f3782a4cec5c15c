import { afterAll, beforeAll } from "@jest/globals";
import { RedisServer } from "@tidegate/test-servers";
import { engineSuite } from "@tidegate/testkit";
import { BullmqEngine, bullmqEngine } from "../src/index.js";
import { RemoteManager } from "./support/remote-manager.js";

let redis: RedisServer;
let count = 0;

beforeAll(async () => {
  redis = await RedisServer.start(["--appendonly", "yes"]);
}, 180_000);

afterAll(() => redis.dispose());

engineSuite({
  name: "bullmq",
  clock: "real",
  supports: { definitions: true, tampering: true, processes: true },
  create: async () => {
    count += 1;
    const options = { connection: redis.connection, prefix: `suite-${count}` };
    const stranger = new BullmqEngine(options);
    // Small batches and a short lease, so that there is something to share and to take over.
    const sharing = { ...options, batchSize: 5, concurrency: 1, leaseMs: 2_000 };
    const spawned: RemoteManager[] = [];
    return {
      engine: bullmqEngine({ ...options, batchSize: 5 }),
      reopen: async () => bullmqEngine(options),
      forget: (groupId) => stranger.handleUnregister([groupId]),
      inject: (schedule) => stranger.handleRegister([schedule]),
      spawn: async (ledger) => {
        const manager = await RemoteManager.start(sharing, ledger);
        spawned.push(manager);
        return manager;
      },
      dispose: async () => {
        await Promise.all(spawned.map((manager) => manager.kill()));
        await stranger.stop();
      },
    };
  },
});
