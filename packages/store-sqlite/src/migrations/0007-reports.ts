import { type Kysely, sql } from "kysely";

/** Adds a column for reports of source groups. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw("ALTER TABLE run ADD COLUMN report TEXT").execute(db);
}
