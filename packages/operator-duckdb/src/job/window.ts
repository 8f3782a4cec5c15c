import type { Interval } from "@tidegate/core";
import { MAIN_PARTITION } from "@tidegate/core/offset";
import { FIRST_INSTANT, type OfflineJobRequest } from "@tidegate/core/operator";
import { invalidJob, offsetRangeOf, timeBoundsOf } from "@tidegate/operator-kit";

/** The interval that a run stands for, and whether its result replaces the whole target or one interval of it. */
export interface Window extends Interval {
  readonly isFull: boolean;
  /** The positions that the run reads. @default it reads by time */
  readonly positions?: Positions;
}

/** A half-open range of positions. */
export interface Positions {
  /** Inclusive; `undefined` for the beginning of the source. */
  readonly lower: string | undefined;
  /** Exclusive. */
  readonly upper: string;
}

/**
 * Returns the window of a request.
 *
 * @throws OperatorError JOB_INVALID for bounds that are neither times nor positions of one partition
 */
export function windowOf(request: OfflineJobRequest): Window {
  const isFull = request.mode === "full";
  if (request.boundaryType !== "OFFSET") return { ...timeBoundsOf(request), isFull };
  const { interval } = request;
  if (interval === undefined) throw invalidJob("interval", "is needed with boundaryType OFFSET");
  const lower = isFull ? FIRST_INSTANT : interval.lower;
  return { lower, upper: interval.upper, isFull, positions: positionsOf(request) };
}

function positionsOf(request: OfflineJobRequest): Positions {
  const { lower, upper } = offsetRangeOf(request);
  for (const [field, vector] of Object.entries({ lowerBound: lower, upperBound: upper })) {
    const other = Object.keys(vector).find((partition) => partition !== MAIN_PARTITION);
    if (other !== undefined) throw invalidJob(field, `must have the partition ${MAIN_PARTITION} alone`);
  }
  const end = upper[MAIN_PARTITION];
  if (end === undefined) throw invalidJob("upperBound", `must have the partition ${MAIN_PARTITION}`);
  return { lower: lower[MAIN_PARTITION], upper: end };
}
