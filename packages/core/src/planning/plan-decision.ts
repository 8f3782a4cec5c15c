import type { EpochMs } from "../clock/clock.js";
import type { RunOffsets } from "../offset/offset-watermark.js";
import type { Run, RunReason, RunSnapshot } from "../run/run.js";
import { gatingOf } from "../schedule/gates-of.js";
import { type DueIntervals, Grid, type NominalInterval } from "../schedule/grid.js";
import { laneWidth } from "../schedule/normalize.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";
import { intervalUntil, keepsOrder, recurringSnapshot } from "./plan-snapshot.js";

/** The most runs that one transaction plans; the rest of what is owed follows in the next. */
export const MAX_RUNS_PER_PLAN = 1_000;

/**
 * The most open runs of a group whose policies plan each interval as it falls due; beyond that, the watermark
 * waits.
 */
export const MAX_BACKLOG = 1_000;

/**
 * How many runs are planned ahead of a full lane when they fall due. The others stay owed and are planned as
 * runs end: written long before their turn, they would only slow down the runs before them.
 */
export const PLANNED_AHEAD = 4;

/**
 * How many runs beyond its width a lane has at most if its runs wait for gates and later ones may go first: with no more
 * than `PLANNED_AHEAD`, a few that wait for long would keep all others from being planned.
 */
export const PLANNED_PAST_GATES = 100;

/** The longest until a group whose planning waits for runs to end is checked again, ms. */
export const RECHECK_MS = 60_000;

/** A run to be inserted: a part of the tile between the old watermark and the new one. */
export interface PlannedInterval extends NominalInterval {
  readonly intervals: number;
  readonly state: "PLANNED" | "SKIPPED" | "SUCCEEDED";
  readonly reason: RunReason | null;
  /** See `Run.offsets`. @default none */
  readonly offsets?: RunOffsets;
  /** See `Run.snapshot`. @default none */
  readonly snapshot?: RunSnapshot;
}

/** The effect of a fire on its group. */
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
  /** Open runs of the lane are to be cancelled; a later plan covers their intervals. */
  readonly cancelsActive: boolean;
}

/** Everything that a decision depends on. */
export interface PlanInput {
  readonly spec: ScheduleSpec;
  readonly grid: Grid;
  readonly watermark: EpochMs;
  readonly now: EpochMs;
  /** Runs of the lane that have not ended, or that block it. */
  readonly openRuns: number;
  /** How many of the open runs have failed and block the lane. @default 0 */
  readonly blockingRuns?: number;
  /** As stored: shows whether an earlier decision left a part of what is owed for later. */
  readonly nextFireAt?: EpochMs | null;
  /** When to check again if planning waits for runs to end and none ends before, ms. @default RECHECK_MS */
  readonly recheckMs?: number;
  /** How many runs may be planned ahead of a full lane. @default PLANNED_AHEAD */
  readonly ahead?: number | undefined;
  /** How many if more than one interval is owed. @default the same */
  readonly aheadIfBehind?: number | undefined;
  /** How many runs may be planned. @default as many as the lane takes, and a few more */
  readonly room?: number | undefined;
  /** Why the next run is a snapshot: see `neededSnapshot`. @default it is one only by `fullEvery` */
  readonly snapshot?: RunSnapshot | undefined;
  /** Whether a snapshot has not succeeded yet, for which increments wait. @default false */
  readonly awaitsSnapshot?: boolean;
  /** Whether a snapshot has to wait for runs that were found beside it. @default false */
  readonly isSnapshotHeld?: boolean;
  /** The newest snapshot that stands; read only if there are cancelled runs to cover. @default none */
  readonly copy?: Pick<Run, "id" | "kind" | "lower" | "upper" | "state" | "place"> | undefined;
  /** Whether the time until now is planned although no interval is over. @default false */
  readonly drains?: boolean;
}

/**
 * Decides what the grid owes from the watermark to now, and how the policies handle it. Pure; early, late,
 * repeated and missing fires all converge here, since nothing depends on which fire asked.
 */
