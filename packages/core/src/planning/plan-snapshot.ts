import type { EpochMs } from "../clock/clock.js";
import type { Run, RunSnapshot } from "../run/run.js";
import type { Grid, NominalInterval } from "../schedule/grid.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";
import type { OpenRuns } from "../store/run-ledger.js";
import { compileTrigger } from "../trigger/compile.js";

/** States in which a snapshot holds increments: a failed one until it is retried or cancelled. */
export const HOLDING_STATES = ["PLANNED", "SUBMITTING", "RUNNING", "FAILED"] as const;

/** Returns whether runs of a schedule may be snapshots. */
export function hasSnapshots({ mode }: Pick<ScheduleSpec, "mode">): boolean {
  return mode === "full-then-incremental";
}

/** Returns whether the lane of a schedule begins its runs in order, so that a snapshot waits there for those before it. */
export function keepsOrder({ overlap, canOvertake }: Pick<ScheduleSpec, "overlap" | "canOvertake">): boolean {
  return overlap === "queue" && !canOvertake;
}

/**
 * Returns the open runs beside which a plan is not made: for a snapshot those that might write older rows after it, for
 * other runs a snapshot that they would not wait for. `undefined` if the lane keeps all of them in order.
 *
 * @param isBesideLane - whether the runs are to run at once, although the schedule is paused
 */
export function rivalsOf(
  spec: Pick<ScheduleSpec, "mode" | "overlap" | "canOvertake">,
  isSnapshot: boolean,
  isBesideLane: boolean,
): OpenRuns | undefined {
  const isInOrder = keepsOrder(spec) && !isBesideLane;
  if (isSnapshot) return isInOrder ? "beside" : "any";
  return hasSnapshots(spec) && !isInOrder ? "snapshots" : undefined;
}

/** Returns whether a run reads what its schedule reads now, and not positions from before a rebase. */
export function isOfReading({ offsets }: Pick<Run, "offsets">, schedule: Pick<Schedule, "offsets">): boolean {
  return offsets === null || offsets.epoch === schedule.offsets?.epoch;
}

/**
 * Returns why the next run of a schedule is a snapshot, whatever is owed; `undefined` if it need not be one.
 *
 * @param hasCopy - see `SnapshotState.hasCopy`
 * @param requested - the request of a person, or why a snapshot was found to be needed that had to wait
 */
export function neededSnapshot(
  { spec, watermark, origin, offsets }: Pick<Schedule, "spec" | "watermark" | "origin" | "offsets">,
  hasCopy: boolean,
  requested: RunSnapshot | undefined,
): RunSnapshot | undefined {
  if (!hasSnapshots(spec)) return undefined;
  if (watermark === origin) return { cause: "first", note: requested?.note ?? "" };
  if (requested !== undefined) return requested;
  if (hasCopy && offsets?.needsSnapshot !== true) return undefined;
  return { cause: (offsets?.rebase ?? null) === null ? "first" : "rebased", note: "" };
}

/** Returns why the run of time from `from` to `to` is a snapshot, if it has a time of `fullEvery`. */
export function recurringSnapshot(spec: ScheduleSpec, from: EpochMs, to: EpochMs): RunSnapshot | undefined {
  const { fullEvery, timezone, startTime } = spec;
  if (!hasSnapshots(spec) || fullEvery == null) return undefined;
  const time = compileTrigger(fullEvery, timezone, { startTime }).previous(to + 1);
  return time !== undefined && time > from ? { cause: "recurring", note: "" } : undefined;
}

/**
 * Returns the interval of a run that a person has asked for while nothing is owed, such as a snapshot: it ends now, by the delay after
 * which data are there. `undefined` if the schedule has ended, or nothing of the interval is over.
 */
export function intervalUntil(
  grid: Grid,
  { delayMs }: Pick<ScheduleSpec, "delayMs">,
  from: EpochMs,
  now: EpochMs,
): NominalInterval | undefined {
  const next = grid.next(from);
  const upper = Math.min(now - delayMs, next?.upper ?? Number.NEGATIVE_INFINITY);
  return upper > from ? { lower: from, upper, scheduledTime: upper } : undefined;
}
