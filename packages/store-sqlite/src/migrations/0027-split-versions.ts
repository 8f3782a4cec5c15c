import { type Kysely, sql } from "kysely";

/** Adds the version of a schedule whose job was split; NULL for a split of an earlier release: that of its run. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw("ALTER TABLE run_split ADD COLUMN schedule_version INTEGER").execute(db);
}