export function decidePlan(input: PlanInput): PlanDecision {
  const { spec, grid, watermark, now, openRuns, awaitsSnapshot = false } = input;
  const from = continuation(grid, watermark);
  const owed = grid.due(from, now);
  if (owed === undefined) return snapshotNow(input, from) ?? drainNow(input, from) ?? nothingOwed(input);
  const snapshot = input.snapshot ?? recurringSnapshot(spec, from, owed.newest.upper);
  const room = snapshot === undefined ? roomForRuns(input, owed) : roomForSnapshot(input);
  if (room <= 0) {
    return {
      ...NOTHING,
      outcome: "deferred",
      newWatermark: watermark,
      nextFireAt: recheckAt(input, owed),
      waits: true,
      cancelsActive:
        !awaitsSnapshot && spec.overlap === "cancel-running" && openRuns > (input.blockingRuns ?? 0),
    };
  }
  const { runs, hasMore } =
    snapshot === undefined
      ? applyPolicies(input, { from, ...owed }, Math.min(room, MAX_RUNS_PER_PLAN))
      : { runs: [wholeOf({ lower: from, ...owed }, snapshot)], hasMore: false };
  const newWatermark = runs.at(-1)!.upper;
  const waits = hasMore && room <= MAX_RUNS_PER_PLAN;
  return {
    outcome: "planned",
    runs: watermark < grid.startTime ? [...beforeStart(input), ...runs] : runs,
    newWatermark,
    nextFireAt: waits
      ? now + (input.recheckMs ?? RECHECK_MS)
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

function nothingOwed({ grid, watermark }: PlanInput): PlanDecision {
  return { ...NOTHING, newWatermark: watermark, nextFireAt: nextFireAt(grid, watermark) };
}

/** Plans a snapshot that a person has asked for although no interval is over. */
function snapshotNow(input: PlanInput, from: EpochMs): PlanDecision | undefined {
  const { snapshot } = input;
  if (snapshot?.cause !== "requested" || roomForSnapshot(input) === 0) return undefined;
  return untilNow(input, from, { snapshot });
}

/** Plans what a person wants read now although no interval is over. */
function drainNow(input: PlanInput, from: EpochMs): PlanDecision | undefined {
  const { spec, drains, awaitsSnapshot, openRuns } = input;
  if (drains !== true || awaitsSnapshot === true || input.snapshot !== undefined) return undefined;
  const isBusy = openRuns > 0 && (mergesWaiting(spec) || spec.overlap === "drop");
  return isBusy || openRuns >= MAX_BACKLOG ? undefined : untilNow(input, from, {});
}

/** Plans the time that is over of an interval that is not. */
function untilNow(
  input: PlanInput,
  from: EpochMs,
  more: Pick<PlannedInterval, "snapshot">,
): PlanDecision | undefined {
  const { spec, grid, now } = input;
  const interval = intervalUntil(grid, spec, from, now);
  if (interval === undefined) return undefined;
  return {
    ...NOTHING,
    outcome: "planned",
    runs: [...beforeStart(input), { ...interval, intervals: 1, state: "PLANNED", reason: null, ...more }],
    newWatermark: interval.upper,
    nextFireAt: nextFireAt(grid, interval.upper),
  };
}

/** Returns everything that is owed as one snapshot. */
function wholeOf(owed: Stretch, snapshot: RunSnapshot): PlannedInterval {
  return { ...merge(owed, "PLANNED", owed.count > 1 ? "catchup-coalesced" : null), snapshot };
}

/** Returns how many snapshots may be planned, 0 or 1: one is alone, so others end before it begins, and increments wait for it. */
export function roomForSnapshot({ spec, openRuns, awaitsSnapshot, isSnapshotHeld }: PlanInput): number {
  if (awaitsSnapshot === true || isSnapshotHeld === true) return 0;
  return openRuns > 0 && !keepsOrder(spec) ? 0 : 1;
}

function roomForRuns(input: PlanInput, owed: DueIntervals): number {
  return input.awaitsSnapshot === true ? 0 : (input.room ?? roomOf(input, owed));
}

/**
 * Returns where a schedule continues: at its watermark, or at its start if it was registered again with a
 * later one. The time between becomes a skipped run, planned together with the first interval.
 */
export function continuation(grid: Grid, watermark: EpochMs): EpochMs {
  return Math.max(watermark, grid.startTime);
}

/** Returns when the fire of a watermark is due; `null` if the schedule has ended there. */
export function nextFireAt(grid: Grid, watermark: EpochMs): EpochMs | null {
  const interval = grid.next(continuation(grid, watermark));
  return interval === undefined ? null : grid.fireAt(interval);
}

/**
 * Returns when the fire of a schedule is due whose specification or status changes now: at once if an earlier decision
 * left a part of what is owed, which has to be known to the next one.
 */
export function nextFireAfter(
  { spec, unreadable, watermark, nextFireAt: storedFireAt }: Schedule,
  grid: Grid,
  now: EpochMs,
): EpochMs | null {
  const due = nextFireAt(grid, watermark);
  const isLeft = unreadable === null && wasLeft({ grid: new Grid(spec), watermark }, storedFireAt);
  return due !== null && isLeft ? Math.max(due, now) : due;
}

/**
 * Returns whether every owed interval becomes a run of its own. A source tells its end as it is now, not as it was
 * at earlier nominal times, so what is owed together is read together.
 */
function keepsEach(spec: ScheduleSpec): boolean {
  return spec.catchup === "each" && spec.boundaryType !== "OFFSET" && !mergesWaiting(spec);
}

/** Returns whether the overlap policy merges what waits. */
function mergesWaiting({ overlap }: ScheduleSpec): boolean {
  return overlap === "coalesce-pending" || overlap === "cancel-running";
}

/**
 * Returns how many runs may be planned now. If each interval has a run of its own, all but a few of the
 * waiting ones stay owed rather than planned. `drop` decides on every interval as it falls due, except while
 * a failed run blocks: then everything is held. The policies that merge plan one run when the lane is free.
 */
function roomOf(
  { spec, openRuns, blockingRuns = 0, ahead = PLANNED_AHEAD, aheadIfBehind = ahead }: PlanInput,
  owed: DueIntervals,
): number {
  if (mergesWaiting(spec)) return openRuns > 0 && !isClosing(owed) ? 0 : 1;
  if (spec.overlap === "drop" && blockingRuns > 0) return 0;
  if (spec.overlap === "drop" || !keepsEach(spec)) return MAX_BACKLOG - openRuns;
  const mayOvertake = (spec.overlap === "allow" || spec.canOvertake) && gatingOf(spec) === "overtakable";
  const beyond = owed.count > 1 ? aheadIfBehind : ahead;
  return Math.min(laneWidth(spec) + (mayOvertake ? PLANNED_PAST_GATES : beyond), MAX_BACKLOG) - openRuns;
}

/** Returns whether only the empty interval is owed with which an inclusive end closes: no run is in its way. */
function isClosing({ newest, count }: DueIntervals): boolean {
  return count === 1 && newest.lower === newest.upper;
}

/**
 * Returns when to check a waiting group again in case no run end is reported: at its next nominal time or
 * after `recheckMs`, whichever comes first, but not more often than every `recheckMs`.
 */
function recheckAt(
  { grid, now, recheckMs = RECHECK_MS }: PlanInput,
  { newest, following }: DueIntervals,
): EpochMs {
  const recheck = now + recheckMs;
  if (following === undefined) return recheck;
  return Math.min(recheck, Math.max(grid.fireAt(newest) + recheckMs, grid.fireAt(following)));
}

/**
 * Returns how late a fire may be, ms, before the catch-up window counts: twice the watchdog's grace, so that
 * neither an engine's own lateness, nor its death, nor a restart costs an interval. Quartz calls this the
 * misfire threshold.
 */
export function misfireThresholdMs({ engineGraceMs }: Pick<ScheduleSpec, "engineGraceMs">): number {
  return 2 * engineGraceMs;
}

/**
 * Returns the intervals older than the catch-up window. Nothing that follows an interval kept earlier is
 * given up.
 */
function expiredOf(input: PlanInput, from: EpochMs): DueIntervals | undefined {
  const { spec, grid, now, nextFireAt: storedFireAt = null } = input;
  if (spec.catchupWindowMs === null || (keepsEach(spec) && wasLeft(input, storedFireAt))) return undefined;
  return grid.due(from, now - Math.max(spec.catchupWindowMs, misfireThresholdMs(spec)) - 1);
}

/**
 * Returns whether an earlier decision left a part of what is owed: then the stored time is that of its
 * recheck.
 */
function wasLeft(
  { grid, watermark }: Pick<PlanInput, "grid" | "watermark">,
  storedFireAt: EpochMs | null,
): boolean {
  return storedFireAt !== null && storedFireAt > (nextFireAt(grid, watermark) ?? storedFireAt);
}

/** Returns the time before a later start, in which nothing was scheduled, as a skipped run. */
function beforeStart({ grid, watermark }: PlanInput): PlannedInterval[] {
  const upper = continuation(grid, watermark);
  if (upper === watermark) return [];
  const nominal = { lower: watermark, upper, scheduledTime: upper };
  return [{ ...nominal, intervals: 1, state: "SKIPPED", reason: "not-scheduled" }];
}

/** Everything that is owed, from where the schedule continues. */
interface Owed extends DueIntervals {
  readonly from: EpochMs;
}

function applyPolicies(
  input: PlanInput,
  owed: Owed,
  limit: number,
): { runs: PlannedInterval[]; hasMore: boolean } {
  const { spec, grid, openRuns } = input;
  if (spec.overlap === "drop" && openRuns > 0) {
    const all = { lower: owed.from, newest: owed.newest, count: owed.count };
    return { runs: [merge(all, "SKIPPED", "overlap-dropped")], hasMore: false };
  }
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
  return { runs: skipped.length === 0 ? each : [...skipped, ...each], hasMore: each.length < count };
}

/** Adjacent intervals: where they begin, the last of them, and their number. */
interface Stretch {
  readonly lower: EpochMs;
  readonly newest: NominalInterval;
  readonly count: number;
}

/** Returns every interval as a run of its own, oldest first. */
function eachOf(grid: Grid, { lower, count }: Stretch, limit: number): PlannedInterval[] {
  const runs: PlannedInterval[] = [];
  let from = lower;
  while (runs.length < Math.min(count, limit)) {
    const { lower: begin, upper, scheduledTime } = grid.next(from)!;
    runs.push({ lower: begin, upper, scheduledTime, intervals: 1, state: "PLANNED", reason: null });
    from = upper;
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
  const isOverlap = spec.catchup !== "coalesce" && mergesWaiting(spec);
  return [merge(owed, "PLANNED", isOverlap ? "overlap-coalesced" : "catchup-coalesced")];
}

/** Merges adjacent intervals into one run, scheduled at the time of the newest. */
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
