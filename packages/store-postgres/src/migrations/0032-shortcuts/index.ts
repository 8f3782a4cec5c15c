import { type Kysely, sql } from "kysely";
import { endFunction } from "./end-function.js";
import { planAndClaimFunction } from "./plan-and-claim-function.js";

/** Adds the functions for the usual life of a run: planned and claimed at once, and ended. */
export function shortcuts(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  return {
    up: async (db) => {
      for (const statement of [planAndClaimFunction(s), endFunction(s)]) await sql.raw(statement).execute(db);
    },
  };
}
