import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll } from "@jest/globals";
import { storeSuite } from "@tidegate/testkit";
import { SqliteStore } from "../src/sqlite-store.js";
import { temporaryDirectory } from "./support/stores.js";

/** An empty ledger, which each test has a copy of: to make its tables takes longer than most tests. */
const empty = temporaryDirectory();
const emptyLedger = join(empty.path, "tidegate.db");

beforeAll(async () => {
  const store = new SqliteStore({ path: emptyLedger });
  await store.open();
  await store.close();
});

afterAll(() => empty.remove());

storeSuite({
  name: "SqliteStore",
  supports: { shortcuts: true },
  create: async () => {
    const directory = temporaryDirectory();
    const path = join(directory.path, "tidegate.db");
    copyFileSync(emptyLedger, path);
    const open = async (namespace?: string): Promise<SqliteStore> => {
      const store = new SqliteStore({ path });
      await store.open(namespace);
      return store;
    };
    const store = await open();
    const dispose = async (): Promise<void> => {
      await store.close();
      directory.remove();
    };
    const overwriteSpec = async (groupId: string, text: string): Promise<void> => {
      const database = new DatabaseSync(path);
      database
        .prepare(
          "UPDATE schedule_version SET spec = ? WHERE schedule_no = (SELECT no FROM schedule WHERE group_id = ?)",
        )
        .run(text, groupId);
      database.close();
    };
    return { store, reopen: open, overwriteSpec, dispose };
  },
});
