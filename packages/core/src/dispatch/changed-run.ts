import type { Run } from "../run/run.js";
import { placementAfter } from "../store/placement.js";
import type { RunChange } from "../store/run-queue.js";

/** Returns the run as a change leaves it, before its lane admits others. */
export function changedRun(run: Run, change: RunChange): Run {
  const {
    id: _id,
    from: _from,
    token: _token,
    unlessClaimedSince: _claim,
    at: _at,
    attemptRecord,
    ...set
  } = change;
  return {
    ...run,
    ...set,
    ...placementAfter(run, change),
    history: attemptRecord === undefined ? run.history : [...run.history, attemptRecord],
  };
}
