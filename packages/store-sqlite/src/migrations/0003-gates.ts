import { type Kysely, sql } from "kysely";

/**
 * Adds columns for gates: how they hold a run (`gating` is its index in `GATINGS`), when it is due to be asked
 * about, and the number of the question.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    "ALTER TABLE run ADD COLUMN gating INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE schedule_version ADD COLUMN gating INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE run ADD COLUMN look_at INTEGER",
    "ALTER TABLE run ADD COLUMN look INTEGER NOT NULL DEFAULT 0",
    "UPDATE run SET look_at = 0 WHERE place = 'gated'",
    "CREATE INDEX run_look ON run (look_at, id) WHERE place = 'gated'",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
