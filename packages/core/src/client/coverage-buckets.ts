import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import { type IntervalSet, intersect, measure, toSet } from "../interval/interval-set.js";
import type { Run, RunState } from "../run/run.js";

/**
 * The state of a piece of time: as in `AuditReport`; `owed` if it is over and not planned yet, `missing` if no run covers
 * it.
 */
export type CoverageCondition =
  | "succeeded"
  | "active"
  | "owed"
  | "skipped"
  | "cancelled"
  | "missing"
  | "failed";

/** All conditions, from the best to the one that needs a person most. */
export const CONDITIONS: readonly CoverageCondition[] = [
  "succeeded",
  "active",
  "owed",
  "skipped",
  "cancelled",
  "missing",
  "failed",
];

/** A unit of the calendar, or the group's own intervals. */
export type BucketUnit = "interval" | "hour" | "day" | "week" | "month" | "year";

/** A part of a group's time, and what became of it. */
export interface CoverageBucket extends Interval {
  /** The condition of the part of it that needs a person most. */
  readonly condition: CoverageCondition;
  /** How much of it has succeeded, 0 to 1. */
  readonly succeededShare: number;
  /** Whether any of it has succeeded with other input than there is now. */
  readonly isStale: boolean;
  /** Whether it has succeeded and is being run again. */
  readonly isRerunning: boolean;
  /** The run that it stands for; `null` if it stands for none or for several. */
  readonly runId: string | null;
  /** How many nominal intervals it is; `null` if it stands for a unit of the calendar. */
  readonly intervals: number | null;
}

/** A group's time in buckets, oldest first. */
export interface CoverageBuckets {
  readonly groupId: string;
  /** The time that is shown: of the range asked for, the part that is over. */
  readonly range: Interval;
  readonly unit: BucketUnit;
  /** The time zone of the group, in which units of the calendar begin. */
  readonly timezone: string;
  /** End of the sealed time, epoch ms; `null` if nothing is sealed. */
  readonly sealedThrough: EpochMs | null;
  readonly buckets: readonly CoverageBucket[];
}

const CONDITION_OF: Readonly<Record<RunState, CoverageCondition>> = {
  PLANNED: "active",
  SUBMITTING: "active",
  RUNNING: "active",
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  CANCELLED: "cancelled",
  SKIPPED: "skipped",
};

/** Time in one condition. */
export interface ConditionPart extends Interval {
  readonly condition: CoverageCondition;
}

/** Returns the condition of time that runs of a state cover. */
export function conditionOf(state: RunState): CoverageCondition {
  return CONDITION_OF[state];
}

/**
 * Returns a bucket for each interval of these runs.
 *
 * @param runs - of one group, ordered by lower bound, without superseded ones
 */
export function bucketsOfRuns(runs: readonly Run[]): CoverageBucket[] {
  const byBounds = new Map<string, Run[]>();
  for (const run of runs) {
    const key = `${run.lower}/${run.upper}`;
    const same = byBounds.get(key);
    if (same === undefined) byBounds.set(key, [run]);
    else same.push(run);
  }
  return [...byBounds.values()].map(bucketOfRuns);
}

function bucketOfRuns(generations: readonly Run[]): CoverageBucket {
  // An interval keeps its coverage until its new generation has succeeded.
  const newest = generations.at(-1)!;
  const run = generations.findLast(({ state }) => state === "SUCCEEDED") ?? newest;
  const isCovered = run.state === "SUCCEEDED";
  return {
    lower: run.lower,
    upper: run.upper,
    condition: conditionOf(run.state),
    succeededShare: isCovered ? 1 : 0,
    isStale: isCovered && run.staleAt !== null,
    isRerunning: isCovered && conditionOf(newest.state) === "active",
    runId: run.id,
    intervals: run.intervals,
  };
}

/** Returns a bucket of an interval that is over and not planned yet. */
export function owedBucket({ lower, upper }: Interval): CoverageBucket {
  const base = { succeededShare: 0, isStale: false, isRerunning: false, runId: null, intervals: 1 };
  return { lower, upper, condition: "owed", ...base };
}

/**
 * Returns a bucket for each pair of neighbours among the cuts.
 *
 * @param cuts - strictly increasing, at least two
 * @param uncovered - the time that has not succeeded
 * @param parts - what became of it; time of it in no part is `missing`
 * @param stale - time that has succeeded with other input than there is now
 */
export function bucketsBetween(
  cuts: readonly EpochMs[],
  uncovered: IntervalSet,
  parts: readonly ConditionPart[],
  stale: readonly Interval[],
): CoverageBucket[] {
  const count = cuts.length - 1;
  const uncoveredMs = new Array<number>(count).fill(0);
  const knownMs = new Array<number>(count).fill(0);
  const worst = new Array<number>(count).fill(0);
  const isStale = new Array<boolean>(count).fill(false);
  for (const each of uncovered) spread(cuts, each, (at, ms) => (uncoveredMs[at]! += ms));
  for (const condition of CONDITIONS) {
    const rank = CONDITIONS.indexOf(condition);
    const time = parts.filter((part) => part.condition === condition);
    for (const each of intersect(toSet(time), uncovered))
      spread(cuts, each, (at) => (worst[at] = Math.max(worst[at]!, rank)));
  }
  for (const each of intersect(toSet(parts), uncovered)) spread(cuts, each, (at, ms) => (knownMs[at]! += ms));
  for (const each of stale) spread(cuts, each, (at) => (isStale[at] = true));
  return cuts.slice(0, -1).map((lower, at) => {
    const upper = cuts[at + 1]!;
    const isMissing = uncoveredMs[at]! > knownMs[at]!;
    const rank = isMissing ? Math.max(worst[at]!, CONDITIONS.indexOf("missing")) : worst[at]!;
    return {
      lower,
      upper,
      condition: CONDITIONS[rank]!,
      succeededShare: 1 - uncoveredMs[at]! / (upper - lower),
      isStale: isStale[at]!,
      isRerunning: false,
      runId: null,
      intervals: null,
    };
  });
}

/** Calls `add` for each bucket that a stretch of time reaches, with how much of it lies there, ms. */
function spread(
  cuts: readonly EpochMs[],
  { lower, upper }: Interval,
  add: (at: number, ms: number) => void,
): void {
  for (let at = bucketAt(cuts, lower); at < cuts.length - 1 && cuts[at]! < upper; at += 1) {
    const ms = measure(intersect([{ lower, upper }], [{ lower: cuts[at]!, upper: cuts[at + 1]! }]));
    if (ms > 0) add(at, ms);
  }
}

/** Returns the index of the bucket that an instant lies in; of the first one, if it lies before it. */
function bucketAt(cuts: readonly EpochMs[], instant: EpochMs): number {
  let low = 0;
  let high = cuts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (cuts[middle]! <= instant) low = middle;
    else high = middle - 1;
  }
  return low;
}
