import { StoreError } from "@tidegate/core";
import { Kysely, PostgresDialect } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import type { Database } from "./database.js";
import { initial } from "./migrations/0001-initial/index.js";
import { places } from "./migrations/0002-places/index.js";
import { asStoreError } from "./postgres-errors.js";

/** The table where Kysely records completed steps. */
const NOTES = "tidegate_migration";

/** All steps of the schema, in order. A step that has shipped is never changed. */
const migrations = (schema: string): Record<string, Migration> => ({
  "0001-initial": initial(schema),
  "0002-places": places(schema),
});

/**
 * Brings the schema up to date; one process does so at a time, and the others wait.
 *
 * @param steps - all steps except those of later releases
 * @throws StoreError STORE_NEWER if a later version of this package has migrated the database; others if
 *   Postgres refuses
 */
export async function migrate(
  database: Database,
  schema: string,
  steps = migrations(quote(schema)),
): Promise<void> {
  const quoted = quote(schema);
  const applied = await appliedSteps(database, quoted);
  const unknown = applied.filter((name) => !Object.hasOwn(steps, name));
  if (unknown.length > 0) {
    throw new StoreError(
      "STORE_NEWER",
      `${database.place}: schema ${schema} was made by a later version of @tidegate/store-postgres (it has ` +
        `${unknown.join(", ")}); update the package.`,
    );
  }
  if (applied.length === Object.keys(steps).length) return;
  const migrator = new Migrator({
    // Its pool is the store's, so it must not be closed here.
    db: new Kysely<unknown>({ dialect: new PostgresDialect({ pool: database.pool }) }),
    provider: { getMigrations: async () => steps },
    migrationTableSchema: schema,
    migrationTableName: NOTES,
    migrationLockTableName: `${NOTES}_lock`,
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw asStoreError(error, database.place);
}

async function appliedSteps(database: Database, schema: string): Promise<string[]> {
  const table = `${schema}.${NOTES}`;
  const [found] = await database.query<{ there: boolean }>("SELECT to_regclass($1) IS NOT NULL AS there", [
    table,
  ]);
  if (!found?.there) return [];
  const rows = await database.query<{ name: string }>(`SELECT name FROM ${table} ORDER BY name`);
  return rows.map(({ name }) => name);
}

/** Quotes a name for SQL. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
