/**
 * Where a run stands. Runs of kind `SCHEDULED` stand in their group's live lane, the queue that the overlap
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
 * A run beside the lane (`BACKFILL`, `MANUAL`) neither waits nor blocks.
 */
export type Place = "waiting" | "gated" | "ready" | "active" | "blocking" | "none";

/** Returns whether a run in this place takes one of its lane's places. */
export function isAdmitted(place: Place): boolean {
  return place === "ready" || place === "active";
}
