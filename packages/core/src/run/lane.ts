import type { RunState } from "./run.js";

/** Returns whether a run in this state has ended. A failed run may be retried, a skipped one backfilled. */
export function isEnded(state: RunState): boolean {
  return state === "SUCCEEDED" || state === "FAILED" || state === "CANCELLED" || state === "SKIPPED";
}
