import { PLPGSQL } from "./language.js";
import { GATING_NO, gatedSince, inItsQueues, isLagging, QUEUE_NO, queueInLane } from "./queues.js";

/**
 * The live lane's rules. Callers must hold the lock of the group's row in `schedule_state`.
 *
 * @param s - the schema, quoted
 */
export const laneFunctions = (s: string): string[] => [
  // Whether a gated run of the lane keeps its turn before the given position.
  `CREATE OR REPLACE FUNCTION ${s}.keeps_turn(the_group text, the_lower bigint, the_generation integer, the_upper bigint)
    RETURNS boolean ${PLPGSQL} AS $$
  BEGIN
    RETURN EXISTS (SELECT FROM ${s}.run g WHERE g.group_id = the_group AND g.place = 'gated' AND g.kind = 'SCHEDULED'
      AND g.gating <> ${GATING_NO.overtakable}
      AND (g.lower, g.generation, g.upper) < (the_lower, the_generation, the_upper));
  END $$`,

  // While nothing blocks, the oldest waiting runs get the free places and are ready from `at_time` on; those
  // that go through gates are gated, and take none.
  `CREATE OR REPLACE FUNCTION ${s}.admit(groups text[], at_time bigint) RETURNS void ${PLPGSQL} AS $$
  BEGIN
    LOOP
      WITH room AS MATERIALIZED (
        SELECT group_id, delay_ms, admitted_runs, gated_runs, least(waiting_runs, lane_width - admitted_runs) AS places
          FROM ${s}.schedule_state
          WHERE group_id = ANY (groups) AND blocking_runs = 0 AND waiting_runs > 0 AND admitted_runs < lane_width
      ), oldest AS MATERIALIZED (
        SELECT w.id, w.gating, ${queueInLane("w.token > 0", "first_value(w.lags) OVER fresh", "room.admitted_runs + row_number() OVER fresh")}
            AS queue,
            sum((w.gating = ${GATING_NO["in-turn"]})::int) OVER lane - (w.gating = ${GATING_NO["in-turn"]})::int AS turns_before,
            CASE WHEN room.gated_runs > 0 THEN ${s}.keeps_turn(room.group_id, w.lower, w.generation, w.upper) ELSE false END
              AS is_held_back
          FROM room CROSS JOIN LATERAL (
            SELECT r.id, r.token, r.lower, r.generation, r.upper, r.gating, ${isLagging("r", "at_time", "room.delay_ms")} AS lags
              FROM ${s}.run r WHERE r.group_id = room.group_id AND r.place = 'waiting' AND r.kind = 'SCHEDULED'
              ORDER BY r.lower, r.generation, r.upper LIMIT room.places
          ) w WINDOW lane AS (PARTITION BY room.group_id ORDER BY w.lower, w.generation, w.upper),
            fresh AS (PARTITION BY room.group_id, w.gating = 0 ORDER BY w.lower, w.generation, w.upper)
      ), admitted AS (
        UPDATE ${s}.run r SET wait = CASE o.gating WHEN 0 THEN NULL ELSE ${gatedSince("at_time")} END,
            place = CASE o.gating WHEN 0 THEN 'ready' ELSE 'gated' END,
            queue = CASE o.gating WHEN 0 THEN ${inItsQueues("o.queue", "r.")} ELSE r.queue END,
            ready_at = CASE o.gating WHEN 0 THEN at_time END,
            look_at = CASE o.gating WHEN 0 THEN r.look_at ELSE at_time END, look = r.look + (o.gating > 0)::int
          FROM oldest o WHERE r.id = o.id AND o.turns_before = 0 AND NOT o.is_held_back
          RETURNING r.group_id, r.place, r.gating
      ), counted AS (
        UPDATE ${s}.schedule_state t SET waiting_runs = t.waiting_runs - a.ready - a.gated,
            admitted_runs = t.admitted_runs + a.ready, gated_runs = t.gated_runs + a.gated
          FROM (SELECT group_id, count(*) FILTER (WHERE place = 'ready') AS ready,
              count(*) FILTER (WHERE place = 'gated') AS gated FROM admitted GROUP BY group_id) a
          WHERE t.group_id = a.group_id
      )
      -- What was overtaken takes no place, so there may be room for more.
      SELECT array_agg(DISTINCT group_id) INTO groups FROM admitted WHERE gating = ${GATING_NO.overtakable};
      EXIT WHEN groups IS NULL;
    END LOOP;
  END $$`,

  // Changes how many runs the lane admits. Planned runs give up their places; those that get one again are as
  // they were before.
  `CREATE OR REPLACE FUNCTION ${s}.resize_lane(the_group text, width integer, at_time bigint) RETURNS void ${PLPGSQL} AS $$
  DECLARE
    ready integer;
    places integer;
    moved record;
  BEGIN
    UPDATE ${s}.schedule_state SET lane_width = width WHERE group_id = the_group;
    -- A claim takes no lock of the group, so its runs are locked as well: those that it takes are active below.
    PERFORM FROM ${s}.run WHERE group_id = the_group AND place IN ('gated', 'ready') AND kind <> 'MANUAL'
      ORDER BY id FOR NO KEY UPDATE;
    SELECT count(*) INTO ready FROM ${s}.run WHERE group_id = the_group AND place = 'ready' AND kind = 'SCHEDULED';
    SELECT CASE WHEN blocking_runs > 0 THEN 0 ELSE greatest(0, width - (admitted_runs - ready)) END INTO places
      FROM ${s}.schedule_state WHERE group_id = the_group;
    WITH rivals AS (
      SELECT *, place = 'gated' OR place = 'waiting' AND gating > 0 AS is_held FROM ${s}.run
        WHERE group_id = the_group AND place IN ('waiting', 'gated', 'ready') AND kind = 'SCHEDULED'
    ), numbered AS MATERIALIZED (
      SELECT id, place, coalesce(sum((NOT is_held)::int) OVER before, 0) AS taken,
          coalesce(sum((is_held AND gating <> ${GATING_NO.overtakable})::int) OVER before, 0) AS turns
        FROM rivals WINDOW before AS (ORDER BY lower, generation, upper ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), moving AS (
      UPDATE ${s}.run r SET place = 'waiting', ready_at = NULL,
          wait = json_build_object('reason', 'lane', 'since', at_time)::text
        FROM numbered n WHERE r.id = n.id AND n.place <> 'waiting' AND (n.taken >= places OR n.turns > 0)
        RETURNING n.place AS was_at
    )
    SELECT count(*) FILTER (WHERE was_at = 'ready') AS ready, count(*) FILTER (WHERE was_at = 'gated') AS gated
      INTO moved FROM moving;
    UPDATE ${s}.schedule_state SET admitted_runs = admitted_runs - moved.ready, gated_runs = gated_runs - moved.gated,
        waiting_runs = waiting_runs + moved.ready + moved.gated
      WHERE group_id = the_group;
    -- Runs of backfills wait while the lane admits none.
    IF width = 0 THEN
      UPDATE ${s}.run SET place = 'waiting', ready_at = NULL,
          wait = json_build_object('reason', 'lane', 'since', at_time)::text
        WHERE group_id = the_group AND place IN ('gated', 'ready') AND kind = 'BACKFILL';
    ELSE
      UPDATE ${s}.run SET place = CASE gating WHEN 0 THEN 'ready' ELSE 'gated' END,
          queue = CASE WHEN gating > 0 THEN queue ELSE ${inItsQueues(`CASE WHEN token > 0 THEN ${QUEUE_NO.retry} ELSE ${QUEUE_NO.rest} END`)} END,
          ready_at = CASE gating WHEN 0 THEN at_time END,
          wait = CASE gating WHEN 0 THEN NULL ELSE ${gatedSince("at_time")} END,
          look_at = CASE gating WHEN 0 THEN look_at ELSE at_time END, look = look + (gating > 0)::int
        WHERE group_id = the_group AND place = 'waiting' AND kind = 'BACKFILL';
    END IF;
    PERFORM ${s}.admit(ARRAY[the_group], at_time);
  END $$`,

  // Returns the other runs that stand for any of a run's interval, or that nothing covers yet.
  `CREATE OR REPLACE FUNCTION ${s}.standing_for(the_group text, the_lower bigint, the_upper bigint, the_id text)
    RETURNS SETOF ${s}.run ${PLPGSQL} AS $$
  BEGIN
    RETURN QUERY SELECT * FROM ${s}.run r WHERE r.group_id = the_group AND r.lower < the_upper AND r.upper > the_lower
      AND r.lower >= the_lower - (SELECT longest_run_ms FROM ${s}.schedule_state WHERE group_id = the_group)
      AND r.lower < r.upper AND NOT r.is_superseded AND r.id <> the_id AND (r.state NOT IN ('SKIPPED', 'CANCELLED')
        OR r.state = 'CANCELLED' AND r.reason IN ('overlap-cancelled', 'source-expired'));
  END $$`,

  // Returns whether an interval may be run beside the live schedule: no run of its time is in progress or about
  // to be covered, only a re-run of an interval that itself stands may overlap others, and no snapshot has its rows.
  `CREATE OR REPLACE FUNCTION ${s}.may_run_beside(the_group text, the_lower bigint, the_upper bigint, the_id text)
    RETURNS boolean ${PLPGSQL} AS $$
  BEGIN
    RETURN NOT ${s}.is_behind(the_group, the_lower, the_id) AND (SELECT count(*) = 0
        OR bool_or((o.lower, o.upper) = (the_lower, the_upper)) AND NOT bool_or(o.state IN ('PLANNED', 'SUBMITTING', 'RUNNING', 'CANCELLED'))
      FROM ${s}.standing_for(the_group, the_lower, the_upper, the_id) o);
  END $$`,

  // Supersedes runs of a group, which then block no longer.
  `CREATE OR REPLACE FUNCTION ${s}.supersede_runs(the_group text, ids text[], at_time bigint) RETURNS void ${PLPGSQL} AS $$
  DECLARE
    unblocked integer;
  BEGIN
    WITH earlier AS (
      SELECT id, place = 'blocking' AS was_blocking FROM ${s}.run WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE
    ), done AS (
      UPDATE ${s}.run r SET is_superseded = true, is_blocking = false,
          place = CASE r.place WHEN 'blocking' THEN 'none' ELSE r.place END
        FROM earlier e WHERE r.id = e.id
        RETURNING e.was_blocking
    )
    SELECT count(*) FILTER (WHERE was_blocking) INTO unblocked FROM done;
    IF unblocked = 0 THEN RETURN; END IF;
    UPDATE ${s}.schedule_state SET blocking_runs = blocking_runs - unblocked WHERE group_id = the_group;
    PERFORM ${s}.admit(ARRAY[the_group], at_time);
  END $$`,

  // Supersedes earlier generations of an interval: all of them if the run has succeeded, those that ended
  // without success if it is planned.
  `CREATE OR REPLACE FUNCTION ${s}.supersede(the_group text, the_lower bigint, the_upper bigint, by_generation integer, which text,
      at_time bigint) RETURNS void ${PLPGSQL} AS $$
  BEGIN
    PERFORM ${s}.supersede_runs(the_group, ARRAY(SELECT id FROM ${s}.run
      WHERE group_id = the_group AND lower = the_lower AND upper = the_upper AND generation < by_generation
        AND NOT is_superseded AND (which = 'all' OR state IN ('FAILED', 'CANCELLED', 'SKIPPED'))), at_time);
  END $$`,
];
