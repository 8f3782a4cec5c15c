import type { EpochMs } from "../clock/clock.js";
import { LedgerError } from "../errors/errors.js";
import type { Interval } from "../interval/boundaries.js";
import { type IntervalSet, intersect, toSet } from "../interval/interval-set.js";
import { OPEN_RUN_STATES } from "../run/lane.js";
import type { Run, RunState } from "../run/run.js";
import { Grid } from "../schedule/grid.js";
import type { Schedule } from "../schedule/schedule.js";
import { eachRun } from "../store/each-run.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { compileTrigger } from "../trigger/compile.js";
import {
  type BucketUnit,
  bucketsBetween,
  bucketsOfRuns,
  type ConditionPart,
  type CoverageBucket,
  conditionOf,
  owedBucket,
} from "./coverage-buckets.js";

/** Most buckets of an answer. */
export const MAX_BUCKETS = 5_000;

/** Most stretches of time without success whose runs are read one by one. */
const MAX_STRETCHES = 100;

/** Most runs without success that are listed; beyond it, all runs of their time are read in one scan. */
const MAX_LISTED = 20_000;

/** States other than success, by the indexes of the stores: those of ended runs and those of open ones. */
const NOT_SUCCEEDED: readonly (readonly RunState[])[] = [["FAILED", "CANCELLED", "SKIPPED"], OPEN_RUN_STATES];

/** Units of the calendar, finest first, with the local times at which they begin. */
const UNITS: readonly { readonly unit: BucketUnit; readonly ms: number; readonly expression: string }[] = [
  { unit: "hour", ms: 3_600_000, expression: "0 * * * *" },
  { unit: "day", ms: 86_400_000, expression: "0 0 * * *" },
  { unit: "week", ms: 604_800_000, expression: "0 0 * * 1" },
  { unit: "month", ms: 28 * 86_400_000, expression: "0 0 1 * *" },
  { unit: "year", ms: 365 * 86_400_000, expression: "0 0 1 1 *" },
];

/** The stores' part in reading buckets. */
type Reads = Pick<ScheduleStore, "listRuns" | "missingTime" | "coverage">;

/** A question for a group's time in buckets. */
export interface BucketRequest {
  readonly range: Interval;
  /** Most buckets. */
  readonly limit: number;
  /** End of the grid's last closed interval, epoch ms. */
  readonly closedUpTo: EpochMs;
}

/**
 * Reads a group's time in buckets: one for each interval if they fit the limit, else the finest units of the
 * calendar that do. Costs what has not succeeded, not what has, unless there is a bucket for each interval.
 *
 * @throws LedgerError INTERVAL_INVALID if not even the years of the range fit the limit
 */
export async function readBuckets(
  store: Reads,
  schedule: Schedule,
  request: BucketRequest,
): Promise<{ readonly unit: BucketUnit; readonly buckets: readonly CoverageBucket[] }> {
  const { range, limit } = request;
  if (range.lower >= range.upper) return { unit: "interval", buckets: [] };
  if (countIntervals(schedule, range) <= limit) {
    const buckets = await intervalBuckets(store, schedule, request);
    if (buckets !== undefined) return { unit: "interval", buckets };
  }
  const finest = UNITS.find(({ ms }) => (range.upper - range.lower) / ms <= limit - 2);
  if (finest === undefined) {
    throw new LedgerError("INTERVAL_INVALID", `range: has more than ${limit} years.`, { field: "range" });
  }
  const cuts = cutsOf(finest.expression, schedule.spec.timezone, range);
  return { unit: finest.unit, buckets: await calendarBuckets(store, schedule, range, cuts) };
}

/** Returns how many intervals of the grid a range has; 0 if there is no grid. */
function countIntervals({ spec, status, unreadable }: Schedule, { lower, upper }: Interval): number {
  if (status === "SOURCE" || unreadable !== null) return 0;
  return new Grid(spec).due(lower, upper + spec.delayMs)?.count ?? 0;
}

