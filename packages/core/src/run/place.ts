import type { RunKind } from "../job/run-kind.js";

/**
 * The standing of a run. Runs of kind `SCHEDULED` stand in their group's live lane, the queue that the overlap
 * policy makes. A lane has a width: how many of its runs may be ready or active at once; 0 while the schedule
 * is paused.
 *
 * - `waiting`: planned, and not admitted to the lane yet;
 * - `gated`: its turn has come, and a gate holds it; it takes no place of the lane's width;
 * - `ready`: has a place, and may be claimed, now or when its next attempt is due;
 * - `active`: claimed, under a lease;
 * - `blocking`: failed, and nothing behind it is admitted;
 * - `none`: has ended.
 *
 * A run beside the lane (`BACKFILL`, `MANUAL`) neither waits nor blocks, except that a backfill's waits while
 * the lane's width is 0.
 */
export type Place = "waiting" | "gated" | "ready" | "active" | "blocking" | "none";

/** Returns whether a run in this place takes one of its lane's places. */
export function isAdmitted(place: Place): boolean {
  return place === "ready" || place === "active";
}

/** Returns whether a planned run beside the lane waits all the same: a pause starts nothing of a backfill. */
export function isHeldBeside(kind: RunKind, laneWidth: number): boolean {
  return kind === "BACKFILL" && laneWidth === 0;
}
