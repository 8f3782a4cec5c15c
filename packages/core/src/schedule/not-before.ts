import type { EpochMs } from "../clock/clock.js";
import { DAY_MS, dayNumberAt } from "../trigger/civil.js";
import type { Zone } from "../trigger/zone/zone.js";

/**
 * The earliest start of a run: so long after the end of its interval (`afterMs`), or at a local time of the
 * day on which its interval ends (`at`, in the schedule's zone), `days` later.
 */
export type NotBefore =
  | { readonly afterMs: number }
  | {
      /** `HH:MM` or `HH:MM:SS`, from `00:00` to `23:59:59`. */
      readonly at: string;
      /** Whole days, 0 to 366. @default 0 */
      readonly days?: number;
    };

/** The form of `NotBefore.at`. */
export const LOCAL_TIME = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/;

/**
 * Returns the earliest start of a run whose interval ends at `upper`, epoch ms. A local time that does not
 * exist on its day is the first instant after the gap; one that comes twice is the first.
 */
export function earliestStart(notBefore: NotBefore, upper: EpochMs, zone: Zone): EpochMs {
  if ("afterMs" in notBefore) return upper + notBefore.afterMs;
  const [hours = 0, minutes = 0, seconds = 0] = notBefore.at.split(":").map(Number);
  const day = dayNumberAt(zone.toLocal(upper)) + (notBefore.days ?? 0);
  return zone.toInstant(day * DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1_000);
}
