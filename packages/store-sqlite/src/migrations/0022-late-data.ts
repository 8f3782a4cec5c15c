import { type Kysely, sql } from "kysely";

/**
 * Adds tables for late data: how far each group has looked back, and time for which rows came after it had been
 * covered. Only groups that look back, or for which late data was reported, have rows in them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `CREATE TABLE lookback (
      group_no INTEGER PRIMARY KEY,
      cursor INTEGER NOT NULL,
      look_at INTEGER,
      look INTEGER NOT NULL
    )`,
    "CREATE INDEX lookback_due ON lookback (look_at) WHERE look_at IS NOT NULL",
    `CREATE TABLE late_time (
      group_no INTEGER NOT NULL,
      upper INTEGER NOT NULL,
      lower INTEGER NOT NULL,
      reported_by TEXT NOT NULL,
      run_id TEXT NOT NULL,
      rows_late INTEGER,
      reports INTEGER NOT NULL,
      first_at INTEGER NOT NULL,
      last_at INTEGER NOT NULL,
      state TEXT NOT NULL,
      backfill_id TEXT,
      PRIMARY KEY (group_no, upper, lower, reported_by)
    ) WITHOUT ROWID`,
    "CREATE INDEX late_time_pending ON late_time (group_no) WHERE state = 'PENDING'",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
