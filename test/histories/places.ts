import { rmSync } from "node:fs";
import { join } from "node:path";
import { MemoryStore } from "@tidegate/core/testing";
import { SqliteStore } from "@tidegate/store-sqlite";
import { quickFolder } from "@tidegate/test-servers";
import type { StageStore } from "./evidence.js";

/** A ledger in memory. One that was closed gives back its leases when it is opened, as a file of one process does. */
export async function inMemory(): Promise<StageStore> {
  const store = new MemoryStore();
  return { store, turns: 2, reopen: async () => store, dispose: async () => undefined };
}

/** A ledger in a file, opened anew by each process. */
export async function inSqlite(): Promise<StageStore> {
  const directory = quickFolder("tidegate-histories-");
  const open = (): SqliteStore =>
    new SqliteStore({ path: join(directory, "tidegate.db"), synchronous: "normal" });
  let store = open();
  return {
    store,
    turns: 12,
    reopen: async (isClosed) => {
      if (!isClosed) await store.close();
      store = open();
      return store;
    },
    dispose: async () => {
      await store.close().catch(() => undefined);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
