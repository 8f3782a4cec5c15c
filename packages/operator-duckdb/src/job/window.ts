import { EARLIEST, type Interval, type OfflineJobRequest } from "@tidegate/core";
import { invalidJob } from "./parse-job.js";

const LATEST = -EARLIEST;
const DECIMAL = /^-?\d{1,16}$/;

/** The interval that a run reads, and whether its result replaces the whole target or one interval of it. */
export interface Window extends Interval {
  readonly isFull: boolean;
}

/**
 * Returns the window of a request.
 *
 * @throws OperatorError JOB_INVALID for bounds that are not times
 */
export function windowOf(request: OfflineJobRequest): Window {
  if (request.boundaryType !== "time") {
    throw invalidJob("boundaryType", `must be time, is ${JSON.stringify(request.boundaryType)}`);
  }
  const lower = instant("lowerBoundary", request.lowerBoundary);
  const upper = instant("upperBoundary", request.upperBoundary);
  if (lower > upper) throw invalidJob("upperBoundary", `${upper} is before the lower bound ${lower}`);
  return { lower, upper, isFull: request.mode === "full" };
}

function instant(field: string, text: string): number {
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (value >= EARLIEST && value <= LATEST) return value;
  throw invalidJob(field, `must be epoch ms in decimal, is ${JSON.stringify(text)}`);
}
