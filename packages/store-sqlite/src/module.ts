import { TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";
import { SqliteStore, type SqliteStoreOptions } from "./sqlite-store.js";

/** Brings the SQLite store to a Tidegate. */
export function sqliteStore(options: SqliteStoreOptions): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.store).toConstantValue(new SqliteStore(options));
  });
}
