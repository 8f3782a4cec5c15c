import { EARLIEST, type Interval, type OfflineJobRequest } from "@tidegate/core";
import { invalidJob } from "./parse-job.js";

/** The part of a request that names its interval. */
type Bounded = Pick<OfflineJobRequest, "boundaryType" | "lowerBoundary" | "upperBoundary">;

/** A request's interval: epoch milliseconds, or positions of a source. */
export interface Bounds {
  readonly boundaryType: OfflineJobRequest["boundaryType"];
  readonly lower: bigint;
  readonly upper: bigint;
}

const OFFSET = /^-?\d{1,40}$/;
const INSTANT = /^-?\d{1,16}$/;

/** The last instant of ECMAScript, epoch ms; `EARLIEST` is the first. */
const LATEST = -EARLIEST;

/**
 * Returns the bounds of a request.
 *
 * @throws OperatorError JOB_INVALID for bounds that are not whole numbers, not instants, or reversed
 */
export function boundsOf(request: Bounded): Bounds {
  const { boundaryType } = request;
  const lower = wholeNumber("lowerBoundary", request);
  const upper = wholeNumber("upperBoundary", request);
  if (lower > upper) throw invalidJob("upperBoundary", `${upper} is before the lower bound ${lower}`);
  return { boundaryType, lower, upper };
}

/**
 * Returns the bounds of a request whose operator reads times alone.
 *
 * @throws OperatorError JOB_INVALID for bounds that are not times
 */
export function timeBoundsOf(request: OfflineJobRequest): Interval {
  if (request.boundaryType !== "time") {
    throw invalidJob("boundaryType", `must be time, is ${JSON.stringify(request.boundaryType)}`);
  }
  const { lower, upper } = boundsOf(request);
  return { lower: Number(lower), upper: Number(upper) };
}

/** Returns an offset, or `undefined` if the text is none. */
export function offsetIn(text: string): bigint | undefined {
  return OFFSET.test(text) ? BigInt(text) : undefined;
}

/** Returns an instant, epoch ms, or `undefined` if the text is none. */
export function instantIn(text: string): number | undefined {
  const value = INSTANT.test(text) ? Number(text) : Number.NaN;
  return value >= EARLIEST && value <= LATEST ? value : undefined;
}

function wholeNumber(field: "lowerBoundary" | "upperBoundary", request: Bounded): bigint {
  const text = request[field];
  const isOffset = request.boundaryType === "offset";
  const value = isOffset ? offsetIn(text) : instantIn(text);
  if (value !== undefined) return BigInt(value);
  const wanted = isOffset ? "a whole number" : "epoch ms in decimal";
  throw invalidJob(field, `must be ${wanted}, is ${JSON.stringify(text)}`);
}
