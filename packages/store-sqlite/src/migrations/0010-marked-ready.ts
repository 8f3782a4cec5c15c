import { type Kysely, sql } from "kysely";

/** Adds the mark, as JSON, by which a person opened a run's gates by hand. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw("ALTER TABLE run ADD COLUMN marked_ready TEXT").execute(db);
}
