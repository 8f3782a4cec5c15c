import type { EpochMs } from "../clock/clock.js";
import { EARLIEST, type Interval } from "../interval/boundaries.js";
import { type IntervalSet, subtract, toSet } from "../interval/interval-set.js";
import type { BackfillSelect } from "../run/backfill.js";
import { isEnded } from "../run/lane.js";
import type { Run } from "../run/run.js";
import { Grid, type NominalInterval } from "../schedule/grid.js";
import type { Schedule } from "../schedule/schedule.js";
import type { CoverageRange, ScheduleStore } from "../store/schedule-store.js";

/** An interval that is to run once more, or for the first time, beside the live schedule. */
export interface RerunUnit extends NominalInterval {
  readonly intervals: number;
  readonly generation: number;
}

/** A part of a range, small enough to plan at once. */
export interface RerunSlice {
  readonly units: readonly RerunUnit[];
  /** Up to here the range has been looked at. */
  readonly cursor: EpochMs;
}

/** How many intervals of a range a selection comes to. */
export interface RerunCount {
  readonly runs: number;
  /** The time that these cover, merged. */
  readonly ranges: IntervalSet;
}

/**
 * What may be run again of a range, clipped to what is in the past and on whole intervals: outward to the grid's cuts
 * before the ledger's beginning, and never past the watermark, which is the live schedule's.
 */
export function alignRange(schedule: Schedule, range: Interval): Interval {
  const { origin, watermark, spec } = schedule;
  const endless = new Grid({ ...spec, startTime: EARLIEST, firstInterval: "first-nominal-time" });
  const floor = range.lower >= origin ? range.lower : (endless.lastClosed(range.lower)?.upper ?? range.lower);
  return { lower: Math.min(floor, watermark), upper: Math.min(range.upper, watermark) };
}

/** How many runs a selection comes to, from merged ranges and the grid; reads no run. */
export function countUnits(
  schedule: Schedule,
  range: Interval,
  select: BackfillSelect,
  coverage: readonly CoverageRange[],
): RerunCount {
  const existing = select === "missing" ? [] : coverage.filter((part) => isSelected(part, select));
  const holes = select === "failed" ? [] : missingIn(range, coverage);
  let runs = existing.reduce((sum, part) => sum + part.runs, 0);
  for (const hole of holes) for (const _ of cutsOf(schedule, hole)) runs += 1;
  return { runs, ranges: toSet([...existing, ...holes]) };
}

/**
 * The next units of a range, at most `limit`, oldest first: runs of the ledger with the bounds that they had, and the
 * grid's intervals where no run has done or is doing the work.
 */
export async function nextSlice(
  store: ScheduleStore,
  schedule: Schedule,
  range: Interval,
  select: BackfillSelect,
  limit: number,
): Promise<RerunSlice> {
  const { groupId } = schedule.spec;
  const selected = select === "missing" ? [] : await selectedRuns(store, groupId, range, select, limit);
  const last = selected.at(-1);
  const upper = selected.length === limit && last !== undefined ? last.upper : range.upper;
  const slice = { lower: range.lower, upper };
  const holes = select === "failed" ? [] : missingIn(slice, await store.coverage(groupId, slice));
  const intervals: (NominalInterval & { intervals: number })[] = selected.map(
    ({ lower, upper: end, scheduledTime, intervals: count }) => ({
      lower,
      upper: end,
      scheduledTime,
      intervals: count,
    }),
  );
  let found = 0;
  for (const hole of holes) {
    for (const interval of cutsOf(schedule, hole)) {
      if (found > limit) break;
      intervals.push({ ...interval, intervals: 1 });
      found += 1;
    }
  }
  intervals.sort((a, b) => a.lower - b.lower);
  const chosen = intervals.slice(0, limit);
  const cursor = intervals.length > limit ? intervals[limit]!.lower : upper;
  return { units: await withGenerations(store, groupId, chosen), cursor };
}

/** The time of a range that no run has done, is doing, or has failed at. */
function missingIn(range: Interval, coverage: readonly CoverageRange[]): IntervalSet {
  const taken = coverage.filter(({ state }) => state !== "SKIPPED" && state !== "CANCELLED");
  return subtract(toSet([range]), toSet(taken));
}

function isSelected({ state }: Pick<Run, "state">, select: BackfillSelect): boolean {
  return state === "FAILED" || (select === "all" && state === "SUCCEEDED");
}

async function selectedRuns(
  store: ScheduleStore,
  groupId: string,
  range: Interval,
  select: BackfillSelect,
  limit: number,
): Promise<Run[]> {
  const states = select === "all" ? (["SUCCEEDED", "FAILED"] as const) : (["FAILED"] as const);
  const page = await store.listRuns({ groupId, states, within: range, includeSuperseded: false }, { limit });
  return page.items.filter(({ lower }) => lower >= range.lower);
}

/** The grid's intervals within a hole, cut off at its ends. */
function* cutsOf(schedule: Schedule, hole: Interval): Generator<NominalInterval> {
  const grid = new Grid({
    ...schedule.spec,
    startTime: hole.lower,
    endTime: hole.upper,
    firstInterval: "start-time",
  });
  let lower = hole.lower;
  while (lower < hole.upper) {
    const interval = grid.next(lower);
    if (interval === undefined) return;
    yield interval;
    lower = interval.upper;
  }
}

async function withGenerations(
  store: ScheduleStore,
  groupId: string,
  intervals: readonly (NominalInterval & { intervals: number })[],
): Promise<RerunUnit[]> {
  const first = intervals[0];
  if (first === undefined) return [];
  const within = { lower: first.lower, upper: intervals.at(-1)!.upper };
  const generations = new Map<string, number>();
  const active = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await store.listRuns({ groupId, within }, cursor === undefined ? {} : { cursor });
    for (const run of page.items) {
      const key = `${run.lower}-${run.upper}`;
      generations.set(key, Math.max(run.generation + 1, generations.get(key) ?? 0));
      if (!isEnded(run.state)) active.add(key);
    }
    cursor = page.next;
  } while (cursor !== undefined);
  return intervals
    .filter(({ lower, upper }) => !active.has(`${lower}-${upper}`))
    .map((interval) => ({
      ...interval,
      generation: generations.get(`${interval.lower}-${interval.upper}`) ?? 0,
    }));
}
