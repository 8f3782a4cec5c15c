import { createTidegate } from "@tidegate/core";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { SqliteStore } from "@tidegate/store-sqlite";
import { defaultOperators } from "../serve/operators.js";
import type { Connection } from "./api.js";

/**
 * Opens a database of a manager that is not running. Nothing is started: runs that a command plans begin when a
 * manager opens the store.
 *
 * @throws StoreError STORE_LOCKED while a manager runs; others as `ScheduleStore.open`
 */
export async function openStore(path: string, namespace?: string): Promise<Connection> {
  const store = new SqliteStore({ path, mustExist: true });
  const { client } = createTidegate({
    store,
    engineClients: [embeddedEngine()],
    operators: defaultOperators(),
  });
  await store.open(namespace);
  const versions = async (groupId: string) => {
    await client.get(groupId);
    return store.listVersions(groupId);
  };
  const api = Object.assign(client, { versions });
  return { api, events: undefined, hasManager: false, close: () => store.close() };
}
