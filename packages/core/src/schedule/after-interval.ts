import type { EpochMs } from "../clock/clock.js";
import { DAY_MS, dayNumberAt } from "../trigger/civil.js";
import type { Zone } from "../trigger/zone/zone.js";

/**
 * An instant after a run's interval: so long after its end (`afterMs`), or at a local time of the day on which
 * it ends (`at`, in the schedule's zone), `days` later.
 */
export type AfterInterval =
  | { readonly afterMs: number }
  | {
      /** `HH:MM` or `HH:MM:SS`, from `00:00` to `23:59:59`. */
      readonly at: string;
      /** Whole days, 0 to 366. @default 0 */
      readonly days?: number;
    };

/** The form of `AfterInterval`'s `at`. */
export const LOCAL_TIME = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/;

/**
 * Returns the instant for an interval that ends at `upper`, epoch ms. A local time that does not exist on its
 * day is the first instant after the gap; one that comes twice is the first.
 */
export function instantAfter(after: AfterInterval, upper: EpochMs, zone: Zone): EpochMs {
  if ("afterMs" in after) return upper + after.afterMs;
  const [hours = 0, minutes = 0, seconds = 0] = after.at.split(":").map(Number);
  const day = dayNumberAt(zone.toLocal(upper)) + (after.days ?? 0);
  return zone.toInstant(day * DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1_000);
}
