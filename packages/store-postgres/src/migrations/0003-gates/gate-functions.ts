import { PLPGSQL } from "../0002-places/language.js";
import { inItsQueues, isLagging, QUEUE_NO, queueBeside, queueInLane } from "../0002-places/queues.js";

/**
 * Functions that settle gated runs.
 *
 * @param s - the schema, quoted
 */
export const gateFunctions = (s: string): string[] => [
  // Makes the gated runs due that these groups wake, and forgets those that wait for something else by now.
  `CREATE OR REPLACE FUNCTION ${s}.wake(groups text[]) RETURNS void ${PLPGSQL} AS $$
  BEGIN
    PERFORM FROM ${s}.run WHERE id = ANY (ARRAY(SELECT run_id FROM ${s}.gate_waker WHERE group_id = ANY (groups)))
      ORDER BY id FOR NO KEY UPDATE;
    DELETE FROM ${s}.gate_waker w WHERE w.group_id = ANY (groups) AND NOT EXISTS (
      SELECT FROM ${s}.run r CROSS JOIN LATERAL json_array_elements_text(r.wait::json->'wokenBy') e
        WHERE r.id = w.run_id AND r.place = 'gated' AND e.value = w.group_id);
    UPDATE ${s}.run r SET look_at = 0, look = r.look + 1
      WHERE r.place = 'gated' AND r.id = ANY (ARRAY(SELECT run_id FROM ${s}.gate_waker WHERE group_id = ANY (groups)));
  END $$`,

  // Makes a gated run ready, or has it wait for its lane if that has no place for it.
  `CREATE OR REPLACE FUNCTION ${s}.open_gates(r ${s}.run, at_time bigint) RETURNS void ${PLPGSQL} AS $$
  DECLARE
    t record;
    may_enter boolean;
  BEGIN
    SELECT * INTO t FROM ${s}.schedule_state WHERE group_id = r.group_id;
    may_enter := r.kind <> 'SCHEDULED' OR t.blocking_runs = 0 AND t.admitted_runs < t.lane_width
      AND NOT ${s}.keeps_turn(r.group_id, r.lower, r.generation, r.upper);
    UPDATE ${s}.run SET place = CASE WHEN may_enter THEN 'ready' ELSE 'waiting' END,
        queue = CASE WHEN NOT may_enter THEN r.queue ELSE ${inItsQueues(
          `CASE WHEN r.kind = 'SCHEDULED' THEN ${queueInLane("r.token > 0", isLagging("r", "at_time", "t.delay_ms"), "t.admitted_runs + 1")}
          WHEN r.token > 0 THEN ${QUEUE_NO.retry} ELSE ${queueBeside("r.kind")} END`,
          "r.",
        )} END,
        ready_at = CASE WHEN may_enter THEN at_time END,
        wait = CASE WHEN NOT may_enter THEN json_build_object('reason', 'lane', 'since', at_time)::text END
      WHERE id = r.id;
    IF r.kind <> 'SCHEDULED' THEN RETURN; END IF;
    UPDATE ${s}.schedule_state SET gated_runs = gated_runs - 1, admitted_runs = admitted_runs + may_enter::int,
        waiting_runs = waiting_runs + (NOT may_enter)::int
      WHERE group_id = r.group_id;
    PERFORM ${s}.admit(ARRAY[r.group_id], at_time);
  END $$`,

  settleGates(s, { mayFail: false }),
];

/**
 * The function that settles gated runs one after the other. The groups that wake one are locked as well: a run of
 * theirs that is ending has ended, or finds the waker; and so are those that one reads, which then have what was found.
 *
 * @param s - the schema, quoted
 * @param mayFail - whether a settlement may have a change that fails the run
 */
export const settleGates = (s: string, { mayFail }: { readonly mayFail: boolean }): string =>
  `CREATE OR REPLACE FUNCTION ${s}.settle_gates(settlements json) RETURNS boolean[] ${PLPGSQL} AS $$
  DECLARE
    one record;
    asked ${s}.run;
    is_settled boolean;
    answers boolean[] := '{}';
  BEGIN
    PERFORM FROM ${s}.schedule_state WHERE group_id = ANY (ARRAY(
      SELECT r.group_id FROM json_to_recordset(settlements) AS x (id text) JOIN ${s}.run r ON r.id = x.id
      UNION SELECT unnest(x."wokenBy") FROM json_to_recordset(settlements) AS x ("wokenBy" text[])
      UNION SELECT i."groupId" FROM json_to_recordset(settlements) AS x (inputs json)
        CROSS JOIN LATERAL json_to_recordset(x.inputs) AS i ("groupId" text)
      )) ORDER BY group_id FOR NO KEY UPDATE;
    PERFORM FROM ${s}.run WHERE id = ANY (ARRAY(SELECT x.id FROM json_to_recordset(settlements) AS x (id text)))
      ORDER BY id FOR NO KEY UPDATE;
    FOR one IN SELECT * FROM json_to_recordset(settlements) AS x (id text, look integer, "at" bigint, "isOpen" boolean,
        wait text, "lookAt" bigint, "wokenBy" text[], inputs json${mayFail ? ", change json" : ""}) LOOP
      SELECT * INTO asked FROM ${s}.run r WHERE r.id = one.id AND r.place = 'gated' AND r.look = one.look;
      is_settled := asked.id IS NOT NULL AND (one.inputs IS NULL OR ${s}.are_current(one.inputs));
      answers := answers || is_settled;
      CONTINUE WHEN NOT is_settled;
      IF one."isOpen" THEN
        IF one.inputs IS NOT NULL OR asked.inputs IS NOT NULL THEN
          PERFORM ${s}.set_inputs(one.id, coalesce(one.inputs, '[]'));
        END IF;
        PERFORM ${s}.open_gates(asked, one.at);
      ${mayFail ? `ELSIF one.change IS NOT NULL THEN PERFORM ${s}.change_wave(json_build_array(one.change));` : ""}
      ELSE
        UPDATE ${s}.run r SET wait = one.wait, look_at = one."lookAt", look = r.look + 1 WHERE r.id = one.id;
        INSERT INTO ${s}.gate_waker (group_id, run_id) SELECT unnest(one."wokenBy"), one.id ON CONFLICT DO NOTHING;
      END IF;
    END LOOP;
    RETURN answers;
  END $$`;
