import type { RunChange } from "@tidegate/core/store";
import { SETS } from "./migrations/0002-places/run-functions.js";

/** Converts a change to the columns that the database's functions read. */
export function changeRow(change: RunChange, no: number): object {
  const { reason, attempt, startedAt, endedAt, jobId, jobAddress, isJobOpen, error, metrics, attemptRecord } =
    change;
  const { scheduleVersion } = change;
  const optional = {
    reason,
    attempt,
    startedAt,
    endedAt,
    jobId,
    jobAddress,
    isJobOpen,
    error,
    metrics,
    scheduleVersion,
  };
  let sets = 0;
  for (const [field, value] of Object.entries(optional))
    if (value !== undefined) sets |= SETS[field as keyof typeof SETS];
  return {
    no,
    id: change.id,
    from: change.from.join(","),
    // Compared alike: with a run that somebody holds, and with one that nobody does.
    token: change.token ?? change.unlessClaimedSince,
    state: change.state,
    at: change.at,
    place: change.place,
    readyAt: change.readyAt,
    ...(change.wait == null ? {} : { wait: JSON.stringify(change.wait) }),
    isBlocking: change.isBlocking,
    sets,
    reason,
    attempt,
    startedAt,
    endedAt,
    jobId,
    jobAddress,
    isJobOpen,
    scheduleVersion,
    ...metrics,
    ...(error == null ? {} : { errorCode: error.code, errorMessage: error.message }),
    ...(attemptRecord === undefined ? {} : { record: JSON.stringify(attemptRecord) }),
  };
}
