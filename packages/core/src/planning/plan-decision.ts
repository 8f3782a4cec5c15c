import type { EpochMs } from "../clock/clock.js";
import type { RunReason } from "../run/run.js";
import type { DueIntervals, Grid, NominalInterval } from "../schedule/grid.js";
import { laneWidth } from "../schedule/normalize.js";
import type { ScheduleSpec } from "../schedule/schedule.js";

/** The most runs that one transaction plans; what is owed beyond follows in the next. */
export const MAX_RUNS_PER_PLAN = 1_000;

/** The most open runs of a group whose policies plan each interval as it falls due; the watermark waits with the rest. */
export const MAX_BACKLOG = 1_000;

/**
 * How many runs of a backlog are planned ahead of a lane that is full. The others stay owed, and are planned as runs end:
 * written long before their turn they would only cost the time that those before them need.
 */
export const PLANNED_AHEAD = 4;

/** When a group whose planning waits for runs to end is looked at again, if nothing ends before. */
export const RECHECK_MS = 60_000;

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
  /** More is owed than the lane takes: decide again when runs have ended. */
  readonly waits: boolean;
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
  /** How many of these have failed and block it. @default 0 */
  readonly blockingRuns?: number;
  /** As it was stored: whether an earlier look has left a part of what is owed to later ones. */
  readonly nextFireAt?: EpochMs | null;
  /** How many runs may be planned. @default as many as the lane takes, and a few more */
  readonly room?: number;
}

/**
 * What the grid owes from the watermark to now, and what the policies make of it. Pure; early, late, repeated and
 * missing fires all converge here, since nothing depends on which fire asked.
 */
export function decidePlan(input: PlanInput): PlanDecision {
  const { spec, grid, watermark, now } = input;
  const from = continuation(grid, watermark);
  const owed = grid.due(from, now);
  if (owed === undefined)
    return { ...NOTHING, newWatermark: watermark, nextFireAt: nextFireAt(grid, watermark) };
  const room = input.room ?? roomOf(input);
  if (room <= 0) {
    return {
      ...NOTHING,
      outcome: "deferred",
      newWatermark: watermark,
      nextFireAt: recheckAt(input, owed),
      waits: true,
      cancelsActive: spec.overlap === "cancel-running",
    };
  }
  const { runs, hasMore } = applyPolicies(input, { from, ...owed }, Math.min(room, MAX_RUNS_PER_PLAN));
  const newWatermark = runs.at(-1)!.upper;
  const waits = hasMore && room <= MAX_RUNS_PER_PLAN;
  return {
    outcome: "planned",
    runs: [...beforeStart(input), ...runs],
    newWatermark,
    nextFireAt: waits
      ? now + RECHECK_MS
      : hasMore
        ? nextFireAt(grid, newWatermark)
        : owed.following === undefined
          ? null
          : grid.fireAt(owed.following),
    hasMore: hasMore && !waits,
    waits,
    cancelsActive: false,
  };
}

