import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { storeSuite } from "@tidegate/testkit";
import { SqliteStore } from "../src/sqlite-store.js";
import { temporaryDirectory } from "./support/stores.js";

storeSuite({
  name: "SqliteStore",
  create: async () => {
    const directory = temporaryDirectory();
    const path = join(directory.path, "tidegate.db");
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
