import type { RunState } from "./run.js";

/** The states of runs that have not ended: see `isEnded`. */
export const OPEN_RUN_STATES = ["PLANNED", "SUBMITTING", "RUNNING"] as const satisfies readonly RunState[];

/** The states of runs that have ended. */
export const ENDED_RUN_STATES = [
  "SUCCEEDED",
  "FAILED",
  "CANCELLED",
  "SKIPPED",
] as const satisfies readonly RunState[];

/** Returns whether a run in this state has ended. A failed run may be retried, a skipped one backfilled. */
export function isEnded(state: RunState): boolean {
  return (ENDED_RUN_STATES as readonly RunState[]).includes(state);
}
