import { LIVE_TOLERANCE_MS } from "@tidegate/core";
import { PLPGSQL } from "./language.js";
import { lockGroups } from "./lock-groups.js";
import { gatedSince, gatingNo, queueBeside, queueInLane } from "./queues.js";

/** The fields of a run as the planner creates it. */
export const NEW_RUN = `id text, "groupId" text, kind text, lower bigint, upper bigint,
  generation integer, intervals integer, "scheduledTime" bigint, state text, reason text, "scheduleVersion" integer,
  "backfillId" text, operator text, gating text, "plannedAt" bigint`;

/** The columns written from it, in this order; the others belong to runs that have begun. */
const NEW_RUN_COLUMNS = `group_id, lower, generation, upper, id, kind, intervals, scheduled_time, state, reason,
  schedule_version, backfill_id, operator, gating, place, queue, ready_at, wait, look_at, planned_at, ended_at`;

/**
 * Whether a run `w` exists already, by id or by interval and generation. Scalar subqueries use the indexes
 * whatever the planner assumes about the table's size; `EXISTS (…) OR EXISTS (…)` would scan the whole table
 * until it is analyzed.
 *
 * @param s - the schema, quoted
 */
export const isThere = (s: string): string =>
  `coalesce((SELECT true FROM ${s}.run r WHERE r.id = w.id LIMIT 1), (SELECT true FROM ${s}.run r
    WHERE r.group_id = w."groupId" AND r.lower = w.lower AND r.generation = w.generation AND r.upper = w.upper LIMIT 1), false)`;

/**
 * The heart: moves watermarks and inserts the runs that tile what they passed.
 *
 * @param s - the schema, quoted
 */
