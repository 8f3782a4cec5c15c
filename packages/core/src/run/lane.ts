import type { Run, RunState } from "./run.js";

/**
 * Where a run stands in its group's live lane, the queue that the overlap policy makes. A lane has a width: how many of
 * its runs may be admitted at once; 0 while the schedule is paused.
 *
 * - `waiting`: planned, without a place;
 * - `admitted`: may be claimed, is active, or waits for its next attempt;
 * - `blocking`: failed, and nothing behind it is admitted;
 * - `none`: has ended, or is of a kind that has no part in the lane (`BACKFILL`, `MANUAL`).
 */
export type LanePlace = "waiting" | "admitted" | "blocking" | "none";

/** The place that a run's fields say it has. */
export function lanePlace(run: Pick<Run, "kind" | "state" | "wakeAt" | "isBlocking">): LanePlace {
  if (run.kind !== "SCHEDULED") return "none";
  if (run.isBlocking) return "blocking";
  if (isEnded(run.state)) return "none";
  return run.wakeAt === null ? "waiting" : "admitted";
}

/** Whether a run in this state has come to its end. A failed run may be retried, a skipped one backfilled. */
export function isEnded(state: RunState): boolean {
  return state === "SUCCEEDED" || state === "FAILED" || state === "CANCELLED" || state === "SKIPPED";
}
