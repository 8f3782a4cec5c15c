import { TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";
import type { PostgresStoreOptions } from "./options.js";
import { PostgresStore } from "./postgres-store.js";

/**
 * Returns the module that adds the Postgres store to a Tidegate instance.
 *
 * ```ts
 * const store = postgresStore({ connectionString: "postgres://tidegate@localhost/tidegate" });
 * ```
 */
export function postgresStore(options: PostgresStoreOptions): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.store).toConstantValue(new PostgresStore(options));
  });
}
