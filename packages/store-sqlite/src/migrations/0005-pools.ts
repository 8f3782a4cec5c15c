import { type Kysely, sql } from "kysely";

/**
 * Adds pools, and columns for how runs are chosen by them: the needs of each version of a schedule and of its runs,
 * as `Pooling` of core has them. A run that needs no pool is in no index of these, and has `NULL` in all of them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const columns = ["pool_needs TEXT", "pool_priority INTEGER", "pool_key TEXT", "pool_weight REAL"];
  const statements = [
    `CREATE TABLE pool (
      name TEXT NOT NULL PRIMARY KEY,
      slots INTEGER NOT NULL,
      per_second REAL,
      backfill_share REAL NOT NULL,
      reserve_after_ms INTEGER NOT NULL,
      version INTEGER NOT NULL,
      record TEXT NOT NULL
    ) WITHOUT ROWID`,
    ...columns.map((column) => `ALTER TABLE run ADD COLUMN ${column}`),
    ...columns.map((column) => `ALTER TABLE schedule_version ADD COLUMN ${column}`),
    `CREATE INDEX run_pool_line ON run (pool_needs, queue, pool_priority, operator, pool_key, ready_at, id)
      WHERE pool_needs IS NOT NULL AND place = 'ready'`,
    `CREATE INDEX run_pool_active ON run (pool_needs, queue, kind)
      WHERE pool_needs IS NOT NULL AND place = 'active'`,
    "CREATE INDEX version_pooled ON schedule_version (pool_needs) WHERE pool_needs IS NOT NULL",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
