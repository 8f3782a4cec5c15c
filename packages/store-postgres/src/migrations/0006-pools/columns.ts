/**
 * Adds pools, and columns for how runs are chosen by them: the needs of each version of a schedule and of its runs,
 * as `Pooling` of core has them. A run that needs no pool is in no index of these, and has `NULL` in all of them.
 *
 * @param s - the schema, quoted
 */
export const columns = (s: string): string[] => [
  `CREATE TABLE ${s}.pool (
    name text COLLATE "C" PRIMARY KEY,
    slots integer NOT NULL,
    per_second double precision,
    backfill_share double precision NOT NULL,
    reserve_after_ms bigint NOT NULL,
    version bigint NOT NULL,
    record text NOT NULL
  )`,
  ...["run", "schedule_version"].map(
    (table) => `ALTER TABLE ${s}.${table}
      ADD COLUMN pool_needs text COLLATE "C",
      ADD COLUMN pool_priority smallint,
      ADD COLUMN pool_key text COLLATE "C",
      ADD COLUMN pool_weight double precision`,
  ),
  `CREATE INDEX run_pool_line ON ${s}.run (pool_needs, queue, pool_priority, operator, pool_key, ready_at, id)
    WHERE pool_needs IS NOT NULL AND place = 'ready'`,
  `CREATE INDEX run_pool_active ON ${s}.run (pool_needs, queue, kind)
    WHERE pool_needs IS NOT NULL AND place = 'active'`,
  `CREATE INDEX version_pooled ON ${s}.schedule_version (pool_needs) WHERE pool_needs IS NOT NULL`,
];
