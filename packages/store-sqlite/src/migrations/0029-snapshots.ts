import { type Kysely, sql } from "kysely";

/** Adds why a run reads everything up to its upper bound, as JSON; `NULL` for a run that reads its interval. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw("ALTER TABLE run ADD COLUMN snapshot TEXT").execute(db);
  await sql
    .raw("CREATE INDEX run_snapshot ON run (group_no, lower, generation, upper) WHERE snapshot IS NOT NULL")
    .execute(db);
}
