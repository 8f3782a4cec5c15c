import { type Kysely, sql } from "kysely";
import { settleGates } from "../0003-gates/gate-functions.js";

/**
 * Has gates fail a run in the write that settles them.
 *
 * @param s - the schema, quoted
 */
export function gateFailures(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  return { up: async (db) => void (await sql.raw(settleGates(s, { mayFail: true })).execute(db)) };
}
