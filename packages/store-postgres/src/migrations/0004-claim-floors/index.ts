import { type Kysely, sql } from "kysely";
import { claimFunction } from "./claim-function.js";

/** Adds a claim that begins at a floor of each queue; the one without stays for releases that call it. */
export function claimFloors(schema: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  return { up: async (db) => void (await sql.raw(claimFunction(schema)).execute(db)) };
}
