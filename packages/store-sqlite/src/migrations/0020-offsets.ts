import { type Kysely, sql } from "kysely";

/** Adds the positions of runs, and how far the sources of groups are planned, as JSON; `NULL` where time is all. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ["run", "schedule_state"])
    await sql.raw(`ALTER TABLE ${table} ADD COLUMN offsets TEXT`).execute(db);
}
