import type { EpochMs } from "../clock/clock.js";

/** What a data interval is measured in: time, or positions of the source. */
export type BoundaryType = "TIME" | "OFFSET";

/**
 * A half-open data interval `[lowerBound, upperBound)` as it is sent to a job.
 *
 * Bounds are strings, as InLong's: epoch milliseconds in decimal for `TIME`.
 */
export interface Boundaries {
  readonly boundaryType: BoundaryType;
  readonly lowerBound: string;
  readonly upperBound: string;
}

/** A half-open interval of time `[lower, upper)` in epoch ms. Empty where both are equal. */
export interface Interval {
  readonly lower: EpochMs;
  readonly upper: EpochMs;
}

/** The earliest instant that a date can have (ECMAScript's): the lower bound of a run that reads everything. */
export const EARLIEST: EpochMs = -8_640_000_000_000_000;

/** The boundaries of a time interval. */
export function timeBoundaries(interval: Interval): Boundaries {
  return {
    boundaryType: "TIME",
    lowerBound: String(interval.lower),
    upperBound: String(interval.upper),
  };
}
