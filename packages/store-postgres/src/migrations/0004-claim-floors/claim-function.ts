import { CLAIM_QUEUES, LIVE_TURN, REST_TURN, CLAIM_ROUND as ROUND } from "@tidegate/core/store";
import { PLPGSQL } from "../0002-places/language.js";
import { QUEUE_NO } from "../0002-places/queues.js";

/** `turnsOf` of core as SQL. */
const turnsOf = (which: number): string =>
  `(first_turn + room + ${ROUND - 1 - which}) / ${ROUND} - (first_turn + ${ROUND - 1 - which}) / ${ROUND}`;

/** How many entries of the indexes of claims this transaction has read, those of dead rows included. */
const entriesRead = (s: string): string => {
  const oid = (index: string): string => `'${`${s}.${index}`.replaceAll("'", "''")}'::regclass`;
  return `pg_stat_get_xact_tuples_returned(${oid("run_ready")}) + pg_stat_get_xact_tuples_returned(${oid("run_held")})`;
};

/** The floor of a queue of an operator. */
const FLOOR = `floors[(one - 1) * ${CLAIM_QUEUES.length} + step.queue + 1]`;

/**
 * The function that claims runs: those of dead owners first, then ready ones: `takeFairly` of core as SQL. It
 * skips rows that another manager is claiming.
 *
 * While a snapshot is open (a dump, an idle transaction), the indexes keep an entry of every run that was
 * ready since, at their lower end. So the scans begin at floors: `floors` has one for each operator and, in
 * it, each queue; `lease_floor` is that of leases. The last row has no run; its `due_at` is how many entries
 * were read.
 *
 * A queue that has more than one turn is not read twice: its floor rises to where its last turn ended. No scan is one
 * of bitmaps, which would read all entries above the floor, however few runs there is room for.
 *
 * @param s - the schema, quoted
 */
export const claimFunction = (s: string): string =>
  `CREATE OR REPLACE FUNCTION ${s}.claim(by_owner text, of_operators text[], at_time bigint, until bigint, at_most integer,
      first_turn bigint, floors bigint[], lease_floor bigint)
    RETURNS TABLE (was text, of_queue smallint, due_at bigint, claimed ${s}.run)
    ${PLPGSQL} SET enable_bitmapscan = off AS $$
  DECLARE
    room bigint;
    found_rows integer;
    step record;
    step_room bigint;
    taken record;
    read_before bigint := ${entriesRead(s)};
  BEGIN
    RETURN QUERY WITH lapsed AS MATERIALIZED (
      SELECT r.id, r.state, r.lease_until FROM ${s}.run r
        WHERE r.lease_until >= lease_floor AND r.lease_until <= at_time AND r.operator = ANY (of_operators)
        ORDER BY r.lease_until, r.id LIMIT at_most FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE ${s}.run r SET token = r.token + 1, owner = by_owner, lease_until = until, is_job_open = true
      FROM lapsed d WHERE r.id = d.id
      RETURNING d.state, NULL::smallint, d.lease_until, r;
    GET DIAGNOSTICS found_rows = ROW_COUNT;
    room := at_most - found_rows;
    FOR step IN SELECT * FROM (VALUES
        (${QUEUE_NO.rest}::smallint, ${turnsOf(REST_TURN)}),
        (${QUEUE_NO.live}::smallint, ${turnsOf(LIVE_TURN)}),
        (${QUEUE_NO.retry}::smallint, room), (${QUEUE_NO.live}::smallint, room), (${QUEUE_NO.rest}::smallint, room)
      ) AS v (queue, turns) LOOP
      step_room := least(step.turns, room);
      FOR one IN 1 .. coalesce(array_length(of_operators, 1), 0) LOOP
        EXIT WHEN step_room <= 0;
        found_rows := 0;
        FOR taken IN WITH due AS MATERIALIZED (
          SELECT r.id, r.ready_at FROM ${s}.run r
            WHERE r.place = 'ready' AND r.operator = of_operators[one] AND r.queue = step.queue
              AND r.ready_at >= ${FLOOR}
              AND r.ready_at <= CASE step.queue WHEN ${QUEUE_NO.retry} THEN at_time ELSE ${Number.MAX_SAFE_INTEGER} END
            ORDER BY r.ready_at, r.id LIMIT step_room FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE ${s}.run r SET state = 'SUBMITTING', place = 'active', attempt = r.attempt + 1, submitted_at = at_time,
            token = r.token + 1, owner = by_owner, ready_at = NULL, lease_until = until, wait = NULL, is_job_open = true
          FROM due d WHERE r.id = d.id
          RETURNING r.queue, d.ready_at, r AS run LOOP
          was := 'PLANNED';
          of_queue := taken.queue;
          due_at := taken.ready_at;
          claimed := taken.run;
          RETURN NEXT;
          found_rows := found_rows + 1;
        END LOOP;
        ${FLOOR} := CASE WHEN found_rows < step_room THEN ${Number.MAX_SAFE_INTEGER} ELSE due_at END;
        step_room := step_room - found_rows;
        room := room - found_rows;
      END LOOP;
    END LOOP;
    RETURN QUERY SELECT NULL::text, NULL::smallint, ${entriesRead(s)} - read_before, NULL::${s}.run;
  END $$`;
