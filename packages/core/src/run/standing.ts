import type { RunState } from "./run.js";

/**
 * States in which a run stands for its interval: it is doing it, has done it, or has failed at it. One that was skipped or
 * cancelled leaves its interval open.
 */
export const STANDING_STATES = ["PLANNED", "SUBMITTING", "RUNNING", "SUCCEEDED", "FAILED"] as const;

/** Whether a run in this state stands for its interval. */
export function isStanding(state: RunState): boolean {
  return state !== "SKIPPED" && state !== "CANCELLED";
}
