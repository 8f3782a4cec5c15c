import { type Kysely, sql } from "kysely";
import { offsetFunctions } from "./offset-functions.js";

/**
 * Adds the positions of runs, and how far the sources of groups are planned, as JSON; `NULL` where time is all.
 *
 * @param s - the schema, quoted
 */
export function offsets(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const columns = ["run", "schedule_state"].map(
    (table) => `ALTER TABLE ${s}.${table} ADD COLUMN offsets text`,
  );
  return {
    up: async (db) => {
      for (const statement of [...columns, ...offsetFunctions(s)]) await sql.raw(statement).execute(db);
    },
  };
}
