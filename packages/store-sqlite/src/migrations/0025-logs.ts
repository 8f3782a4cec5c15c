import { type Kysely, sql } from "kysely";

/** Adds a table of the logs of attempts, their lines as JSON; attempts without logs have no row in it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statement = `CREATE TABLE attempt_log (
      run_no INTEGER NOT NULL REFERENCES run (no) ON DELETE CASCADE,
      attempt INTEGER NOT NULL,
      first INTEGER NOT NULL,
      lines TEXT NOT NULL,
      PRIMARY KEY (run_no, attempt)
    )`;
  await sql.raw(statement).execute(db);
}
