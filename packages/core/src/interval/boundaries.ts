import { type EpochMs, LAST_INSTANT } from "../clock/clock.js";

/** Measure of a data interval: time, or positions in the source. */
export type BoundaryType = "TIME" | "OFFSET";

/** The lower bound of an interval that has no beginning: everything up to its upper bound. */
export const BEGINNING = "beginning";

/**
 * A half-open data interval `[lowerBound, upperBound)` as sent to a job.
 *
 * Bounds are strings, like InLong's: for `TIME` epoch milliseconds in decimal, for `OFFSET` the positions
 * by partition, as canonical JSON (`offsetText`). The lower bound may also be `beginning`.
 */
export interface Boundaries {
  /** Measure of the interval. */
  readonly boundaryType: BoundaryType;
  /** Inclusive lower bound, or `beginning`. */
  readonly lowerBound: string;
  /** Exclusive upper bound. */
  readonly upperBound: string;
}

/** A half-open interval of time `[lower, upper)` in epoch ms. Empty if both are equal. */
export interface Interval {
  readonly lower: EpochMs;
  readonly upper: EpochMs;
}

/** Returns whether two intervals have the same bounds. */
export function isSameInterval(a: Interval, b: Interval): boolean {
  return a.lower === b.lower && a.upper === b.upper;
}

/** The first instant of a `Date`, epoch ms: where `beginning` lies in comparisons of instants. */
export const FIRST_INSTANT: EpochMs = -LAST_INSTANT;

/** Returns the boundaries of an interval of time. */
export function timeBoundaries({
  lower,
  upper,
}: {
  readonly lower: EpochMs | typeof BEGINNING;
  readonly upper: EpochMs;
}): Boundaries {
  return { boundaryType: "TIME", lowerBound: String(lower), upperBound: String(upper) };
}

const DECIMAL = /^-?\d{1,16}$/;

/**
 * Returns the instant of a bound, epoch ms; the first instant of a `Date` for `beginning`, and `undefined` if
 * the text is not an instant.
 */
export function instantOfBound(bound: string): EpochMs | undefined {
  if (bound === BEGINNING) return FIRST_INSTANT;
  const value = DECIMAL.test(bound) ? Number(bound) : Number.NaN;
  return Math.abs(value) <= LAST_INSTANT ? value : undefined;
}
