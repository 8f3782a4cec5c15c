import { type Kysely, sql } from "kysely";

/** Adds a table of the seals that persons have set; groups that were never sealed have no row in it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `CREATE TABLE seal (
        group_no INTEGER PRIMARY KEY,
        through INTEGER NOT NULL,
        note TEXT NOT NULL,
        sealed_at INTEGER NOT NULL
      )`,
    )
    .execute(db);
}
