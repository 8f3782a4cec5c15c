import { type Interval, isSameInterval } from "../interval/boundaries.js";
import { isEnded } from "./lane.js";
import type { Run, RunState } from "./run.js";

/**
 * States in which a run stands for its interval: it is processing it, has processed it, or has failed at it.
 * A skipped or cancelled run leaves its interval open.
 */
export const STANDING_STATES = ["PLANNED", "SUBMITTING", "RUNNING", "SUCCEEDED", "FAILED"] as const;

/** Returns whether a run in this state stands for its interval. */
export function isStanding(state: RunState): boolean {
  return state !== "SKIPPED" && state !== "CANCELLED";
}

/**
 * Returns whether an interval may be run beside the live schedule, given all runs that stand for any of its
 * time, and those that nothing covers yet: the live schedule is about to. None of them may be in progress,
 * and only a re-run of an interval that itself stands may overlap others.
 */
export function mayRunBeside(
  interval: Interval,
  standing: readonly Pick<Run, "lower" | "upper" | "state">[],
): boolean {
  // Of cancelled runs, only those that nothing covers are given.
  if (standing.some(({ state }) => !isEnded(state) || state === "CANCELLED")) return false;
  return standing.length === 0 || standing.some((run) => isSameInterval(run, interval));
}

/**
 * Returns whether an ended run may be executed again, given all other runs that stand for any of its time.
 */
export function mayBeRevived(
  run: Pick<Run, "lower" | "upper" | "isSuperseded">,
  standing: readonly Interval[],
): boolean {
  return !run.isSuperseded && standing.every((other) => isSameInterval(other, run));
}
