import { LIVE_TOLERANCE_MS } from "@tidegate/core/store";
import { columnsOf } from "../0002-places/arrays.js";
import { PLPGSQL } from "../0002-places/language.js";
import { queueInLane } from "../0002-places/queues.js";
import { lookedUp } from "./looked-up.js";

/** The fields of a plan that moves the watermark over one run, which begins and ends with it. */
const STEPS = columnsOf(
  `"groupId" text, incarnation text, version integer, watermark bigint, "newWatermark" bigint, "nextFireAt" bigint,
    "plannedAt" bigint, id text, intervals integer, "scheduledTime" bigint, operator text`,
  4,
);

/** The fields that the function reads, in order. */
export const CLAIMED_PLAN_COLUMNS = STEPS.names;

const LAGS = `m."plannedAt" - m."scheduledTime" - m.delay_ms > (m."newWatermark" - m.watermark) / m.intervals + ${LIVE_TOLERANCE_MS}`;

/**
 * The function that plans steps of different groups and claims their runs at once. Makes a step only if its run
 * would be ready: the lane has a place, and nothing is before it. Returns the numbers of those that were made,
 * counted from 1; the others may be made by `plan_wave` all the same. If a run exists already, the statement fails.
 *
 * @param s - the schema, quoted
 */
export const planAndClaimFunction = (
  s: string,
): string => `CREATE FUNCTION ${s}.plan_and_claim(by_owner text, at_time bigint, until bigint, ${STEPS.parameters})
    RETURNS integer[] ${PLPGSQL} AS $$
  DECLARE
    made integer[];
  BEGIN
    WITH moved AS (
      -- In the order of the groups, so that two batches never deadlock.
      UPDATE ${s}.schedule_state t SET watermark = c."newWatermark", next_fire_at = c."nextFireAt",
          admitted_runs = t.admitted_runs + 1, run_count = t.run_count + 1,
          longest_run_ms = greatest(t.longest_run_ms, c."newWatermark" - c.watermark)
        FROM (SELECT * FROM ${STEPS.rows("x", { numbered: "no" })} ORDER BY x."groupId" COLLATE "C"
          ${lookedUp(STEPS.of("groupId"))}) c
        WHERE t.group_id = c."groupId" AND t.watermark = c.watermark AND t.version = c.version
          AND t.incarnation = c.incarnation AND t.is_planning AND t.waiting_runs = 0 AND t.gated_runs = 0
          AND t.blocking_runs = 0 AND t.admitted_runs < t.lane_width
        RETURNING c.*, t.delay_ms, t.admitted_runs
    ), inserted AS (
      INSERT INTO ${s}.run (group_id, lower, generation, upper, id, kind, intervals, scheduled_time, state,
          schedule_version, operator, place, queue, planned_at, attempt, token, owner, submitted_at, lease_until, is_job_open)
        SELECT m."groupId", m.watermark, 0, m."newWatermark", m.id, 'SCHEDULED', m.intervals, m."scheduledTime", 'SUBMITTING',
          m.version, m.operator, 'active', ${queueInLane("false", LAGS, "m.admitted_runs")}, m."plannedAt", 1, 1, by_owner,
          at_time, until, true
        FROM moved m
    )
    SELECT array_agg(m.no::integer) INTO made FROM moved m;
    RETURN coalesce(made, '{}');
  END $$`;
