import { type Kysely, sql } from "kysely";

/**
 * Adds columns for reports of source groups, and for what runs have read: their inputs (as JSON, and each in a
 * table of its own, by the group that is read), when one of them changed last, and whether that is noted.
 * `input_reach` has the length of each group's longest input.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    "ALTER TABLE run ADD COLUMN report TEXT",
    "ALTER TABLE run ADD COLUMN inputs TEXT",
    "ALTER TABLE run ADD COLUMN stale_at INTEGER",
    "ALTER TABLE run ADD COLUMN is_stale_noted INTEGER NOT NULL DEFAULT 0",
    `CREATE INDEX run_stale ON run (group_no, lower, generation, upper)
      WHERE stale_at IS NOT NULL AND NOT is_superseded`,
    `CREATE TABLE run_input (
      group_id TEXT NOT NULL,
      upper INTEGER NOT NULL,
      lower INTEGER NOT NULL,
      run_no INTEGER NOT NULL,
      digest TEXT NOT NULL,
      is_partial INTEGER NOT NULL,
      PRIMARY KEY (group_id, upper, lower, run_no)
    ) WITHOUT ROWID`,
    "CREATE INDEX run_input_by_run ON run_input (run_no)",
    "CREATE INDEX run_input_partial ON run_input (group_id) WHERE is_partial",
    "CREATE TABLE input_reach (group_id TEXT PRIMARY KEY, longest_ms INTEGER NOT NULL) WITHOUT ROWID",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
