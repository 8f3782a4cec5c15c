import { type Kysely, sql } from "kysely";
import { PLPGSQL } from "../0002-places/language.js";

/**
 * Has a change of a schedule that begins another reading of its source request the cancellation of active runs of the
 * ones before, in the same transaction.
 *
 * @param s - the schema, quoted
 */
export function endedReadings(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const statement = `CREATE OR REPLACE FUNCTION ${s}.offsets_changed(answers boolean[], groups json) RETURNS boolean[] ${PLPGSQL} AS $$
  BEGIN
    UPDATE ${s}.schedule_state t SET offsets = g.offsets
      FROM json_to_recordset(groups) AS g (no integer, "groupId" text, offsets text)
      WHERE t.group_id = g."groupId" AND answers[g.no + 1];
    WITH active AS MATERIALIZED (
      SELECT r.id FROM json_to_recordset(groups) AS g (no integer, "groupId" text, offsets text)
        JOIN ${s}.run r ON r.group_id = g."groupId"
        WHERE answers[g.no + 1] AND r.lease_until IS NOT NULL AND r.state IN ('SUBMITTING', 'RUNNING')
          AND (r.offsets::json ->> 'epoch')::integer < (g.offsets::json ->> 'epoch')::integer
        ORDER BY r.id FOR NO KEY UPDATE OF r
    )
    UPDATE ${s}.run r SET is_cancel_requested = true, reason = 'source-rebased' FROM active a WHERE r.id = a.id;
    RETURN answers;
  END $$`;
  return { up: async (db) => void (await sql.raw(statement).execute(db)) };
}
