import { type Kysely, sql } from "kysely";
import { backfillFunctions } from "./backfill-functions.js";
import { columns } from "./columns.js";
import { laneFunctions } from "./lane-functions.js";
import { planFunctions } from "./plan-functions.js";
import { runFunctions } from "./run-functions.js";
import { scheduleFunctions } from "./schedule-functions.js";

/** Adds the current columns of runs, and creates all functions in a schema. */
export function places(schema: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const parts = [columns, laneFunctions, planFunctions, runFunctions, scheduleFunctions, backfillFunctions];
  return {
    up: async (db) => {
      for (const statement of parts.flatMap((part) => part(schema))) await sql.raw(statement).execute(db);
    },
  };
}
