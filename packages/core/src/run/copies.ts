import type { Run } from "./run.js";

/** States of a run after a snapshot that keep it from being made again: the copy would replace their rows. */
export const FOLLOWING_STATES = ["PLANNED", "SUBMITTING", "RUNNING", "SUCCEEDED"] as const;

/**
 * Returns whether a run begins before the end of a snapshot, which has its rows already or is about to read them: its
 * own would be written beside the copy.
 *
 * @param snapshot - the newest one that stands
 */
export function isBehind(
  run: Pick<Run, "id" | "lower">,
  snapshot: Pick<Run, "id" | "upper"> | undefined,
): boolean {
  return snapshot !== undefined && run.id !== snapshot.id && run.lower < snapshot.upper;
}

/**
 * Returns whether a run that is retried still goes before a snapshot: both are of the lane, and the snapshot waits in it
 * for its turn, such as behind that run. The lane must have one place at most, and not let it be overtaken.
 */
export function goesBefore(
  run: Pick<Run, "kind" | "lower">,
  snapshot: Pick<Run, "kind" | "lower" | "place">,
): boolean {
  const isOfLane = run.kind === "SCHEDULED" && snapshot.kind === "SCHEDULED";
  return isOfLane && snapshot.place === "waiting" && run.lower < snapshot.lower;
}

/**
 * Returns the open runs beside which a snapshot is not made again: runs of a lane with one place are carried out one
 * after the other.
 */
export function rivalsInLane(laneWidth: number): "beside" | "any" {
  return laneWidth > 1 ? "any" : "beside";
}
