import { TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";
import { checkOptions, type SqliteStoreOptions } from "./options.js";
import { SqliteStore } from "./sqlite-store.js";

/**
 * Returns the module that adds the SQLite store to a Tidegate instance.
 *
 * ```ts
 * const store = sqliteStore({ path: "tidegate.db" });
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID with the offending option
 */
export function sqliteStore(options: SqliteStoreOptions): ContainerModule {
  // A mistake is reported where it is made, not when the module is loaded.
  checkOptions(options);
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.store).toConstantValue(new SqliteStore(options));
  });
}
