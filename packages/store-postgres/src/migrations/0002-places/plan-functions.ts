import { LIVE_TOLERANCE_MS } from "@tidegate/core/store";
import { columnsOf } from "./arrays.js";
import { PLPGSQL } from "./language.js";
import { lockGroups, lockRows } from "./lock-groups.js";
import { gatedSince, gatingNo, queueBeside, queueInLane } from "./queues.js";

/** The fields of a run as the planner creates it. */
export const NEW_RUN = `id text, "groupId" text, kind text, lower bigint, upper bigint,
  generation integer, intervals integer, "scheduledTime" bigint, state text, reason text, "scheduleVersion" integer,
  "backfillId" text, operator text, gating text, "plannedAt" bigint`;

/** The fields of a plan's step; ids are joined by commas. */
const STEPS = columnsOf(
  `"groupId" text, version integer, watermark bigint, "newWatermark" bigint, "nextFireAt" bigint, "plannedAt" bigint,
    "whilePaused" boolean, incarnation text, supersedes text`,
  2,
);

/** The runs of all steps, each with the number of its step. */
const RUNS = columnsOf(`step integer, ${NEW_RUN}`, 2 + STEPS.names.length);

/** The fields of steps and runs that a plan reads. */
export const PLAN_COLUMNS = { steps: STEPS.names, runs: RUNS.names } as const;