/** Returns `undefined` if there are more than the limit. */
async function intervalBuckets(
  store: Reads,
  schedule: Schedule,
  { range, limit, closedUpTo }: BucketRequest,
): Promise<CoverageBucket[] | undefined> {
  const runs: Run[] = [];
  const filter = { groupId: schedule.spec.groupId, within: range, includeSuperseded: false } as const;
  for await (const run of eachRun(store, filter)) {
    runs.push(run);
    // An interval that runs again has two.
    if (runs.length > 2 * limit) return undefined;
  }
  const buckets = bucketsOfRuns(runs);
  buckets.push(...owedBuckets(schedule, range, closedUpTo));
  return buckets.length > limit ? undefined : buckets;
}

function owedBuckets(schedule: Schedule, range: Interval, closedUpTo: EpochMs): CoverageBucket[] {
  const { spec, status, unreadable, watermark } = schedule;
  const owed: CoverageBucket[] = [];
  if (status === "SOURCE" || unreadable !== null) return owed;
  const grid = new Grid(spec);
  // Millions of intervals may be owed before the range.
  const from = Math.max(watermark, grid.lastClosed(range.lower)?.upper ?? watermark);
  for (
    let next = grid.next(from);
    next !== undefined && next.upper <= closedUpTo && next.lower < range.upper && next.upper > next.lower;
    next = grid.next(next.upper)
  ) {
    if (next.upper > range.lower) owed.push(owedBucket(next));
  }
  return owed;
}

async function calendarBuckets(
  store: Reads,
  schedule: Schedule,
  range: Interval,
  cuts: readonly EpochMs[],
): Promise<CoverageBucket[]> {
  const { groupId } = schedule.spec;
  const [uncovered = []] = await store.missingTime([{ groupId, within: range, by: "succeeded" }]);
  const stale: Interval[] = [];
  const filter = { groupId, within: range, staleness: "all", states: ["SUCCEEDED"] } as const;
  for await (const { lower, upper } of eachRun(store, filter)) stale.push({ lower, upper });
  const planned = intersect(uncovered, [{ lower: schedule.origin, upper: schedule.watermark }]);
  const parts = await partsOf(store, groupId, planned);
  const owed = { lower: schedule.watermark, upper: Math.max(schedule.watermark, range.upper) };
  return bucketsBetween(cuts, uncovered, [...parts, { ...owed, condition: "owed" }], toSet(stale));
}

/** Returns what became of time that has not succeeded. */
async function partsOf(store: Reads, groupId: string, uncovered: IntervalSet): Promise<ConditionPart[]> {
  if (uncovered.length <= MAX_STRETCHES) return scannedParts(store, groupId, uncovered);
  const whole = { lower: uncovered[0]!.lower, upper: uncovered.at(-1)!.upper };
  return (await listedParts(store, groupId, whole)) ?? scannedParts(store, groupId, [whole]);
}

/** Reads all runs of some time. */
async function scannedParts(
  store: Reads,
  groupId: string,
  stretches: readonly Interval[],
): Promise<ConditionPart[]> {
  const parts: ConditionPart[] = [];
  for (const stretch of stretches) {
    for (const { lower, upper, state } of await store.coverage(groupId, stretch)) {
      if (state !== "SUCCEEDED") parts.push({ lower, upper, condition: conditionOf(state) });
    }
  }
  return parts;
}

/** Reads the runs of some time that have not succeeded, however many have; `undefined` if they are too many. */
async function listedParts(
  store: Reads,
  groupId: string,
  within: Interval,
): Promise<ConditionPart[] | undefined> {
  const parts: ConditionPart[] = [];
  for (const states of NOT_SUCCEEDED) {
    const filter = { groupId, within, states, includeSuperseded: false } as const;
    for await (const { lower, upper, state } of eachRun(store, filter)) {
      parts.push({ lower, upper, condition: conditionOf(state) });
      if (parts.length > MAX_LISTED) return undefined;
    }
  }
  return parts;
}

/** Returns the range's bounds, and between them the local times of a cron. */
function cutsOf(expression: string, timezone: string, { lower, upper }: Interval): EpochMs[] {
  const trigger = compileTrigger({ type: "cron", expression }, timezone);
  const cuts = [lower];
  for (let cut = trigger.next(lower); cut !== undefined && cut < upper; cut = trigger.next(cut))
    cuts.push(cut);
  return [...cuts, upper];
}
