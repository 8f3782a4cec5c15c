import {
  assertSchemaCompatibility,
  LATEST_SCHEMA_VERSION,
  type PgQueryable,
  quoteSchemaName,
  runMigrations,
  SchemaMigrationRequiredError,
} from "bullmq";

/** Identifies this lock among the database's: the letters of "tide". */
const LOCK = 0x74_69_64_65;

/**
 * Creates or updates the schema with BullMQ's tables and the engine's; one process does so at a time, and the
 * others wait. If it is up to date, nothing is locked, and no rights are needed beyond using the tables.
 */
export async function migrate(client: PgQueryable, schema: string): Promise<void> {
  if (await isUpToDate(client, schema)) return;
  await runMigrations(await withoutCreation(client, schema), schema);
  // Several statements in one text are one transaction.
  await client.query(tables(schema));
}

/**
 * Returns a client that creates no schema if there is one: `IF NOT EXISTS` asks for the right to create it all
 * the same.
 */
async function withoutCreation(client: PgQueryable, schema: string): Promise<PgQueryable> {
  const { rows } = await client.query("SELECT FROM pg_namespace WHERE nspname = $1", [schema]);
  if (rows.length === 0) return client;
  const creation = `CREATE SCHEMA IF NOT EXISTS ${quoteSchemaName(schema)}`;
  return {
    query: (text, parameters) =>
      text === creation ? Promise.resolve({ rows: [], rowCount: 0 }) : client.query(text, parameters),
  };
}

async function isUpToDate(client: PgQueryable, schema: string): Promise<boolean> {
  try {
    if ((await assertSchemaCompatibility(client, schema)) < LATEST_SCHEMA_VERSION) return false;
  } catch (error) {
    if (error instanceof SchemaMigrationRequiredError) return false;
    throw error;
  }
  const last = `${quoteSchemaName(schema)}.tidegate_ticker`;
  const { rows } = await client.query("SELECT to_regclass($1) IS NOT NULL AS there", [last]);
  return rows[0].there;
}

/**
 * Each fire writes a row twice, and `look_at` is indexed, so autovacuum must run early and without pauses.
 * The ticker's role is a single row.
 */
function tables(name: string): string {
  const schema = quoteSchemaName(name);
  return `
SELECT pg_advisory_xact_lock(${LOCK}, hashtext('${name}'));
CREATE TABLE IF NOT EXISTS ${schema}.tidegate_schedule (
  group_id text COLLATE "C" PRIMARY KEY,
  version integer NOT NULL,
  delay_ms bigint NOT NULL,
  fire_at bigint,
  look_at bigint
) WITH (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX IF NOT EXISTS tidegate_schedule_look_at ON ${schema}.tidegate_schedule (look_at);
CREATE TABLE IF NOT EXISTS ${schema}.tidegate_ticker (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  owner text NOT NULL,
  until bigint NOT NULL
);
INSERT INTO ${schema}.tidegate_ticker (owner, until) VALUES ('', 0) ON CONFLICT DO NOTHING;`;
}
