import { join } from "node:path";
import { SqliteStore } from "@tidegate/store-sqlite";
import type { Deployment } from "../scene.js";

/** One manager with the embedded engine and SQLite. */
export function embeddedOverSqlite(directory: string): Deployment {
  const path = join(directory, "tidegate.db");
  return {
    parts: { sqlite: { path } },
    openStore: async () => {
      const store = new SqliteStore({ path });
      await store.open();
      return store;
    },
  };
}
