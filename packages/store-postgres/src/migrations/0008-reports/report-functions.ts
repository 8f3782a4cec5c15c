import { PLPGSQL } from "../0002-places/language.js";
import { reaches } from "./reaches.js";

const NEW_REPORT = `id text, kind text, lower bigint, upper bigint, generation integer, intervals integer,
  "scheduledTime" bigint, state text, reason text, "scheduleVersion" integer, "backfillId" text, operator text,
  "plannedAt" bigint, report text`;

/**
 * Functions for reports of source groups.
 *
 * @param s - the schema, quoted
 */
export const reportFunctions = (s: string): string[] => [
  // Writes a report if its group is the source group that was read, and stands as it was read.
  `CREATE FUNCTION ${s}.report(the_group text, the_incarnation text, the_lower bigint, the_upper bigint,
      standing text[], supersedes text[], runs json) RETURNS boolean ${PLPGSQL} AS $$
  DECLARE
    found_ids text[];
  BEGIN
    PERFORM FROM ${s}.schedule_state WHERE group_id = the_group FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT FROM ${s}.schedule d WHERE d.group_id = the_group AND d.status = 'SOURCE'
        AND d.incarnation = the_incarnation) THEN
      RETURN false;
    END IF;
    found_ids := ARRAY(SELECT r.id FROM ${s}.run r WHERE ${reaches(s, "r")} AND NOT r.is_superseded);
    IF NOT (found_ids @> standing AND standing @> found_ids AND found_ids @> supersedes) THEN RETURN false; END IF;
    IF EXISTS (SELECT FROM json_to_recordset(runs) AS w (${NEW_REPORT}) JOIN ${s}.run r
        ON r.group_id = the_group AND r.lower = w.lower AND r.generation = w.generation AND r.upper = w.upper)
      OR EXISTS (SELECT FROM json_to_recordset(runs) AS w (${NEW_REPORT}) JOIN ${s}.run r ON r.id = w.id) THEN
      RETURN false;
    END IF;
    UPDATE ${s}.run SET is_superseded = true WHERE id = ANY (supersedes);
    INSERT INTO ${s}.run (group_id, lower, generation, upper, id, kind, intervals, scheduled_time, state, reason,
        schedule_version, backfill_id, operator, planned_at, ended_at, report)
      SELECT the_group, lower, generation, upper, id, kind, intervals, "scheduledTime", state, reason,
          "scheduleVersion", "backfillId", operator, "plannedAt", "plannedAt", report
        FROM json_to_recordset(runs) AS w (${NEW_REPORT});
    UPDATE ${s}.schedule_state t SET watermark = greatest(t.watermark, n.latest),
        longest_run_ms = greatest(t.longest_run_ms, n.longest), run_count = t.run_count + n.number
      FROM (SELECT max(w.upper) AS latest, max(w.upper - w.lower) AS longest, count(*) AS number
        FROM json_to_recordset(runs) AS w (${NEW_REPORT})) n
      WHERE t.group_id = the_group;
    UPDATE ${s}.schedule d SET origin = least(d.origin, (SELECT min(w.lower)
        FROM json_to_recordset(runs) AS w (${NEW_REPORT})))
      WHERE d.group_id = the_group;
    IF EXISTS (SELECT FROM ${s}.gate_waker) THEN PERFORM ${s}.wake(ARRAY[the_group]); END IF;
    PERFORM ${s}.mark_stale(the_group, w.lower, w.upper, w.generation > 0, w."plannedAt")
      FROM json_to_recordset(runs) AS w (${NEW_REPORT});
    RETURN true;
  END $$`,
];
