import type { EpochMs } from "../clock/clock.js";
import type { RunReason } from "../run/run.js";
import type { Grid, NominalInterval } from "../schedule/grid.js";
import type { ScheduleSpec } from "../schedule/schedule.js";

/** The most runs that one transaction plans; what is owed beyond follows in the next. */
export const MAX_RUNS_PER_PLAN = 1_000;

/** The most nominal intervals that one step looks at, so that a schedule of seconds cannot hold up all others. */
const MAX_INTERVALS_PER_PLAN = 1_000_000;

/** The most planned runs of a group that wait for their turn; the watermark waits with the rest. */
export const MAX_BACKLOG = 1_000;

/** When a group whose planning waits for runs to end is looked at again, if nothing ends before. */
const DEFERRED_RECHECK_MS = 60_000;

/** A run that is to be inserted: a part of the tile between the old watermark and the new one. */
export interface PlannedInterval extends NominalInterval {
  readonly intervals: number;
  readonly state: "PLANNED" | "SKIPPED";
  readonly reason: RunReason | null;
}

/** What a fire does to its group. */
export interface PlanDecision {
  readonly outcome: "planned" | "nothing" | "deferred";
  /** Tiles `[watermark, newWatermark)`. */
  readonly runs: readonly PlannedInterval[];
  readonly newWatermark: EpochMs;
  readonly nextFireAt: EpochMs | null;
  /** More is owed than one step plans: decide again at once. */
  readonly hasMore: boolean;
  /** Active runs of the lane are to be cancelled, and their interval comes back. */
  readonly cancelsActive: boolean;
}

/** What a decision depends on. */
export interface PlanInput {
  readonly spec: ScheduleSpec;
  readonly grid: Grid;
  readonly watermark: EpochMs;
  readonly now: EpochMs;
  /** Runs of the lane that have not ended, or that block it. */
  readonly openRuns: number;
}

/** What is owed from the watermark to now. */
interface Owed {
  readonly intervals: readonly NominalInterval[];
  readonly nextFireAt: EpochMs | null;
  readonly hasMore: boolean;
}

/**
 * What the grid owes from the watermark to now, and what the policies make of it. Pure; early, late, repeated and
 * missing fires all converge here, since nothing depends on which fire asked.
 */
export function decidePlan(input: PlanInput): PlanDecision {
  const { spec, watermark, now, openRuns } = input;
  const capacity = keepsEach(spec)
    ? Math.min(MAX_RUNS_PER_PLAN, MAX_BACKLOG - openRuns)
    : MAX_INTERVALS_PER_PLAN;
  const owed = collectOwed(input, Math.max(1, capacity));
  const last = owed.intervals.at(-1);
  if (last === undefined) {
    return { ...NOTHING, newWatermark: watermark, nextFireAt: owed.nextFireAt };
  }
  const waitsForLane =
    openRuns > 0 && (spec.overlap === "coalesce-pending" || spec.overlap === "cancel-running");
  if (waitsForLane || capacity <= 0) {
    return {
      ...NOTHING,
      outcome: "deferred",
      newWatermark: watermark,
      nextFireAt: recheckAt(input, last),
      cancelsActive: waitsForLane && spec.overlap === "cancel-running",
    };
  }
  return {
    outcome: "planned",
    runs: [...beforeStart(input), ...applyPolicies(spec, owed.intervals, now, openRuns)],
    newWatermark: last.upper,
    nextFireAt: owed.nextFireAt,
    hasMore: owed.hasMore,
    cancelsActive: false,
  };
}

const NOTHING = {
  outcome: "nothing",
  runs: [],
  hasMore: false,
  cancelsActive: false,
} as const satisfies Partial<PlanDecision>;

/**
 * Where a schedule goes on: at the watermark, but for one that was registered again with a later start. The time between
 * becomes a skipped run with the first interval that is planned.
 */
export function continuation(grid: Grid, watermark: EpochMs): EpochMs {
  return Math.max(watermark, grid.startTime);
}