const NOTHING = {
  outcome: "nothing",
  runs: [],
  hasMore: false,
  waits: false,
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

/**
 * How many runs may be planned now. Where each interval has a run of its own, those that wait are owed rather than
 * planned, but for a few; `drop` decides over every interval as it falls due, but not while a failed run blocks: then all
 * is held.
 */
function roomOf({ spec, openRuns, blockingRuns = 0 }: PlanInput): number {
  if (spec.overlap === "coalesce-pending" || spec.overlap === "cancel-running") return openRuns > 0 ? 0 : 1;
  if (spec.overlap === "drop" && blockingRuns > 0) return 0;
  if (spec.overlap === "drop" || !keepsEach(spec)) return MAX_BACKLOG - openRuns;
  return Math.min(laneWidth(spec) + PLANNED_AHEAD, MAX_BACKLOG) - openRuns;
}

/**
 * A group that waits is asked again when its runs end. If nothing is heard of that, then at its next nominal time or after
 * a while, whichever comes first, but not more often than that.
 */
function recheckAt({ grid, now }: PlanInput, { newest, following }: DueIntervals): EpochMs {
  const recheck = now + RECHECK_MS;
  if (following === undefined) return recheck;
  return Math.min(recheck, Math.max(grid.fireAt(newest) + RECHECK_MS, grid.fireAt(following)));
}

/**
 * How late a fire may be, ms, before the catch-up window counts: twice what the watchdog grants an engine, so that neither
 * an engine's own lateness, nor its death, nor a restart costs an interval. Quartz calls this the misfire threshold.
 */
export function misfireThresholdMs({ engineGraceMs }: Pick<ScheduleSpec, "engineGraceMs">): number {
  return 2 * engineGraceMs;
}

/** The intervals that are older than the catch-up window. Nothing is given up behind what an earlier look has kept. */
function expiredOf(input: PlanInput, from: EpochMs): DueIntervals | undefined {
  const { spec, grid, now, nextFireAt: storedFireAt = null } = input;
  if (spec.catchupWindowMs === null || (keepsEach(spec) && wasLeft(input, storedFireAt))) return undefined;
  return grid.due(from, now - Math.max(spec.catchupWindowMs, misfireThresholdMs(spec)) - 1);
}

/** Whether an earlier look has left a part of what is owed: then the stored time is that of its next look. */
function wasLeft({ grid, watermark }: PlanInput, storedFireAt: EpochMs | null): boolean {
  return storedFireAt !== null && storedFireAt > (nextFireAt(grid, watermark) ?? storedFireAt);
}

/** The time in which nothing was scheduled, as a run that says so. */
function beforeStart({ grid, watermark }: PlanInput): PlannedInterval[] {
  const upper = continuation(grid, watermark);
  if (upper === watermark) return [];
  const nominal = { lower: watermark, upper, scheduledTime: upper };
  return [{ ...nominal, intervals: 1, state: "SKIPPED", reason: "not-scheduled" }];
}

/** All that is owed, from where the schedule goes on. */
interface Owed extends DueIntervals {
  readonly from: EpochMs;
}

function applyPolicies(
  input: PlanInput,
  owed: Owed,
  limit: number,
): { runs: PlannedInterval[]; hasMore: boolean } {
  const { spec, grid, openRuns } = input;
  const all = { lower: owed.from, newest: owed.newest, count: owed.count };
  if (spec.overlap === "drop" && openRuns > 0)
    return { runs: [merge(all, "SKIPPED", "overlap-dropped")], hasMore: false };
  const expired = expiredOf(input, owed.from);
  const skipped =
    expired === undefined
      ? []
      : [
          merge(
            { lower: owed.from, newest: expired.newest, count: expired.count },
            "SKIPPED",
            "catchup-window",
          ),
        ];
  const count = owed.count - (expired?.count ?? 0);
  if (count === 0) return { runs: skipped, hasMore: false };
  const kept = { lower: expired?.newest.upper ?? owed.from, newest: owed.newest, count };
  if (count > 1 && !keepsEach(spec)) return { runs: [...skipped, ...catchUp(input, kept)], hasMore: false };
  const each = eachOf(grid, kept, limit);
  return { runs: [...skipped, ...each], hasMore: each.length < count };
}

/** Adjacent intervals: where they begin, the last of them, and how many they are. */
interface Stretch {
  readonly lower: EpochMs;
  readonly newest: NominalInterval;
  readonly count: number;
}

/** Every interval as a run of its own, the oldest first. */
function eachOf(grid: Grid, { lower, count }: Stretch, limit: number): PlannedInterval[] {
  const runs: PlannedInterval[] = [];
  let from = lower;
  while (runs.length < Math.min(count, limit)) {
    const interval = grid.next(from)!;
    runs.push({ ...interval, intervals: 1, state: "PLANNED", reason: null });
    from = interval.upper;
  }
  return runs;
}

function catchUp({ spec, grid }: PlanInput, owed: Stretch): PlannedInterval[] {
  if (spec.catchup === "drop") {
    const { lower, newest, count } = owed;
    const before = Math.max(lower, grid.lastClosed(newest.lower)?.lower ?? lower);
    const older = {
      lower: before,
      upper: newest.lower,
      scheduledTime: spec.fireAt === "interval-end" ? newest.lower : before,
    };
    return [
      merge({ lower, newest: older, count: count - 1 }, "SKIPPED", "catchup-dropped"),
      merge({ lower: newest.lower, newest, count: 1 }, "PLANNED", null),
    ];
  }
  return [merge(owed, "PLANNED", spec.catchup === "coalesce" ? "catchup-coalesced" : "overlap-coalesced")];
}

/** One run over adjacent intervals; its scheduled time is that of the newest. */
function merge(
  { lower, newest, count }: Stretch,
  state: "PLANNED" | "SKIPPED",
  reason: RunReason | null,
): PlannedInterval {
  return {
    lower,
    upper: newest.upper,
    scheduledTime: newest.scheduledTime,
    intervals: count,
    state,
    reason,
  };
}
