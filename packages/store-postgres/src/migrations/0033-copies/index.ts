import { type Kysely, sql } from "kysely";
import { laneFunctions } from "../0002-places/lane-functions.js";
import { runFunctions } from "../0002-places/run-functions.js";
import { copyFunctions } from "./copy-functions.js";

/**
 * Has plans, re-runs and retries be refused beside a snapshot, in the write that makes them.
 *
 * @param s - the schema, quoted
 */
export function copies(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const parts = [copyFunctions, laneFunctions, runFunctions];
  return {
    up: async (db) => {
      for (const statement of parts.flatMap((part) => part(s))) await sql.raw(statement).execute(db);
    },
  };
}
