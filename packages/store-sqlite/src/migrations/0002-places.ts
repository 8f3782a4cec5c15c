import { type Kysely, sql } from "kysely";

/**
 * Adds columns for where each run stands: its place, when it is ready, until when it is leased, what it waits
 * for, and in which queue it waits for which operator (`queue` is its index in `CLAIM_QUEUES`); and for
 * whether a job of it may still be working. No index contains runs that have ended. Ledgers get names.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    "ALTER TABLE schedule ADD COLUMN incarnation TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE schedule_state ADD COLUMN incarnation TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE run ADD COLUMN operator TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE run ADD COLUMN place TEXT NOT NULL DEFAULT 'none'",
    "ALTER TABLE run ADD COLUMN queue INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE run ADD COLUMN ready_at INTEGER",
    "ALTER TABLE run ADD COLUMN lease_until INTEGER",
    "ALTER TABLE run ADD COLUMN wait TEXT",
    "ALTER TABLE run ADD COLUMN is_job_open INTEGER NOT NULL DEFAULT 0",
    `UPDATE run SET operator = (
      SELECT lower(json_extract(v.spec, '$.operator')) FROM schedule_version v
        WHERE v.schedule_no = run.group_no AND v.version = run.schedule_version
    ) WHERE EXISTS (
      SELECT 1 FROM schedule_version v WHERE v.schedule_no = run.group_no AND v.version = run.schedule_version
    )`,
    `UPDATE run SET place = 'active', lease_until = coalesce(wake_at, 0), is_job_open = 1
      WHERE state IN ('SUBMITTING', 'RUNNING')`,
    `UPDATE run SET place = 'ready', ready_at = CASE wake_at WHEN 0 THEN planned_at ELSE wake_at END,
        queue = CASE WHEN token > 0 THEN 2 WHEN kind = 'BACKFILL' THEN 1 ELSE 0 END
      WHERE state = 'PLANNED' AND wake_at IS NOT NULL`,
    `UPDATE run SET place = 'waiting', wait = json_object('reason', 'lane', 'since', planned_at)
      WHERE state = 'PLANNED' AND wake_at IS NULL`,
    "UPDATE run SET place = 'blocking' WHERE is_blocking = 1 AND kind = 'SCHEDULED'",
    "DROP INDEX run_by_wake",
    "DROP INDEX run_waiting",
    "DROP INDEX run_blocking",
    "ALTER TABLE run DROP COLUMN wake_at",
    "CREATE INDEX run_ready ON run (operator, queue, ready_at, id) WHERE place = 'ready'",
    "CREATE INDEX run_held ON run (lease_until, id) WHERE lease_until IS NOT NULL OR is_job_open",
    "CREATE INDEX run_waiting ON run (group_no, lower, generation, upper) WHERE place = 'waiting'",
    "CREATE INDEX run_gated ON run (group_no, lower, generation, upper) WHERE place = 'gated'",
    "CREATE INDEX run_blocking ON run (group_no, lower, generation, upper) WHERE is_blocking",
    `CREATE INDEX run_uncovered ON run (group_no, lower, generation, upper)
      WHERE reason = 'overlap-cancelled' AND NOT is_superseded`,
    "ALTER TABLE backfill ADD COLUMN reason TEXT",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
