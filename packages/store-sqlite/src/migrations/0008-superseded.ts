import { type Kysely, sql } from "kysely";

/** Adds an index of superseded runs, which the audit reads beside the coverage. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw("CREATE INDEX run_superseded ON run (group_no, lower, generation, upper) WHERE is_superseded")
    .execute(db);
}
