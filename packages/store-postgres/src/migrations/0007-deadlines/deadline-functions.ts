import { PLPGSQL } from "../0002-places/language.js";

/**
 * Functions that write deadlines.
 *
 * @param s - the schema, quoted
 */
export const deadlineFunctions = (s: string): string[] => [
  // Begins or continues the watch of a schedule that was registered or changed, if it is watched.
  `CREATE FUNCTION ${s}.watch_schedule(change json) RETURNS void ${PLPGSQL} AS $$
  DECLARE
    c record;
  BEGIN
    SELECT * INTO c FROM json_to_record(change)
      AS x ("groupId" text, "isWatched" boolean, "isNew" boolean, at bigint);
    INSERT INTO ${s}.deadline_watch AS w (group_id, incarnation, since, cursor, excused_from, look_at, look)
      SELECT t.group_id, t.incarnation, c.at, NULL, NULL, 0, 1 FROM ${s}.schedule_state t
        WHERE t.group_id = c."groupId" AND (c."isWatched"
          OR EXISTS (SELECT FROM ${s}.deadline_watch k WHERE k.group_id = c."groupId"))
      ON CONFLICT (group_id) DO UPDATE SET look_at = 0, look = w.look + 1,
        incarnation = excluded.incarnation,
        since = CASE WHEN c."isNew" THEN excluded.since ELSE w.since END,
        cursor = CASE WHEN c."isNew" THEN NULL ELSE w.cursor END,
        excused_from = CASE WHEN c."isNew" THEN NULL ELSE w.excused_from END;
  END $$`,

  // Takes the answer of insert_schedules and returns it.
  `CREATE FUNCTION ${s}.watch_inserted(made integer[], added json) RETURNS integer[] ${PLPGSQL} AS $$
  BEGIN
    PERFORM ${s}.watch_schedule(value) FROM json_array_elements(added) WHERE (value->>'no')::integer = ANY (made);
    RETURN made;
  END $$`,

  // Takes the answer of change_schedules and returns it.
  `CREATE FUNCTION ${s}.watch_changed(answers boolean[], changes json) RETURNS boolean[] ${PLPGSQL} AS $$
  BEGIN
    PERFORM ${s}.watch_schedule(value) FROM json_array_elements(changes) WHERE answers[(value->>'no')::integer + 1];
    RETURN answers;
  END $$`,

  // Writes each judgement if its watch has not changed.
  `CREATE FUNCTION ${s}.judge_deadlines(judgements json) RETURNS boolean[] ${PLPGSQL} AS $$
  DECLARE
    j record;
    answers boolean[] := '{}';
  BEGIN
    PERFORM FROM ${s}.deadline_watch WHERE group_id IN (SELECT value->>'groupId' FROM json_array_elements(judgements))
      ORDER BY group_id FOR NO KEY UPDATE;
    FOR j IN SELECT * FROM json_to_recordset(judgements) AS x ("groupId" text, incarnation text, look integer,
        cursor bigint, "excusedFrom" bigint, "lookAt" bigint, records json) LOOP
      UPDATE ${s}.deadline_watch SET cursor = j.cursor, excused_from = j."excusedFrom", look_at = j."lookAt",
          look = look + 1
        WHERE group_id = j."groupId" AND incarnation = j.incarnation AND look = j.look;
      answers := answers || FOUND;
      CONTINUE WHEN NOT FOUND;
      INSERT INTO ${s}.deadline (group_id, subject, lower, upper, deadline_at, state, reason, since, met_at, told, tell_at)
        SELECT j."groupId", subject, lower, upper, "deadlineAt", state, reason, since, "metAt", 'PENDING', "tellAt"
          FROM json_to_recordset(j.records) AS x (subject text, lower bigint, upper bigint, "deadlineAt" bigint,
            state text, reason text, since bigint, "metAt" bigint, "tellAt" bigint)
        ON CONFLICT (group_id, subject, lower) DO UPDATE SET upper = excluded.upper,
          deadline_at = excluded.deadline_at, state = excluded.state, reason = excluded.reason,
          since = excluded.since, met_at = excluded.met_at, tell_at = excluded.tell_at;
    END LOOP;
    RETURN answers;
  END $$`,

  // Writes each note if its record has not changed.
  `CREATE FUNCTION ${s}.note_alerts(notes json) RETURNS boolean[] ${PLPGSQL} AS $$
  DECLARE
    n record;
    answers boolean[] := '{}';
  BEGIN
    FOR n IN SELECT * FROM json_to_recordset(notes) AS x ("groupId" text, subject text, lower bigint, state text,
        "wasTellAt" bigint, told text, "tellAt" bigint) LOOP
      UPDATE ${s}.deadline SET told = n.told, tell_at = n."tellAt"
        WHERE group_id = n."groupId" AND subject = n.subject AND lower = n.lower AND state = n.state
          AND tell_at IS NOT DISTINCT FROM n."wasTellAt";
      answers := answers || FOUND;
    END LOOP;
    RETURN answers;
  END $$`,
];
