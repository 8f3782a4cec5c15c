import type { EpochMs } from "@tidegate/core";
import { BEGINNING, instantOfBound, type OfflineJobRequest } from "@tidegate/core/operator";
import { invalidJob } from "../parse-job.js";
import { type BoundPlaceholder, isPositionFormat, nameOf, type Placeholder } from "./placeholder.js";
import { positionText } from "./position-text.js";
import { sqlString } from "./sql-string.js";
import { dateText, epochSeconds, isoText, partText, timestampText, zonedTimestampText } from "./time-text.js";

/** Values for placeholders. */
export interface Filling {
  readonly request: Pick<
    OfflineJobRequest,
    "boundaryType" | "lowerBound" | "upperBound" | "interval" | "scheduledTime" | "groupId" | "runId"
  >;
  /** The IANA time zone of dates and timestamps. */
  readonly timezone: string;
}

/**
 * Returns the text of a placeholder; a secret has none that could be known here. If the boundaries are positions, a time
 * is that of the interval that the run stands for.
 *
 * @param field - where it stands, for errors
 * @throws OperatorError JOB_INVALID if the request cannot supply it, such as a time of an interval of offsets
 */
export function placeholderText(
  placeholder: Exclude<Placeholder, { kind: "secret" }>,
  { request, timezone }: Filling,
  field: string,
): string {
  if (placeholder.kind === "bound") return boundText(placeholder, { request, timezone }, field);
  if (placeholder.name === "runId") return request.runId;
  return placeholder.name === "groupId" ? request.groupId : quoted(request.groupId, field);
}

function boundText(placeholder: BoundPlaceholder, { request, timezone }: Filling, field: string): string {
  const { bound, format } = placeholder;
  if (isPositionFormat(format)) {
    if (request.boundaryType !== "OFFSET" || bound === "scheduled")
      throw misplaced(placeholder, request, field);
    return positionText(bound, format, request, field);
  }
  const at = instantOf(placeholder, request, field);
  switch (format) {
    case "timestamp":
      return timestampText(at, timezone);
    case "timestamptz":
      return zonedTimestampText(at, timezone);
    case "iso":
      return isoText(at);
    case "date":
      return dateText(at, timezone);
    case "year":
    case "month":
    case "day":
    case "hour":
    case "minute":
      return partText(at, format, timezone);
    case "epochMs":
      return String(at);
    case "unsignedMs":
      return String(Math.max(at, 0));
    case "epochS":
      return String(epochSeconds(at));
  }
}

/**
 * Returns the instant of a placeholder, epoch ms.
 *
 * @throws OperatorError JOB_INVALID if the request has no such time
 */
export function instantOf(
  placeholder: BoundPlaceholder,
  request: Filling["request"],
  field: string,
): EpochMs {
  const { bound } = placeholder;
  if (bound === "scheduled") return request.scheduledTime;
  const given = bound === "lower" ? request.lowerBound : request.upperBound;
  const isOffset = request.boundaryType === "OFFSET";
  if (isOffset && request.interval === undefined) throw misplaced(placeholder, request, field);
  // In mode `full` a run stands for all time up to its end, so that the next one replaces it.
  const at = isOffset && given !== BEGINNING ? request.interval![bound] : instantOfBound(given);
  if (at !== undefined) return at;
  throw invalidJob(field, "the bound is not an instant in epoch ms");
}

function misplaced(placeholder: BoundPlaceholder, { boundaryType }: Filling["request"], field: string) {
  return invalidJob(field, `{{${nameOf(placeholder)}}} does not go with boundaries of type ${boundaryType}`);
}

function quoted(groupId: string, field: string): string {
  const text = sqlString(groupId);
  if (text !== undefined) return text;
  throw invalidJob(field, "the groupId has characters that SQL dialects read in different ways");
}
