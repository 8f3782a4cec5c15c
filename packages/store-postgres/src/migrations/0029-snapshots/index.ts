import { type Kysely, sql } from "kysely";
import { PLPGSQL } from "../0002-places/language.js";

/**
 * Adds why a run reads everything up to its upper bound, as JSON; `NULL` for a run that reads its interval.
 *
 * @param s - the schema, quoted
 */
export function snapshots(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  return {
    up: async (db) => {
      const statements = [
        `ALTER TABLE ${s}.run ADD COLUMN snapshot text`,
        `CREATE INDEX run_snapshot ON ${s}.run (group_id, lower, generation, upper) WHERE snapshot IS NOT NULL`,
        // Takes the answer of a write that inserts runs, and returns it: writes without snapshots do not pay for them.
        `CREATE FUNCTION ${s}.snapshots_inserted(answer anyelement, runs json) RETURNS anyelement ${PLPGSQL} AS $$
        BEGIN
          UPDATE ${s}.run r SET snapshot = w.snapshot
            FROM json_to_recordset(runs) AS w (id text, snapshot text) WHERE r.id = w.id AND r.snapshot IS NULL;
          RETURN answer;
        END $$`,
      ];
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}
