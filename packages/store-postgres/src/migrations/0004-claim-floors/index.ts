import { type Kysely, sql } from "kysely";
import { claimFunction } from "./claim-function.js";

/** Adds the claim, which begins at a floor of each queue. */
export function claimFloors(schema: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  return { up: async (db) => void (await sql.raw(claimFunction(schema)).execute(db)) };
}
