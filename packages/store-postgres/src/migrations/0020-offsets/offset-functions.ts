import { PLPGSQL } from "../0002-places/language.js";

/**
 * Functions that take the answer of a write, add positions to what it has written, and return it: writes without
 * positions do not pay for them.
 *
 * @param s - the schema, quoted
 */
export const offsetFunctions = (s: string): string[] => [
  // Takes the answer of plan_wave or plan_pooled. A run that has succeeded from the start may make others stale.
  `CREATE FUNCTION ${s}.offsets_planned(made integer[], runs json, groups json) RETURNS integer[] ${PLPGSQL} AS $$
  BEGIN
    UPDATE ${s}.run r SET offsets = w.offsets
      FROM json_to_recordset(runs) AS w (no integer, id text, offsets text) WHERE r.id = w.id AND w.no = ANY (made);
    UPDATE ${s}.schedule_state t SET offsets = g.offsets
      FROM json_to_recordset(groups) AS g (no integer, "groupId" text, offsets text)
      WHERE t.group_id = g."groupId" AND g.no = ANY (made);
    PERFORM ${s}.mark_stale(w."groupId", w.lower, w.upper, w.generation > 0, w."plannedAt")
      FROM json_to_recordset(runs) AS w (no integer, "groupId" text, lower bigint, upper bigint, generation integer,
        "plannedAt" bigint, state text)
      WHERE w.state = 'SUCCEEDED' AND w.no = ANY (made);
    RETURN made;
  END $$`,

  // Takes the answer of a write that inserts runs beside the lane. A run that was there has its positions.
  `CREATE FUNCTION ${s}.offsets_inserted(answer anyelement, runs json) RETURNS anyelement ${PLPGSQL} AS $$
  BEGIN
    UPDATE ${s}.run r SET offsets = w.offsets
      FROM json_to_recordset(runs) AS w (id text, offsets text) WHERE r.id = w.id AND r.offsets IS NULL;
    RETURN answer;
  END $$`,

  // Takes the answer of insert_schedules.
  `CREATE FUNCTION ${s}.offsets_begun(made integer[], groups json) RETURNS integer[] ${PLPGSQL} AS $$
  BEGIN
    UPDATE ${s}.schedule_state t SET offsets = g.offsets
      FROM json_to_recordset(groups) AS g (no integer, "groupId" text, offsets text)
      WHERE t.group_id = g."groupId" AND g.no = ANY (made);
    RETURN made;
  END $$`,

  // Takes the answer of change_schedules.
  `CREATE FUNCTION ${s}.offsets_changed(answers boolean[], groups json) RETURNS boolean[] ${PLPGSQL} AS $$
  BEGIN
    UPDATE ${s}.schedule_state t SET offsets = g.offsets
      FROM json_to_recordset(groups) AS g (no integer, "groupId" text, offsets text)
      WHERE t.group_id = g."groupId" AND answers[g.no + 1];
    RETURN answers;
  END $$`,
];
