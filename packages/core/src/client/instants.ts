import type { Interval } from "../interval/boundaries.js";
import { iso } from "../schedule/instant.js";

export { iso };

/** Returns an interval in ISO 8601, as `[lower, upper)`. */
export function range({ lower, upper }: Interval): string {
  return `[${iso(lower)}, ${iso(upper)})`;
}
