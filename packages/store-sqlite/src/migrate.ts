import type { DatabaseSync } from "node:sqlite";
import { StoreError } from "@tidegate/core";
import { Kysely, SqliteDialect } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import * as initial from "./migrations/0001-initial.js";
import * as places from "./migrations/0002-places.js";
import * as gates from "./migrations/0003-gates.js";

/** All steps of the schema, in order. A step that has shipped is never changed. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001-initial": initial,
  "0002-places": places,
  "0003-gates": gates,
};

/**
 * Brings the schema up to date.
 *
 * @param steps - all steps except those of later releases
 * @throws StoreError STORE_NEWER if a later version of this package has migrated the database; what SQLite
 *   throws
 */
export async function migrate(database: DatabaseSync, path: string, steps = MIGRATIONS): Promise<void> {
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: asKyselyDatabase(database) }) });
  const migrator = new Migrator({ db, provider: { getMigrations: async () => steps } });
  const known = new Set(Object.keys(steps));
  const applied = appliedMigrations(database);
  const unknown = applied.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new StoreError(
      "STORE_NEWER",
      `${path}: was made by a later version of @tidegate/store-sqlite (it has ${unknown.join(", ")}); update the package.`,
    );
  }
  if (applied.length === known.size) return;
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

function appliedMigrations(database: DatabaseSync): string[] {
  const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'kysely_migration'").get();
  if (table === undefined) return [];
  return database
    .prepare("SELECT name FROM kysely_migration ORDER BY name")
    .all()
    .map(({ name }) => String(name));
}

/** Adapts `node:sqlite` to the interface that Kysely expects. */
function asKyselyDatabase(database: DatabaseSync) {
  return {
    close: () => undefined,
    prepare: (text: string) => {
      const statement = database.prepare(text);
      return {
        reader: statement.columns().length > 0,
        all: (parameters: readonly unknown[]) => statement.all(...(parameters as never[])),
        run: (parameters: readonly unknown[]) => statement.run(...(parameters as never[])),
        iterate: (parameters: readonly unknown[]) => statement.iterate(...(parameters as never[])),
      };
    },
  };
}
