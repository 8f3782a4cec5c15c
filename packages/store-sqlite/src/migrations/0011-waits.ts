import { type Kysely, sql } from "kysely";

/** Adds since when a group's planning waits for runs to end, so that the next process continues with it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw("ALTER TABLE schedule_state ADD COLUMN waits_since INTEGER").execute(db);
}
