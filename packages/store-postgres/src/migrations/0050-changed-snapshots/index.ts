import { type Kysely, sql } from "kysely";
import { PLPGSQL } from "../0002-places/language.js";

/**
 * Has changes of runs say more of a snapshot, such as from when on it is consistent.
 *
 * @param s - the schema, quoted
 */
export function changedSnapshots(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  return {
    up: async (db) => {
      // Takes the answer of `change_runs`, and returns it: changes of other runs do not pay for it.
      const statement = `CREATE FUNCTION ${s}.snapshots_changed(made integer[], changes json) RETURNS integer[] ${PLPGSQL} AS $$
        BEGIN
          UPDATE ${s}.run r SET snapshot = w.snapshot
            FROM json_to_recordset(changes) AS w (no integer, id text, snapshot text)
            WHERE r.id = w.id AND w.no = ANY (made) AND r.snapshot IS NOT NULL;
          RETURN made;
        END $$`;
      await sql.raw(statement).execute(db);
    },
  };
}
