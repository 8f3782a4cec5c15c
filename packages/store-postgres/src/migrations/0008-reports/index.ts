import { type Kysely, sql } from "kysely";
import { reportFunctions } from "./report-functions.js";

/**
 * Adds a column for reports of source groups, and functions that write them and digest what has succeeded.
 *
 * @param s - the schema, quoted
 */
export function reports(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const statements = [`ALTER TABLE ${s}.run ADD COLUMN report text`, ...reportFunctions(s)];
  return {
    up: async (db) => {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}
