import { type Kysely, sql } from "kysely";

/** Notes of each run whether a job of it may still be working. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    "ALTER TABLE run ADD COLUMN is_job_open INTEGER NOT NULL DEFAULT 0",
    "UPDATE run SET is_job_open = 1 WHERE wake_at IS NOT NULL AND state <> 'PLANNED'",
    "CREATE INDEX run_job_open ON run (group_no, lower, generation, upper) WHERE is_job_open",
    "ALTER TABLE backfill ADD COLUMN reason TEXT",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
