import type { Interval } from "../interval/boundaries.js";
import { isEnded } from "./lane.js";
import type { Run, RunState } from "./run.js";

/**
 * States in which a run stands for its interval: it is doing it, has done it, or has failed at it. One that was skipped or
 * cancelled leaves its interval open.
 */
export const STANDING_STATES = ["PLANNED", "SUBMITTING", "RUNNING", "SUCCEEDED", "FAILED"] as const;

/** Whether a run in this state stands for its interval. */
export function isStanding(state: RunState): boolean {
  return state !== "SKIPPED" && state !== "CANCELLED";
}

/**
 * Whether the time of an interval may be run beside the live schedule, given all runs that stand for any of it. None may
 * be under way; and only a re-run, of an interval that stands itself, may lie over others.
 */
export function mayRunBeside(
  interval: Interval,
  standing: readonly Pick<Run, "lower" | "upper" | "state">[],
): boolean {
  if (standing.some(({ state }) => !isEnded(state))) return false;
  return standing.length === 0 || standing.some((run) => isSameInterval(run, interval));
}

/** Whether a run that has ended may be carried out again, given all other runs that stand for any of its time. */
export function mayBeRevived(
  run: Pick<Run, "lower" | "upper" | "isSuperseded">,
  standing: readonly Interval[],
): boolean {
  return !run.isSuperseded && standing.every((other) => isSameInterval(other, run));
}

function isSameInterval(a: Interval, b: Interval): boolean {
  return a.lower === b.lower && a.upper === b.upper;
}
