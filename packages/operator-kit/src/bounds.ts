import type { Boundaries, Interval } from "@tidegate/core";
import { type OffsetRange, type OffsetVector, offsetsOf } from "@tidegate/core/offset";
import { BEGINNING, instantOfBound } from "@tidegate/core/operator";
import { invalidJob } from "./parse-job.js";

/** A request's interval: epoch milliseconds, or positions of a source. */
export interface Bounds {
  readonly boundaryType: Boundaries["boundaryType"];
  readonly lower: bigint;
  readonly upper: bigint;
}

const OFFSET = /^-?\d{1,40}$/;

/**
 * Returns the bounds of a request.
 *
 * @throws OperatorError JOB_INVALID for bounds that are not whole numbers, not instants, or reversed
 */
export function boundsOf(request: Boundaries): Bounds {
  const { boundaryType } = request;
  const lower = wholeNumber("lowerBound", request);
  const upper = wholeNumber("upperBound", request);
  if (lower > upper) throw invalidJob("upperBound", `${upper} is before the lower bound ${lower}`);
  return { boundaryType, lower, upper };
}

/**
 * Returns the bounds of a request whose operator reads times alone.
 *
 * @throws OperatorError JOB_INVALID for bounds that are not times
 */
export function timeBoundsOf(request: Boundaries): Interval {
  if (request.boundaryType !== "TIME") {
    throw invalidJob("boundaryType", `must be TIME, is ${JSON.stringify(request.boundaryType)}`);
  }
  const { lower, upper } = boundsOf(request);
  return { lower: Number(lower), upper: Number(upper) };
}

/**
 * Returns the positions of a request by partition. In mode `full` its lower bound has none: each partition is read
 * from its beginning.
 *
 * @throws OperatorError JOB_INVALID for bounds that are not positions
 */
export function offsetRangeOf(request: Boundaries): OffsetRange {
  if (request.boundaryType !== "OFFSET") {
    throw invalidJob("boundaryType", `must be OFFSET, is ${JSON.stringify(request.boundaryType)}`);
  }
  const lower = request.lowerBound === BEGINNING ? {} : vectorOf("lowerBound", request);
  return { lower, upper: vectorOf("upperBound", request) };
}

function vectorOf(field: "lowerBound" | "upperBound", request: Boundaries): OffsetVector {
  const vector = offsetsOf(request[field]);
  if (vector !== undefined) return vector;
  throw invalidJob(field, `must be positions by partition as JSON, is ${JSON.stringify(request[field])}`);
}

/** Returns an offset, or `undefined` if the text is none. */
export function offsetIn(text: string): bigint | undefined {
  return OFFSET.test(text) ? BigInt(text) : undefined;
}

function wholeNumber(field: "lowerBound" | "upperBound", request: Boundaries): bigint {
  const text = request[field];
  const isOffset = request.boundaryType === "OFFSET";
  const value = isOffset ? offsetIn(text) : instantOfBound(text);
  if (value !== undefined) return BigInt(value);
  const wanted = isOffset ? "a whole number" : "epoch ms in decimal or beginning";
  throw invalidJob(field, `must be ${wanted}, is ${JSON.stringify(text)}`);
}