export const planFunctions = (s: string): string[] => [
  // `maySupersede` of core as SQL, for all of these ids. The group is locked, so ended runs stay as they are.
  `CREATE OR REPLACE FUNCTION ${s}.may_supersede(the_group text, ids text[], runs json) RETURNS boolean ${PLPGSQL} AS $$
  BEGIN
    RETURN (SELECT count(*) = cardinality(ids) FROM ${s}.run r
      WHERE r.id = ANY (ids) AND r.group_id = the_group AND NOT r.is_superseded
        AND r.state IN ('FAILED', 'CANCELLED', 'SKIPPED')
        AND (SELECT sum(least(w.upper, r.upper) - greatest(w.lower, r.lower)) = r.upper - r.lower
          FROM json_to_recordset(runs) AS w (lower bigint, upper bigint)
          WHERE w.lower <= r.upper AND w.upper >= r.lower));
  END $$`,

  // Plans steps of different groups. Returns those that were made.
  `CREATE OR REPLACE FUNCTION ${s}.plan_wave(steps json) RETURNS integer[] ${PLPGSQL} AS $$
  DECLARE
    made integer[];
    skipped text[];
    held text[];
    at_time bigint;
    covering json;
    one record;
  BEGIN
    ${lockGroups(s, "steps")}
    WITH good AS MATERIALIZED (
      SELECT c.*, t.delay_ms, t.admitted_runs, t.gated_runs, CASE WHEN t.waiting_runs > 0 OR t.blocking_runs > 0
            OR t.gated_runs > 0 AND ${s}.keeps_turn(t.group_id, ${Number.MAX_SAFE_INTEGER}, 0, 0) THEN 0
          ELSE t.lane_width - t.admitted_runs END AS places
        FROM json_to_recordset(steps) AS c (step integer, "groupId" text, version integer, watermark bigint,
          "newWatermark" bigint, "nextFireAt" bigint, "plannedAt" bigint, runs json, "whilePaused" boolean,
          incarnation text, supersedes text[])
        JOIN ${s}.schedule_state t ON t.group_id = c."groupId"
        WHERE t.version = c.version AND t.watermark = c.watermark AND t.incarnation = c.incarnation
          AND (c.supersedes IS NULL OR ${s}.may_supersede(c."groupId", c.supersedes, c.runs))
          AND CASE WHEN c."whilePaused" THEN EXISTS (
            SELECT FROM ${s}.schedule d WHERE d.group_id = c."groupId" AND d.status = 'PAUSED') ELSE t.is_planning END
          AND NOT EXISTS (
          SELECT FROM json_to_recordset(c.runs) AS w (${NEW_RUN}) WHERE ${isThere(s)})
    ), numbered AS (
      SELECT g.step, g.places, g.admitted_runs, g."plannedAt" AS admitted_at, w.*,
          ${gatingNo("w.gating")} AS gating_no,
          sum((${gatingNo("w.gating")} = 0)::int) OVER lane AS place_no,
          sum((w.gating IS NOT DISTINCT FROM 'in-turn')::int) OVER lane
            - (w.gating IS NOT DISTINCT FROM 'in-turn')::int AS turns_before,
          first_value(g."plannedAt" - w."scheduledTime" - g.delay_ms
            > (w.upper - w.lower) / w.intervals + ${LIVE_TOLERANCE_MS}) OVER fresh AS lags
        FROM good g CROSS JOIN LATERAL json_to_recordset(g.runs) AS w (${NEW_RUN})
        WINDOW lane AS (PARTITION BY g.step, w.state ORDER BY w.lower, w.generation, w.upper),
          fresh AS (PARTITION BY g.step, w.state, ${gatingNo("w.gating")} = 0 ORDER BY w.lower, w.generation, w.upper)
    ), placed AS MATERIALIZED (
      SELECT *, CASE WHEN state <> 'PLANNED' THEN 'none'
          WHEN kind = 'SCHEDULED' AND (turns_before > 0 OR place_no + (gating_no > 0)::int > places) THEN 'waiting'
          WHEN gating_no = 0 THEN 'ready' ELSE 'gated' END AS place
        FROM numbered
    ), inserted AS (
      INSERT INTO ${s}.run (${NEW_RUN_COLUMNS})
        SELECT "groupId", lower, generation, upper, id, kind, intervals, "scheduledTime", state, reason,
          "scheduleVersion", "backfillId", operator, gating_no, place,
          CASE WHEN place <> 'ready' AND (place <> 'gated' OR kind = 'SCHEDULED') THEN 0 WHEN kind <> 'SCHEDULED' THEN ${queueBeside("kind")}
            ELSE ${queueInLane("false", "lags", "admitted_runs + place_no")} END,
          CASE WHEN place = 'ready' THEN admitted_at END,
          CASE place WHEN 'waiting' THEN json_build_object('reason', 'lane', 'since', "plannedAt")::text
            WHEN 'gated' THEN ${gatedSince("admitted_at")} END,
          CASE WHEN place = 'gated' THEN admitted_at END, "plannedAt", CASE WHEN place = 'none' THEN "plannedAt" END
        FROM placed
    ), counted AS (
      UPDATE ${s}.schedule_state t SET watermark = n.watermark, next_fire_at = n.next_fire_at,
          admitted_runs = t.admitted_runs + n.admitted, waiting_runs = t.waiting_runs + n.waiting,
          gated_runs = t.gated_runs + n.gated,
          longest_run_ms = greatest(t.longest_run_ms, n.longest), run_count = t.run_count + n.runs
        FROM (
          SELECT "groupId", max(watermark) AS watermark, max(next_fire_at) AS next_fire_at,
              count(*) FILTER (WHERE place = 'ready') AS admitted,
              count(*) FILTER (WHERE place = 'waiting') AS waiting,
              count(*) FILTER (WHERE place = 'gated') AS gated, max(upper - lower) AS longest,
              count(lower) AS runs
            FROM (
              SELECT "groupId", "newWatermark" AS watermark, "nextFireAt" AS next_fire_at, NULL AS place,
                NULL::bigint AS lower, NULL::bigint AS upper FROM good
              UNION ALL SELECT "groupId", NULL, NULL, CASE WHEN kind = 'SCHEDULED' THEN place END, lower, upper
                FROM placed
            ) parts GROUP BY "groupId"
        ) n WHERE t.group_id = n."groupId"
    )
    SELECT (SELECT array_agg(DISTINCT "groupId") FROM placed WHERE place = 'none'),
        array_agg("groupId") FILTER (WHERE gated_runs > 0), max("plannedAt"), array_agg(step), json_agg(json_build_object('g', "groupId", 'ids', supersedes, 'at', "plannedAt"))
        FILTER (WHERE supersedes IS NOT NULL)
      INTO skipped, held, at_time, made, covering FROM good;
    IF covering IS NOT NULL THEN
      FOR one IN SELECT * FROM json_to_recordset(covering) AS x (g text, ids text[], "at" bigint) LOOP
        PERFORM ${s}.supersede_runs(one.g, one.ids, one.at);
      END LOOP;
    END IF;
    -- A run of an earlier interval need not wait behind one that keeps its turn.
    IF held IS NOT NULL THEN PERFORM ${s}.admit(held, at_time); END IF;
    IF skipped IS NOT NULL AND EXISTS (SELECT FROM ${s}.gate_waker) THEN PERFORM ${s}.wake(skipped); END IF;
    RETURN coalesce(made, '{}');
  END $$`,

  // Plans waves one after the other: steps of one group are decided in their order.
  `CREATE OR REPLACE FUNCTION ${s}.plan(waves json) RETURNS integer[] ${PLPGSQL} AS $$
  DECLARE
    wave json;
    made integer[] := '{}';
  BEGIN
    FOR wave IN SELECT value FROM json_array_elements(waves) LOOP
      made := made || ${s}.plan_wave(wave);
    END LOOP;
    RETURN made;
  END $$`,

  // Inserts a run beside the lane; it supersedes what has not succeeded of its interval.
  `CREATE OR REPLACE FUNCTION ${s}.insert_beside(new_run json) RETURNS boolean ${PLPGSQL} AS $$
  DECLARE
    added record;
    new_place text;
    width integer;
  BEGIN
    SELECT * INTO added FROM json_to_record(new_run) AS x (${NEW_RUN});
    SELECT lane_width INTO width FROM ${s}.schedule_state WHERE group_id = added."groupId";
    IF NOT FOUND THEN RETURN false; END IF;
    new_place := CASE WHEN added.state <> 'PLANNED' THEN 'none' WHEN added.kind = 'BACKFILL' AND width = 0 THEN 'waiting'
      WHEN ${gatingNo("added.gating")} = 0 THEN 'ready' ELSE 'gated' END;
    INSERT INTO ${s}.run (${NEW_RUN_COLUMNS})
      VALUES (added."groupId", added.lower, added.generation, added.upper, added.id, added.kind, added.intervals,
        added."scheduledTime", added.state, added.reason, added."scheduleVersion", added."backfillId", added.operator,
        ${gatingNo("added.gating")}, new_place, ${queueBeside("added.kind")},
        CASE WHEN new_place = 'ready' THEN added."plannedAt" END,
        CASE new_place WHEN 'gated' THEN ${gatedSince('added."plannedAt"')}
          WHEN 'waiting' THEN json_build_object('reason', 'lane', 'since', added."plannedAt")::text END,
        CASE WHEN new_place = 'gated' THEN added."plannedAt" END, added."plannedAt",
        CASE WHEN added.state <> 'PLANNED' THEN added."plannedAt" END)
      ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE ${s}.schedule_state SET longest_run_ms = greatest(longest_run_ms, added.upper - added.lower), run_count = run_count + 1
      WHERE group_id = added."groupId";
    IF added.generation > 0 THEN
      PERFORM ${s}.supersede(added."groupId", added.lower, added.upper, added.generation, 'unsuccessful',
        added."plannedAt");
    END IF;
    RETURN true;
  END $$`,

  `CREATE OR REPLACE FUNCTION ${s}.insert_runs(runs json, is_exclusive boolean) RETURNS boolean[] ${PLPGSQL} AS $$
  DECLARE
    added json;
    answers boolean[] := '{}';
  BEGIN
    ${lockGroups(s, "runs")}
    FOR added IN SELECT value FROM json_array_elements(runs) LOOP
      answers := answers || ((NOT is_exclusive OR ${s}.may_run_beside(added->>'groupId', (added->>'lower')::bigint,
        (added->>'upper')::bigint, added->>'id')) AND ${s}.insert_beside(added));
    END LOOP;
    RETURN answers;
  END $$`,
];
