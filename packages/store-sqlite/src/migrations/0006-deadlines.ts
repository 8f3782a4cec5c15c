import { type Kysely, sql } from "kysely";

/**
 * Adds tables for deadlines: how far each group has been judged, and a record of each that was not simply met.
 * Only groups with deadlines have rows in them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `CREATE TABLE deadline_watch (
      group_no INTEGER PRIMARY KEY,
      incarnation TEXT NOT NULL,
      since INTEGER NOT NULL,
      cursor INTEGER,
      excused_from INTEGER,
      look_at INTEGER,
      look INTEGER NOT NULL
    )`,
    "CREATE INDEX deadline_watch_due ON deadline_watch (look_at) WHERE look_at IS NOT NULL",
    `CREATE TABLE deadline (
      group_no INTEGER NOT NULL,
      subject TEXT NOT NULL,
      lower INTEGER NOT NULL,
      upper INTEGER NOT NULL,
      deadline_at INTEGER NOT NULL,
      state TEXT NOT NULL,
      reason TEXT,
      since INTEGER NOT NULL,
      met_at INTEGER,
      told TEXT NOT NULL,
      tell_at INTEGER,
      PRIMARY KEY (group_no, subject, lower)
    ) WITHOUT ROWID`,
    "CREATE INDEX deadline_by_time ON deadline (deadline_at)",
    "CREATE INDEX deadline_of_group ON deadline (group_no, deadline_at)",
    "CREATE INDEX deadline_open ON deadline (group_no, deadline_at) WHERE state IN ('AT_RISK', 'MISSED')",
    "CREATE INDEX deadline_untold ON deadline (tell_at) WHERE tell_at IS NOT NULL",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
