import type { RunState } from "./run.js";

/** The states of runs that have not ended: see `isEnded`. */
export const OPEN_RUN_STATES = ["PLANNED", "SUBMITTING", "RUNNING"] as const satisfies readonly RunState[];

/** Returns whether a run in this state has ended. A failed run may be retried, a skipped one backfilled. */
export function isEnded(state: RunState): boolean {
  return state === "SUCCEEDED" || state === "FAILED" || state === "CANCELLED" || state === "SKIPPED";
}
