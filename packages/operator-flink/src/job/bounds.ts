import { EARLIEST, type OfflineJobRequest } from "@tidegate/core";
import { DateTime } from "luxon";
import { invalidJob } from "./invalid-job.js";

/** Values for templates: the request's fields, and the time zone for local times. */
export interface Filling {
  readonly boundaryType: "time" | "offset";
  readonly lower: bigint;
  readonly upper: bigint;
  readonly groupId: string;
  readonly runId: string;
  /** An IANA time zone. */
  readonly timeZone: string;
}

/** The formats of a bound. */
export const BOUND_TYPES = [
  "timestamp_ltz",
  "timestamp",
  "date",
  "epoch_ms",
  "unsigned_ms",
  "epoch_s",
  "offset",
] as const;

export type BoundType = (typeof BOUND_TYPES)[number];

const WHOLE_NUMBER = /^-?\d{1,19}$/;

/** SQL timestamps have four-digit years; anything beyond is clamped. */
const FIRST = Date.parse("0001-01-02T00:00:00.000Z");
const LAST = Date.parse("9999-12-30T23:59:59.999Z");

/**
 * @throws OperatorError JOB_INVALID for bounds that are not integers, or not times where times are required
 */
export function fillingOf(request: OfflineJobRequest, timeZone: string): Filling {
  const { boundaryType, groupId, runId } = request;
  const lower = wholeNumber("lowerBoundary", request);
  const upper = wholeNumber("upperBoundary", request);
  if (lower > upper) throw invalidJob("upperBoundary", `${upper} is before the lower bound ${lower}`);
  return { boundaryType, lower, upper, groupId, runId, timeZone };
}

/**
 * Formats a bound as text: `2026-01-01 00:00:00.000`, `2026-01-01`, or an integer. Seconds and dates are
 * rounded down, so that the intervals of a column of such values tile as those of the instants do.
 * `unsigned_ms` is 0 for times before 1970.
 *
 * @throws OperatorError JOB_INVALID if the interval is not of that kind
 */
export function boundText(filling: Filling, bound: "lower" | "upper", type: BoundType): string {
  const value = filling[bound];
  if ((type === "offset") !== (filling.boundaryType === "offset")) {
    throw invalidJob("job", `{${bound}:${type}} does not go with boundaries of type ${filling.boundaryType}`);
  }
  switch (type) {
    case "offset":
    case "epoch_ms":
      return String(value);
    case "unsigned_ms":
      return String(value < 0n ? 0n : value);
    case "epoch_s":
      return String(Math.floor(Number(value) / 1_000));
    case "timestamp_ltz":
      return local(value, "utc", "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'");
    case "timestamp":
      return local(value, filling.timeZone, "yyyy-MM-dd HH:mm:ss.SSS");
    case "date":
      return local(value, filling.timeZone, "yyyy-MM-dd");
  }
}

/** Clamps an instant to what SQL can write, epoch ms. */
export function sqlInstant(value: bigint): number {
  return Math.min(Math.max(Number(value), FIRST), LAST);
}

function local(value: bigint, zone: string, format: string): string {
  return DateTime.fromMillis(sqlInstant(value), { zone }).toFormat(format);
}

function wholeNumber(field: "lowerBoundary" | "upperBoundary", request: OfflineJobRequest): bigint {
  const text = request[field];
  const value = WHOLE_NUMBER.test(text) ? BigInt(text) : undefined;
  const isInRange = request.boundaryType === "offset" || isInstant(value);
  if (value !== undefined && isInRange) return value;
  const wanted = request.boundaryType === "offset" ? "a whole number" : "epoch ms in decimal";
  throw invalidJob(field, `must be ${wanted}, is ${JSON.stringify(text)}`);
}

function isInstant(value: bigint | undefined): boolean {
  return value !== undefined && value >= BigInt(EARLIEST) && value <= BigInt(-EARLIEST);
}
