import { type Kysely, sql } from "kysely";
import { laneFunctions } from "../0002-places/lane-functions.js";
import { runFunctions } from "../0002-places/run-functions.js";
import { scheduleFunctions } from "../0002-places/schedule-functions.js";
import { gateFunctions } from "../0003-gates/gate-functions.js";
import { columns } from "./columns.js";
import { poolFunctions } from "./pool-functions.js";

/** Adds pools, and replaces the functions that keep the queues of their runs. */
export function pools(schema: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const parts = [columns, poolFunctions, laneFunctions, runFunctions, scheduleFunctions, gateFunctions];
  return {
    up: async (db) => {
      for (const statement of parts.flatMap((part) => part(schema))) await sql.raw(statement).execute(db);
    },
  };
}
