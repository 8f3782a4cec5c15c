import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { SqliteStore } from "@tidegate/store-sqlite";
import { engineSuite } from "@tidegate/testkit";

/** What users get by default: timers over a file, reopened with each restart. */
engineSuite({
  name: "embedded over SQLite",
  clock: "virtual",
  // A commit takes a turn of the event loop, and a run's life has several.
  turns: 20,
  create: async () => ({
    engine: embeddedEngine(),
    reopen: async () => embeddedEngine(),
    dispose: async () => {},
  }),
  store: async () => {
    const directory = mkdtempSync(join(tmpdir(), "tidegate-engine-"));
    const open = async (): Promise<SqliteStore> => {
      const store = new SqliteStore({ path: join(directory, "tidegate.db"), synchronous: "normal" });
      await store.open();
      return store;
    };
    return {
      store: await open(),
      reopen: open,
      dispose: async () => rmSync(directory, { recursive: true, force: true }),
    };
  },
});
