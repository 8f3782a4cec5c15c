import { type Kysely, sql } from "kysely";
import { backfillFunctions } from "./backfill-functions.js";
import { laneFunctions } from "./lane-functions.js";
import { planFunctions } from "./plan-functions.js";
import { runFunctions } from "./run-functions.js";
import { scheduleFunctions } from "./schedule-functions.js";
import { tables } from "./tables.js";

/** Makes tables and functions in a schema. Later steps replace functions by new ones of other names: see the README. */
export function initial(schema: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const parts = [tables, laneFunctions, planFunctions, runFunctions, scheduleFunctions, backfillFunctions];
  return {
    up: async (db) => {
      for (const statement of parts.flatMap((part) => part(schema))) await sql.raw(statement).execute(db);
    },
  };
}
