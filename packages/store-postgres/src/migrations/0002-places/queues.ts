import {
  CLAIM_QUEUES,
  type ClaimQueue,
  GATINGS,
  type Gating,
  LIVE_PLACES,
  LIVE_TOLERANCE_MS,
} from "@tidegate/core/store";

/** The stored number of each queue. */
export const QUEUE_NO = Object.fromEntries(CLAIM_QUEUES.map((queue, no) => [queue, no])) as Record<
  ClaimQueue,
  number
>;

/** The stored number of each gating. */
export const GATING_NO = Object.fromEntries(GATINGS.map((gating, no) => [gating, no])) as Record<
  Gating,
  number
>;

/** The number of a gating that is given by its name, or not at all. */
export const gatingNo = (name: string): string =>
  `CASE ${name} WHEN 'in-turn' THEN ${GATING_NO["in-turn"]} WHEN 'overtakable' THEN ${GATING_NO.overtakable} ELSE 0 END`;

/** `gatedSince` of core as SQL. */
export const gatedSince = (at: string): string => `json_build_object('reason', 'gate', 'since', ${at})::text`;

/** `isLagging` of core as SQL. */
export const isLagging = (run: string, at: string, delayMs: string): string =>
  `(${at} - ${run}.scheduled_time - ${delayMs} > (${run}.upper - ${run}.lower) / ${run}.intervals + ${LIVE_TOLERANCE_MS})`;

/**
 * `queueOf` of core as SQL, for a run of a lane.
 *
 * @param place - the place that it gets in its lane, counted from 1
 */
export const queueInLane = (wasClaimed: string, lags: string, place: string): string =>
  `CASE WHEN ${wasClaimed} THEN ${QUEUE_NO.retry} WHEN ${lags} OR ${place} > ${LIVE_PLACES} THEN ${QUEUE_NO.rest}
    ELSE ${QUEUE_NO.live} END`;

/** `queueOf` of core as SQL, for a run beside the lane that was never claimed. */
export const queueBeside = (kind: string): string =>
  `CASE ${kind} WHEN 'BACKFILL' THEN ${QUEUE_NO.rest} ELSE ${QUEUE_NO.live} END`;

/** The number of a queue for a run that stays with its pools or without: those of pools follow the others. */
export const inItsQueues = (no: string, r = ""): string =>
  `(${no} + ${CLAIM_QUEUES.length} * (${r}queue >= ${CLAIM_QUEUES.length})::int)`;
