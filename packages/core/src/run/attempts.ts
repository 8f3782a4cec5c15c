import type { Run } from "./run.js";

/** Returns the ordinal of the attempt that a run is in, over all retries, 1 for the first. */
export function attemptOrdinal({ history }: Pick<Run, "history">): number {
  return history.length + 1;
}

/** Returns whether an attempt of a run is in progress. */
export function isAttempted({ state }: Pick<Run, "state">): boolean {
  return state === "SUBMITTING" || state === "RUNNING";
}

/** Returns how many attempts of a run have begun, over all retries. */
export function attemptsBegun(run: Run): number {
  const { state, attempt, submittedAt, history } = run;
  if (isAttempted(run) || (state === "SUCCEEDED" && attempt > 0)) return attemptOrdinal(run);
  // A run that ended while it waited for an attempt was in none.
  const wasInOne = (state === "FAILED" || state === "CANCELLED") && attempt > 0;
  const isRecorded = history.length > 0 && history.at(-1)!.submittedAt === submittedAt;
  return wasInOne && !isRecorded ? attemptOrdinal(run) : history.length;
}
