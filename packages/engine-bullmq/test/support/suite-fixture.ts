import type { EngineFixture } from "@tidegate/testkit";
import { BullmqEngine, type BullmqEngineOptions, bullmqEngine } from "../../src/index.js";
import { RemoteManager } from "./remote-manager.js";

/** What the engine suite needs of an engine with these options. */
export function suiteFixture(given: BullmqEngineOptions): EngineFixture {
  // A busy machine may take its time.
  const options = { ...given, commandTimeoutMs: 60_000 };
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
}
