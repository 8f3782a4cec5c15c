import { LAST_INSTANT } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import type { Run } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import { readModeOf } from "./request.js";

type Begun = Pick<Run, "generation" | "kind" | "lower" | "offsets" | "snapshot" | "upper">;

/** All time of a ledger. */
export const ALL_TIME: Interval = { lower: Number.MIN_SAFE_INTEGER, upper: LAST_INSTANT };

/**
 * Returns the time whose earlier runs may have left jobs that write what a run writes; `undefined` if none may. A full copy
 * writes what all runs before it do, and earlier readings of a source may have read the same positions. Pure.
 */
export function timeOfMetJobs(run: Begun, spec: ScheduleSpec): Interval | undefined {
  const { generation, kind, lower, upper } = run;
  if (readModeOf(run, spec) === "full" || isRebased(run)) return { lower: Number.MIN_SAFE_INTEGER, upper };
  return kind !== "SCHEDULED" || generation > 0 ? { lower, upper } : undefined;
}

/** Returns whether a run of that time may write what another one writes: increments of one reading write rows of their own. Pure. */
export function mayMeet(run: Begun, spec: ScheduleSpec, other: Begun): boolean {
  if (!isRebased(run) || readModeOf(run, spec) === "full" || other.upper > run.lower) return true;
  return other.offsets !== null && other.offsets.epoch < run.offsets.epoch;
}

/** Returns whether a run reads its source after a rebase. */
function isRebased<R extends Begun>(run: R): run is R & { readonly offsets: NonNullable<Run["offsets"]> } {
  return run.offsets !== null && run.offsets.epoch > 1;
}
