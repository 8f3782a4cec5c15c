/**
 * Where a run stands. Runs of kind `SCHEDULED` stand in their group's live lane, the queue that the overlap
 * policy makes. A lane has a width: how many of its runs may be admitted at once; 0 while the schedule is
 * paused.
 *
 * - `waiting`: planned, and not admitted to the lane yet;
 * - `gated`: admitted, and held by a gate;
 * - `ready`: admitted, and may be claimed, now or when its next attempt is due;
 * - `active`: claimed, under a lease;
 * - `blocking`: failed, and nothing behind it is admitted;
 * - `none`: has ended.
 *
 * A run beside the lane (`BACKFILL`, `MANUAL`) neither waits nor blocks.
 */
export type Place = "waiting" | "gated" | "ready" | "active" | "blocking" | "none";

/**
 * Returns whether a run in this place has been admitted and has not ended. In a lane it takes one of the
 * places.
 */
export function isAdmitted(place: Place): boolean {
  return place === "gated" || place === "ready" || place === "active";
}
