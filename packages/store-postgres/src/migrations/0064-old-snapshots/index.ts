import { type Kysely, sql } from "kysely";
import { claimFunction } from "../0004-claim-floors/claim-function.js";
import { hasPooledFunction } from "../0006-pools/pool-functions.js";

/**
 * Has claims read no index entry twice, and none that others than ready runs have left, while a snapshot is open.
 *
 * @param s - the schema, quoted
 */
export function oldSnapshots(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  return {
    up: async (db) => {
      for (const statement of [claimFunction(s), hasPooledFunction(s)]) await sql.raw(statement).execute(db);
    },
  };
}
