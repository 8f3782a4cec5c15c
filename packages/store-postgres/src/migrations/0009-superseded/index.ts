import { type Kysely, sql } from "kysely";

/** Adds an index of superseded runs, which the audit reads beside the coverage. */
export function superseded(schema: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const index = `CREATE INDEX run_superseded ON ${schema}.run (group_id, lower, generation, upper) WHERE is_superseded`;
  return { up: async (db) => void (await sql.raw(index).execute(db)) };
}
