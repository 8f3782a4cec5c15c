import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import type { Schedule } from "./schedule.js";

/**
 * Returns whether any of an interval is sealed. Time before the ledger's beginning was never part of it.
 *
 * @param through - where the sealed time ends, epoch ms; `null` if nothing is sealed
 */
export function isSealed(
  { origin }: Pick<Schedule, "origin">,
  { lower, upper }: Interval,
  through: EpochMs | null,
): boolean {
  return through !== null && upper > origin && lower < through;
}
