import { LIVE_TOLERANCE_MS } from "@tidegate/core/store";
import { columnsOf } from "../0002-places/arrays.js";
import { PLPGSQL } from "../0002-places/language.js";
import { queueInLane } from "../0002-places/queues.js";
import { lookedUp } from "./looked-up.js";

/** The fields of a step that moves the watermark over one run, which begins and ends with it. */
const STEPS = columnsOf(
  `"groupId" text, incarnation text, version integer, watermark bigint, "newWatermark" bigint, "nextFireAt" bigint,
    "plannedAt" bigint, id text, intervals integer, "scheduledTime" bigint, reason text, operator text, "isClaimed" boolean`,
  4,
);

/** The fields that the function reads, in order. */
export const PLAIN_STEP_COLUMNS = STEPS.names;

/** The types of these parameters. */
export const PLAIN_STEPS = STEPS.parameters;

const LAGS = `m."plannedAt" - m."scheduledTime" - m.delay_ms > (m."newWatermark" - m.watermark) / m.intervals + ${LIVE_TOLERANCE_MS}`;

/**
 * The function that makes steps of different groups, each of one run without gates: what is left of `plan_wave` for
 * them. A run that has a place in its lane is claimed at once if its step says so. Returns the numbers of the steps
 * that were made, and of those whose runs were claimed, counted from 1; and those of the steps that were not made
 * although their groups are as expected: `plan_wave`, which knows of gates, may make them. If a run exists already, the
 * statement fails.
 *
 * @param s - the schema, quoted
 */
export const planFunction = (
  s: string,
): string => `CREATE FUNCTION ${s}.plan_plain(by_owner text, at_time bigint, until bigint, ${STEPS.parameters},
      OUT made integer[], OUT claimed integer[], OUT gated integer[])
    ${PLPGSQL} AS $$
  BEGIN
    WITH moved AS (
      -- In the order of the groups, so that two batches never deadlock. A run that waits has others before it.
      UPDATE ${s}.schedule_state t SET watermark = c."newWatermark", next_fire_at = c."nextFireAt",
          admitted_runs = t.admitted_runs + (t.waiting_runs = 0 AND t.blocking_runs = 0 AND t.admitted_runs < t.lane_width)::int,
          waiting_runs = t.waiting_runs + (t.waiting_runs > 0 OR t.blocking_runs > 0 OR t.admitted_runs >= t.lane_width)::int,
          run_count = t.run_count + 1, longest_run_ms = greatest(t.longest_run_ms, c."newWatermark" - c.watermark)
        FROM (SELECT * FROM ${STEPS.rows("x", { numbered: "no" })} ORDER BY x."groupId" COLLATE "C"
          ${lookedUp(STEPS.of("groupId"))}) c
        WHERE t.group_id = c."groupId" AND t.watermark = c.watermark AND t.version = c.version
          AND t.incarnation = c.incarnation AND t.is_planning AND t.gated_runs = 0
        RETURNING c.*, t.delay_ms, t.admitted_runs, t.waiting_runs = 0 AS has_place
    ), placed AS (
      SELECT m.*, m.has_place AND m."isClaimed" AS is_begun FROM moved m
    ), inserted AS (
      INSERT INTO ${s}.run (group_id, lower, generation, upper, id, kind, intervals, scheduled_time, state, reason,
          schedule_version, operator, place, queue, ready_at, wait, planned_at, attempt, token, owner, submitted_at, lease_until,
          is_job_open)
        SELECT m."groupId", m.watermark, 0, m."newWatermark", m.id, 'SCHEDULED', m.intervals, m."scheduledTime",
          CASE WHEN m.is_begun THEN 'SUBMITTING' ELSE 'PLANNED' END, m.reason, m.version, m.operator,
          CASE WHEN m.is_begun THEN 'active' WHEN m.has_place THEN 'ready' ELSE 'waiting' END,
          CASE WHEN m.has_place THEN ${queueInLane("false", LAGS, "m.admitted_runs")} ELSE 0 END,
          CASE WHEN m.has_place AND NOT m.is_begun THEN m."plannedAt" END,
          CASE WHEN NOT m.has_place THEN json_build_object('reason', 'lane', 'since', m."plannedAt")::text END, m."plannedAt",
          m.is_begun::int, m.is_begun::int, CASE WHEN m.is_begun THEN by_owner END, CASE WHEN m.is_begun THEN at_time END,
          CASE WHEN m.is_begun THEN until END, m.is_begun
        FROM placed m
    )
    SELECT array_agg(m.no::integer), array_agg(m.no::integer) FILTER (WHERE m.is_begun) INTO made, claimed FROM placed m;
    IF coalesce(cardinality(made), 0) < cardinality(${STEPS.of("groupId")}) THEN
      SELECT array_agg(c.no::integer) INTO gated
        FROM (SELECT * FROM ${STEPS.rows("x", { numbered: "no" })} ${lookedUp(STEPS.of("groupId"))}) c
          JOIN ${s}.schedule_state t ON t.group_id = c."groupId"
        WHERE t.watermark = c.watermark AND t.version = c.version AND t.incarnation = c.incarnation AND t.is_planning;
    END IF;
  END $$`;
