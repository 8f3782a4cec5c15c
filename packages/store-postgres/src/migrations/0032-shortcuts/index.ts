import { type Kysely, sql } from "kysely";
import { endFunction } from "./end-function.js";
import { planFunction } from "./plan-function.js";

/** Adds the functions for the usual life of a run: planned, perhaps claimed at once, and ended. */
export function shortcuts(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  return {
    up: async (db) => {
      for (const statement of [planFunction(s), endFunction(s)]) await sql.raw(statement).execute(db);
    },
  };
}
