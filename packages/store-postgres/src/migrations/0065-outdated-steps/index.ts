import { type Kysely, sql } from "kysely";
import { PLAIN_STEPS, planFunction } from "../0032-shortcuts/plan-function.js";

/**
 * Has the plan of plain steps tell which of those that it did not make are outdated.
 *
 * @param s - the schema, quoted
 */
export function outdatedSteps(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  return {
    up: async (db) => {
      // A function that answers with more is another one to Postgres.
      const former = `DROP FUNCTION ${s}.plan_plain(text, bigint, bigint, ${PLAIN_STEPS})`;
      for (const statement of [former, planFunction(s)]) await sql.raw(statement).execute(db);
    },
  };
}
