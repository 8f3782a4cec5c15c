import { type Kysely, sql } from "kysely";
import { reviveFunction } from "../0002-places/schedule-functions.js";
import { sealFunctions } from "./seal-functions.js";

/**
 * Has a seal and writes of its time exclude each other. Managers of earlier releases go on: what they write takes no notice
 * of a seal that comes at the same moment, as before.
 *
 * @param s - the schema, quoted
 */
export function sealsExclude(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  return {
    up: async (db) => {
      for (const statement of [...sealFunctions(s), reviveFunction(s)]) await sql.raw(statement).execute(db);
    },
  };
}
