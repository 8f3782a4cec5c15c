import { STATUS_CODES } from "node:http";
import type { Boundaries, BoundaryType } from "@tidegate/core";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import type { HttpAnswer } from "@tidegate/rest-client";
import { z } from "zod";
import type { HttpJob } from "../job/job.js";
import { type JobReport, jobReportShape, MalformedAnswer, parseReport, readJson } from "./answer.js";

/** A request that the service refused outright, whatever the status: InLong refuses with 200. */
export class Refused extends Error {
  override readonly name = "Refused";
}

const envelope = z.object({
  success: z.boolean(),
  errMsg: z.string().exactOptional(),
  data: z.unknown().optional(),
});

/** Body of a submission: InLong's four fields first, under its names, then Tidegate's. */
export interface HttpSubmission extends Omit<OfflineJobRequest, keyof Boundaries> {
  /** Measure of the interval, in InLong's spelling. */
  readonly boundaryType: Lowercase<BoundaryType>;
  /** Inclusive lower bound: epoch ms in decimal for `time`, JSON by partition for `offset`; or `beginning`. */
  readonly lowerBoundary: string;
  /** Exclusive upper bound: epoch ms in decimal for `time`, JSON by partition for `offset`. */
  readonly upperBoundary: string;
}

/** Returns the body of a submission as JSON. */
export function submissionBody(request: OfflineJobRequest): string {
  const body: HttpSubmission = {
    groupId: request.groupId,
    boundaryType: request.boundaryType === "TIME" ? "time" : "offset",
    lowerBoundary: request.lowerBound,
    upperBoundary: request.upperBound,
    runId: request.runId,
    idempotencyKey: request.idempotencyKey,
    attempt: request.attempt,
    scheduledTime: request.scheduledTime,
    kind: request.kind,
    mode: request.mode,
    ...(request.boundaryType === "TIME"
      ? {}
      : { sourceIncarnation: request.sourceIncarnation, interval: request.interval }),
    job: request.job,
  };
  return JSON.stringify(body);
}

/** The part of a response that is read. */
type Words = Pick<HttpAnswer, "status" | "text">;

/**
 * Parses the report in a 2xx response. A body that is empty or repeats the status (`OK`) says nothing.
 *
 * @throws MalformedAnswer
 * @throws Refused if InLong's envelope says so
 */
export function reportIn(
  answer: Words,
  protocol: HttpJob["protocol"],
  redact: (text: string) => string,
): JobReport {
  if (protocol === "status") return {};
  if (protocol === "inlong") return reportInEnvelope(readJson(answer.text, redact));
  const value = repeatsStatus(answer) ? undefined : readJson(answer.text, redact);
  if (deniesSuccess(value))
    throw new MalformedAnswer("says that it is no success in words of another protocol");
  return withState(value === undefined ? {} : parseReport(jobReportShape, value), answer);
}

/** Unknown keys are ignored, but not these: a failure must not pass for success. */
function deniesSuccess(value: unknown): boolean {
  const { success, ok } = Object(value) as { readonly success?: unknown; readonly ok?: unknown };
  return success === false || ok === false;
}

/** Adds the state that a report without one implies, if any. */
function withState(report: JobReport, { status }: Words): JobReport {
  if (report.state !== undefined) return report;
  if (report.error !== undefined) return { ...report, state: "FAILED" };
  // 202 means that the job has been accepted, not that it is done (RFC 9110, 15.3.3).
  return status === 202 ? { ...report, state: "PENDING" } : report;
}

/** Frameworks send the status's name as the body if a handler sends none, as text or as a JSON string. */
function repeatsStatus({ status, text }: Words): boolean {
  const words = text
    .trim()
    .replace(/^"(.*)"$/s, "$1")
    .replace(/[.!]$/, "")
    .toLowerCase();
  return words === "" || words === "ok" || words === STATUS_CODES[status]?.toLowerCase();
}

/** Returns the service's own words about a refusal, if its body holds any. */
export function reasonIn(
  answer: Words,
  protocol: HttpJob["protocol"],
  redact: (text: string) => string,
): string | undefined {
  try {
    return reportIn(answer, protocol, redact).error?.message;
  } catch (error) {
    return error instanceof Refused ? error.message : undefined;
  }
}

/** InLong's `Response`: `data` is `true` for a submission; an object in it is a report. */
function reportInEnvelope(value: unknown): JobReport {
  const { success, errMsg, data } = parseReport(envelope, value);
  if (!success) throw new Refused(errMsg ?? "success is false, without an errMsg");
  if (data === false) throw new Refused("data is false: InLong found nothing to submit");
  if (data === undefined || data === true) return {};
  if (typeof data !== "object") throw new MalformedAnswer("has a bad data: must be true or an object");
  return parseReport(jobReportShape, data);
}
