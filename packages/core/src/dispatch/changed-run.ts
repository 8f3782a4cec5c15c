import type { Run } from "../run/run.js";
import type { RunChange } from "../store/schedule-store.js";

/** The run as a change leaves it. */
export function changedRun(run: Run, change: RunChange): Run {
  const { id: _id, from: _from, token: _token, attemptRecord, givesBack, ...set } = change;
  return {
    ...run,
    ...set,
    history: attemptRecord === undefined ? run.history : [...run.history, attemptRecord],
    isSuperseded: run.isSuperseded || givesBack === true,
  };
}