/** When the fire of a watermark is due; `null` when the schedule has ended there. */
export function nextFireAt(grid: Grid, watermark: EpochMs): EpochMs | null {
  const interval = grid.next(continuation(grid, watermark));
  return interval === undefined ? null : grid.fireAt(interval);
}

/** Whether every owed interval becomes a run of its own. */
function keepsEach(spec: ScheduleSpec): boolean {
  return spec.catchup === "each" && spec.overlap !== "coalesce-pending" && spec.overlap !== "cancel-running";
}

function collectOwed({ grid, watermark, now }: PlanInput, limit: number): Owed {
  const intervals: NominalInterval[] = [];
  let lower = continuation(grid, watermark);
  for (;;) {
    const interval = grid.next(lower);
    if (interval === undefined) return { intervals, nextFireAt: null, hasMore: false };
    const fireAt = grid.fireAt(interval);
    if (fireAt > now) return { intervals, nextFireAt: fireAt, hasMore: false };
    if (intervals.length === limit) return { intervals, nextFireAt: fireAt, hasMore: true };
    intervals.push(interval);
    // An empty interval ends the schedule (`endRule: "inclusive"`); asking again would yield it for ever.
    if (interval.upper === interval.lower) return { intervals, nextFireAt: null, hasMore: false };
    lower = interval.upper;
  }
}

/** A group that waits is asked again at its next nominal time or after a while, whichever comes first. */
function recheckAt({ grid, now }: PlanInput, last: NominalInterval): EpochMs {
  const following = grid.next(last.upper);
  const recheck = now + DEFERRED_RECHECK_MS;
  return following === undefined ? recheck : Math.min(recheck, Math.max(now + 1, grid.fireAt(following)));
}

/** The time in which nothing was scheduled, as a run that says so. */
function beforeStart({ grid, watermark }: PlanInput): PlannedInterval[] {
  const upper = continuation(grid, watermark);
  if (upper === watermark) return [];
  const nominal = { lower: watermark, upper, scheduledTime: upper };
  return [{ ...nominal, intervals: 1, state: "SKIPPED", reason: "not-scheduled" }];
}

function applyPolicies(
  spec: ScheduleSpec,
  owed: readonly NominalInterval[],
  now: EpochMs,
  openRuns: number,
): PlannedInterval[] {
  if (spec.overlap === "drop" && openRuns > 0) return [merge(owed, "SKIPPED", "overlap-dropped")];
  const oldest = spec.catchupWindowMs === null ? Number.NEGATIVE_INFINITY : now - spec.catchupWindowMs;
  const firstKept = owed.findIndex((interval) => interval.scheduledTime + spec.delayMs >= oldest);
  const expired = firstKept === -1 ? owed : owed.slice(0, firstKept);
  const kept = firstKept === -1 ? [] : owed.slice(firstKept);
  const runs = expired.length > 0 ? [merge(expired, "SKIPPED", "catchup-window")] : [];
  return kept.length > 0 ? [...runs, ...catchUp(spec, kept)] : runs;
}

function catchUp(spec: ScheduleSpec, owed: readonly NominalInterval[]): PlannedInterval[] {
  if (owed.length === 1) return [merge(owed, "PLANNED", null)];
  if (spec.catchup === "drop") {
    return [merge(owed.slice(0, -1), "SKIPPED", "catchup-dropped"), merge(owed.slice(-1), "PLANNED", null)];
  }
  if (spec.catchup === "coalesce") return [merge(owed, "PLANNED", "catchup-coalesced")];
  if (!keepsEach(spec)) return [merge(owed, "PLANNED", "overlap-coalesced")];
  return owed.map((interval) => merge([interval], "PLANNED", null));
}

/** One run over adjacent intervals; its scheduled time is that of the newest. */
function merge(
  intervals: readonly NominalInterval[],
  state: "PLANNED" | "SKIPPED",
  reason: RunReason | null,
): PlannedInterval {
  const first = intervals[0]!;
  const last = intervals.at(-1)!;
  return {
    lower: first.lower,
    upper: last.upper,
    scheduledTime: last.scheduledTime,
    intervals: intervals.length,
    state,
    reason,
  };
}
