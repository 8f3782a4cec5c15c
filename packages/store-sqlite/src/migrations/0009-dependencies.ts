import { type Kysely, sql } from "kysely";

/** Adds a table of the groups that the current version of each schedule depends on. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `CREATE TABLE dependency (
      upstream TEXT NOT NULL,
      schedule_no INTEGER NOT NULL,
      PRIMARY KEY (upstream, schedule_no)
    ) WITHOUT ROWID`,
    "CREATE INDEX dependency_by_schedule ON dependency (schedule_no)",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
