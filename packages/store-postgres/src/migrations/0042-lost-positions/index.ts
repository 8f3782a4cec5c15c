import { type Kysely, sql } from "kysely";
import { laneFunctions } from "../0002-places/lane-functions.js";

/**
 * Runs that were cancelled since positions of them were lost have a reason of their own, and are found like the others.
 *
 * @param s - the schema, quoted
 */
export function lostPositions(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  return {
    up: async (db) => {
      const statements = [
        ...laneFunctions(s),
        `DROP INDEX ${s}.run_uncovered`,
        `CREATE INDEX run_to_cover ON ${s}.run (group_id, lower, generation, upper)
          WHERE reason IN ('overlap-cancelled', 'source-expired') AND NOT is_superseded`,
      ];
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}
