import { type Kysely, sql } from "kysely";

/** Runs that were cancelled since positions of them were lost have a reason of their own, and are found like the others. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    "DROP INDEX run_uncovered",
    `CREATE INDEX run_to_cover ON run (group_no, lower, generation, upper)
      WHERE reason IN ('overlap-cancelled', 'source-expired') AND NOT is_superseded`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
