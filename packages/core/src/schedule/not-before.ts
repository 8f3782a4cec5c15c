import type { EpochMs } from "../clock/clock.js";
import type { Zone } from "../trigger/zone/zone.js";
import { type AfterInterval, instantAfter } from "./after-interval.js";

/**
 * The earliest start of a run: so long after the end of its interval (`afterMs`), or at a local time of the
 * day on which its interval ends (`at`, in the schedule's zone), `days` later.
 */
export type NotBefore = AfterInterval;

/** Returns the earliest start of a run whose interval ends at `upper`, epoch ms. */
export function earliestStart(notBefore: NotBefore, upper: EpochMs, zone: Zone): EpochMs {
  return instantAfter(notBefore, upper, zone);
}
