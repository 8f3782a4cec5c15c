import { type Kysely, sql } from "kysely";
import { backfillFunctions } from "../0002-places/backfill-functions.js";
import { laneFunctions } from "../0002-places/lane-functions.js";
import { planFunctions } from "../0002-places/plan-functions.js";
import { runFunctions } from "../0002-places/run-functions.js";
import { scheduleFunctions } from "../0002-places/schedule-functions.js";
import { columns } from "./columns.js";
import { gateFunctions } from "./gate-functions.js";

/** Adds gates, and replaces the functions that know of them. */
export function gates(schema: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const parts = [
    columns,
    laneFunctions,
    planFunctions,
    runFunctions,
    scheduleFunctions,
    backfillFunctions,
    gateFunctions,
  ];
  return {
    up: async (db) => {
      for (const statement of parts.flatMap((part) => part(schema))) await sql.raw(statement).execute(db);
    },
  };
}