/** The parameters of `plan_wave`, the same as its arguments in another function, and how many they are. */
export const PLAN_PARAMETERS = {
  types: `boolean, ${STEPS.parameters}, ${RUNS.parameters}`,
  passed: `$1, ${STEPS.passed}, ${RUNS.passed}`,
  count: 1 + STEPS.names.length + RUNS.names.length,
} as const;

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

  // Plans steps of different groups. Returns the numbers of those that were made, counted from 1. If a run exists
  // already, its step is not made if `is_wary`; else the statement fails, which hardly ever happens.
  `CREATE OR REPLACE FUNCTION ${s}.plan_wave(is_wary boolean, ${STEPS.parameters}, ${RUNS.parameters})
    RETURNS integer[] ${PLPGSQL} AS $$
  DECLARE
    group_of text[] := ${STEPS.of("groupId")};
    watermark_of bigint[] := ${STEPS.of("newWatermark")};
    fire_of bigint[] := ${STEPS.of("nextFireAt")};
    planned_of bigint[] := ${STEPS.of("plannedAt")};
    taken bigint[] := '{}';
    -- By the number of the step: arrays, since a join would compare each run with each step.
    places_of integer[];
    admitted_of integer[];
    delay_of bigint[];
    made integer[];
    skipped text[];
    held text[];
    at_time bigint;
    covering json;
    one record;
  BEGIN
    ${lockRows(s, "schedule_state", "group_of")}
    IF is_wary THEN taken := ARRAY(SELECT w.step FROM ${RUNS.rows("w")} WHERE ${isThere(s)}); END IF;
    SELECT array_agg(g.places ORDER BY g.step), array_agg(g.admitted_runs ORDER BY g.step),
        array_agg(g.delay_ms ORDER BY g.step), array_agg(g.step::integer) FILTER (WHERE g.places IS NOT NULL),
        array_agg(g.group_id) FILTER (WHERE g.places IS NOT NULL AND g.gated_runs > 0),
        max(g."plannedAt") FILTER (WHERE g.places IS NOT NULL),
        json_agg(json_build_object('g', g.group_id, 'ids', string_to_array(g.supersedes, ','), 'at', g."plannedAt"))
          FILTER (WHERE g.places IS NOT NULL AND g.supersedes IS NOT NULL)
      INTO places_of, admitted_of, delay_of, made, held, at_time, covering
      FROM (
        SELECT c.step, c."plannedAt", c.supersedes, t.group_id, t.admitted_runs, t.gated_runs, t.delay_ms,
            CASE WHEN t.version = c.version AND t.watermark = c.watermark AND t.incarnation = c.incarnation
              AND CASE WHEN c."whilePaused" THEN EXISTS (
                SELECT FROM ${s}.schedule d WHERE d.group_id = c."groupId" AND d.status = 'PAUSED') ELSE t.is_planning END
              AND c.step <> ALL (taken)
              AND (c.supersedes IS NULL OR ${s}.may_supersede(c."groupId", string_to_array(c.supersedes, ','), (
                SELECT json_agg(json_build_object('lower', w.lower, 'upper', w.upper))
                  FROM ${RUNS.rows("w", { only: ["step", "lower", "upper"] })} WHERE w.step = c.step)))
            THEN CASE WHEN t.waiting_runs > 0 OR t.blocking_runs > 0
                OR t.gated_runs > 0 AND ${s}.keeps_turn(t.group_id, ${Number.MAX_SAFE_INTEGER}, 0, 0) THEN 0
              ELSE t.lane_width - t.admitted_runs END END AS places
          FROM ${STEPS.rows("c", { numbered: "step" })} LEFT JOIN LATERAL (
            SELECT * FROM ${s}.schedule_state t WHERE t.group_id = c."groupId" OFFSET 0) t ON true
      ) g;
    IF made IS NULL THEN RETURN '{}'; END IF;
    WITH numbered AS (
      SELECT w.*, places_of[w.step] AS places, admitted_of[w.step] AS admitted_runs, planned_of[w.step] AS admitted_at,
          ${gatingNo("w.gating")} AS gating_no,
          sum((${gatingNo("w.gating")} = 0)::int) OVER lane AS place_no,
          sum((w.gating IS NOT DISTINCT FROM 'in-turn')::int) OVER lane
            - (w.gating IS NOT DISTINCT FROM 'in-turn')::int AS turns_before,
          first_value(planned_of[w.step] - w."scheduledTime" - delay_of[w.step]
            > (w.upper - w.lower) / w.intervals + ${LIVE_TOLERANCE_MS}) OVER fresh AS lags
        FROM ${RUNS.rows("w")} WHERE places_of[w.step] IS NOT NULL
        WINDOW lane AS (PARTITION BY w.step, w.state ORDER BY w.lower, w.generation, w.upper),
          fresh AS (PARTITION BY w.step, w.state, ${gatingNo("w.gating")} = 0 ORDER BY w.lower, w.generation, w.upper)
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
      UPDATE ${s}.schedule_state t SET watermark = watermark_of[n.step], next_fire_at = fire_of[n.step],
          admitted_runs = t.admitted_runs + n.admitted, waiting_runs = t.waiting_runs + n.waiting,
          gated_runs = t.gated_runs + n.gated,
          longest_run_ms = greatest(t.longest_run_ms, n.longest), run_count = t.run_count + n.runs
        FROM (
          SELECT step, count(*) FILTER (WHERE place = 'ready') AS admitted,
              count(*) FILTER (WHERE place = 'waiting') AS waiting,
              count(*) FILTER (WHERE place = 'gated') AS gated, max(upper - lower) AS longest,
              count(lower) AS runs
            FROM (
              SELECT unnest(made) AS step, NULL AS place, NULL::bigint AS lower, NULL::bigint AS upper
              UNION ALL SELECT step, CASE WHEN kind = 'SCHEDULED' THEN place END, lower, upper FROM placed
            ) parts GROUP BY step
        ) n WHERE t.group_id = group_of[n.step]
    )
    SELECT array_agg(DISTINCT "groupId") INTO skipped FROM placed WHERE place = 'none';
    IF covering IS NOT NULL THEN
      FOR one IN SELECT * FROM json_to_recordset(covering) AS x (g text, ids text[], "at" bigint) LOOP
        PERFORM ${s}.supersede_runs(one.g, one.ids, one.at);
      END LOOP;
    END IF;
    -- A run of an earlier interval need not wait behind one that keeps its turn.
    IF held IS NOT NULL THEN PERFORM ${s}.admit(held, at_time); END IF;
    IF skipped IS NOT NULL AND EXISTS (SELECT FROM ${s}.gate_waker) THEN PERFORM ${s}.wake(skipped); END IF;
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
