import { PLPGSQL } from "./language.js";
import { isThere, NEW_RUN } from "./plan-functions.js";

/**
 * Functions that plan steps of backfills.
 *
 * @param s - the schema, quoted
 */
export const backfillFunctions = (s: string): string[] => [
  // Moves a backfill's cursor and inserts its next runs, if everything is as expected.
  `CREATE OR REPLACE FUNCTION ${s}.plan_backfill(step json, runs json) RETURNS boolean ${PLPGSQL} AS $$
  DECLARE
    c record;
    is_taken boolean;
    added json;
  BEGIN
    SELECT * INTO c FROM json_to_record(step) AS x (id text, cursor bigint, "newCursor" bigint, state text,
      reason text, "updatedAt" bigint);
    PERFORM FROM ${s}.schedule_state WHERE group_id = (SELECT group_id FROM ${s}.backfill WHERE id = c.id)
      FOR NO KEY UPDATE;
    PERFORM FROM ${s}.backfill WHERE id = c.id AND state = 'RUNNING' AND cursor = c.cursor FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN false; END IF;
    WITH wanted AS MATERIALIZED (SELECT * FROM json_to_recordset(runs) AS x (${NEW_RUN}))
      SELECT count(DISTINCT w.id) < count(*)
          OR count(DISTINCT (w."groupId", w.lower, w.generation, w.upper)) < count(*)
          OR bool_or(${isThere(s)}
            OR NOT ${s}.may_run_beside(w."groupId", w.lower, w.upper, w.id)
            OR EXISTS (SELECT FROM wanted o WHERE o.id <> w.id AND o.lower < w.upper AND o.upper > w.lower))
        INTO is_taken FROM wanted w;
    IF is_taken THEN RETURN false; END IF;
    FOR added IN SELECT value FROM json_array_elements(runs) LOOP
      PERFORM ${s}.insert_beside(added);
    END LOOP;
    UPDATE ${s}.backfill SET cursor = c."newCursor", state = c.state, reason = c.reason, updated_at = c."updatedAt",
        planned_runs = planned_runs + json_array_length(runs), open_runs = open_runs + json_array_length(runs)
      WHERE id = c.id;
    RETURN true;
  END $$`,
];
