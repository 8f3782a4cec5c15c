import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";

/** Returns an instant in ISO 8601. */
export function iso(instant: EpochMs): string {
  return new Date(instant).toISOString();
}

/** Returns an interval in ISO 8601, as `[lower, upper)`. */
export function range({ lower, upper }: Interval): string {
  return `[${iso(lower)}, ${iso(upper)})`;
}
