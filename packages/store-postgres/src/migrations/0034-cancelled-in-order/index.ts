import { type Kysely, sql } from "kysely";
import { runFunctions } from "../0002-places/run-functions.js";

/**
 * Lets a run that is cancelled block its lane until a plan covers its interval.
 *
 * @param s - the schema, quoted
 */
export function cancelledInOrder(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  return {
    up: async (db) => {
      for (const statement of runFunctions(s)) await sql.raw(statement).execute(db);
    },
  };
}
