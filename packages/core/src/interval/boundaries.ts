import type { EpochMs } from "../clock/clock.js";

/** Measure of a data interval: time, or positions in the source. */
export type BoundaryType = "TIME" | "OFFSET";

/**
 * A half-open data interval `[lowerBound, upperBound)` as sent to a job.
 *
 * Bounds are strings, like InLong's: epoch milliseconds in decimal for `TIME`.
 */
export interface Boundaries {
  readonly boundaryType: BoundaryType;
  readonly lowerBound: string;
  readonly upperBound: string;
}

/** A half-open interval of time `[lower, upper)` in epoch ms. Empty if both are equal. */
export interface Interval {
  readonly lower: EpochMs;
  readonly upper: EpochMs;
}

/** The earliest ECMAScript date: the lower bound of a run that reads everything. */
export const EARLIEST: EpochMs = -8_640_000_000_000_000;

/** Returns the boundaries of a time interval. */
export function timeBoundaries(interval: Interval): Boundaries {
  return {
    boundaryType: "TIME",
    lowerBound: String(interval.lower),
    upperBound: String(interval.upper),
  };
}
