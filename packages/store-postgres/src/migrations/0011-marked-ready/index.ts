import { type Kysely, sql } from "kysely";

/** Adds the mark, as JSON, by which a person opened a run's gates by hand. */
export function markedReady(schema: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const column = `ALTER TABLE ${schema}.run ADD COLUMN marked_ready text`;
  return { up: async (db) => void (await sql.raw(column).execute(db)) };
}
