import { instantOfBound, type OfflineJobRequest } from "@tidegate/core/operator";
import { offsetIn } from "../bounds.js";
import { invalidJob } from "../parse-job.js";
import { type BoundPlaceholder, nameOf, type Placeholder } from "./placeholder.js";
import { sqlString } from "./sql-string.js";
import { dateText, epochSeconds, isoText, partText, timestampText, zonedTimestampText } from "./time-text.js";

/** Values for placeholders. */
export interface Filling {
  readonly request: Pick<
    OfflineJobRequest,
    "boundaryType" | "lowerBound" | "upperBound" | "scheduledTime" | "groupId" | "runId"
  >;
  /** The IANA time zone of dates and timestamps. */
  readonly timezone: string;
}

/**
 * Returns the text of a placeholder; a secret has none that could be known here.
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
  const isOffset = bound !== "scheduled" && request.boundaryType === "OFFSET";
  if ((format === "offset") !== isOffset) {
    const problem = `{{${nameOf(placeholder)}}} does not go with boundaries of type ${request.boundaryType}`;
    throw invalidJob(field, problem);
  }
  const given = givenText(bound, request);
  if (format === "offset") return required(offsetIn(given), field, "an offset").toString();
  const at = required(instantOfBound(given), field, "an instant in epoch ms");
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

function givenText(bound: BoundPlaceholder["bound"], request: Filling["request"]): string {
  if (bound === "scheduled") return String(request.scheduledTime);
  return bound === "lower" ? request.lowerBound : request.upperBound;
}

function required<T>(value: T | undefined, field: string, wanted: string): T {
  if (value !== undefined) return value;
  throw invalidJob(field, `the bound is not ${wanted}`);
}

function quoted(groupId: string, field: string): string {
  const text = sqlString(groupId);
  if (text !== undefined) return text;
  throw invalidJob(field, "the groupId has characters that SQL dialects read in different ways");
}
