import { PLPGSQL } from "../0002-places/language.js";
import { digestedInto } from "../0008-reports/input-functions.js";

/**
 * Functions for late data, and those that know of it.
 *
 * @param s - the schema, quoted
 */
export const lateFunctions = (s: string): string[] => [
  // `generationDigestOf` of core as SQL.
  `CREATE OR REPLACE FUNCTION ${s}.generation_digest(the_group text, the_lower bigint, the_upper bigint) RETURNS text
    LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
  DECLARE
    digested text;
    late bigint;
  BEGIN
    ${digestedInto(s)}
    SELECT sum(l.reports) INTO late FROM ${s}.late_time l
      WHERE l.group_id = the_group AND l.upper > the_lower AND l.lower < the_upper AND l.reported_by = the_group;
    RETURN left(encode(sha256(convert_to(concat_ws(chr(10),
      coalesce((SELECT t.incarnation FROM ${s}.schedule_state t WHERE t.group_id = the_group), ''), digested,
      'late:' || late), 'UTF8')), 'hex'), 16);
  END $$`,

  // Writes reports of late data. What a group reports of its own time makes those stale that have read it.
  `CREATE FUNCTION ${s}.report_late(reports json) RETURNS boolean[] ${PLPGSQL} AS $$
  DECLARE
    r record;
    answers boolean[] := '{}';
    is_known boolean;
  BEGIN
    PERFORM FROM ${s}.schedule_state WHERE group_id IN (SELECT value->>'groupId' FROM json_array_elements(reports))
      ORDER BY group_id FOR NO KEY UPDATE;
    FOR r IN SELECT * FROM json_to_recordset(reports) AS x ("groupId" text, lower bigint, upper bigint,
        "reportedBy" text, "runId" text, "rowsLate" bigint, at bigint) LOOP
      is_known := EXISTS (SELECT FROM ${s}.schedule WHERE group_id = r."groupId");
      answers := answers || is_known;
      CONTINUE WHEN NOT is_known;
      INSERT INTO ${s}.late_time AS l (group_id, upper, lower, reported_by, run_id, rows_late, reports, first_at,
          last_at, state, backfill_id)
        VALUES (r."groupId", r.upper, r.lower, r."reportedBy", r."runId", r."rowsLate", 1, r.at, r.at, 'PENDING', NULL)
        ON CONFLICT (group_id, upper, lower, reported_by) DO UPDATE SET run_id = excluded.run_id,
          rows_late = coalesce(l.rows_late + excluded.rows_late, l.rows_late, excluded.rows_late),
          reports = l.reports + 1, last_at = excluded.last_at, state = 'PENDING', backfill_id = NULL
          WHERE l.run_id <> excluded.run_id;
      IF FOUND AND r."reportedBy" = r."groupId" THEN
        PERFORM ${s}.mark_stale(r."groupId", r.lower, r.upper, true, r.at);
      END IF;
    END LOOP;
    RETURN answers;
  END $$`,

  // Settles reports that are pending and were not repeated.
  `CREATE FUNCTION ${s}.settle_late(settlements json) RETURNS boolean[] ${PLPGSQL} AS $$
  DECLARE
    x record;
    answers boolean[] := '{}';
  BEGIN
    FOR x IN SELECT * FROM json_to_recordset(settlements) AS x ("groupId" text, lower bigint, upper bigint,
        "reportedBy" text, reports integer, state text, "backfillId" text) LOOP
      UPDATE ${s}.late_time SET state = x.state, backfill_id = x."backfillId"
        WHERE group_id = x."groupId" AND upper = x.upper AND lower = x.lower AND reported_by = x."reportedBy"
          AND reports = x.reports AND late_time.state = 'PENDING';
      answers := answers || FOUND;
    END LOOP;
    RETURN answers;
  END $$`,

  // Writes each step of a group that looks back if its watch has not changed.
  `CREATE FUNCTION ${s}.move_lookbacks(moves json) RETURNS boolean[] ${PLPGSQL} AS $$
  DECLARE
    m record;
    answers boolean[] := '{}';
  BEGIN
    FOR m IN SELECT * FROM json_to_recordset(moves) AS x ("groupId" text, incarnation text, cursor bigint,
        "lookAt" bigint, look integer) LOOP
      UPDATE ${s}.lookback b SET cursor = m.cursor, look_at = m."lookAt", look = b.look + 1
        WHERE b.group_id = m."groupId" AND b.look = m.look
          AND EXISTS (SELECT FROM ${s}.schedule d WHERE d.group_id = m."groupId" AND d.incarnation = m.incarnation);
      answers := answers || FOUND;
    END LOOP;
    RETURN answers;
  END $$`,

  // Begins, continues or ends the watch of a schedule whose specification was written.
  `CREATE FUNCTION ${s}.watch_lookback() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF NEW.spec LIKE '%"lookback":{%' AND json_typeof(NEW.spec::json->'lookback') = 'object' THEN
      INSERT INTO ${s}.lookback AS b (group_id, cursor, look_at, look) VALUES (NEW.group_id, NEW.since, 0, 1)
        ON CONFLICT (group_id) DO UPDATE SET look_at = 0, look = b.look + 1;
    ELSE
      DELETE FROM ${s}.lookback WHERE group_id = NEW.group_id;
    END IF;
    RETURN NULL;
  END $$`,
];
