import type { OfflineJobRequest } from "@tidegate/core";
import { z } from "zod";
import type { HttpJob } from "../job/job.js";
import { type JobReport, jobReportShape, MalformedAnswer, parseReport, readJson } from "./answer.js";

/** A request that the service answered with a plain no, whatever the status: InLong refuses with 200. */
export class Refused extends Error {
  override readonly name = "Refused";
}

const envelope = z.object({
  success: z.boolean(),
  errMsg: z.string().exactOptional(),
  data: z.unknown().optional(),
});

/** The body of a submission: InLong's four fields first, under its names, then Tidegate's. */
export function submissionBody(request: OfflineJobRequest): string {
  const body: OfflineJobRequest = {
    groupId: request.groupId,
    boundaryType: request.boundaryType,
    lowerBoundary: request.lowerBoundary,
    upperBoundary: request.upperBoundary,
    runId: request.runId,
    idempotencyKey: request.idempotencyKey,
    attempt: request.attempt,
    scheduledTime: request.scheduledTime,
    kind: request.kind,
    mode: request.mode,
    job: request.job,
  };
  return JSON.stringify(body);
}

/**
 * What the body of a 2xx answer says; an empty one says nothing.
 *
 * @throws MalformedAnswer
 * @throws Refused where InLong's envelope says so
 */
export function reportIn(
  text: string,
  protocol: HttpJob["protocol"],
  redact: (text: string) => string,
): JobReport {
  if (protocol === "inlong") return reportInEnvelope(readJson(text, redact));
  return text.trim() === "" ? {} : parseReport(jobReportShape, readJson(text, redact));
}

/** The service's own words about a refusal, where its body holds any. */
export function reasonIn(
  text: string,
  protocol: HttpJob["protocol"],
  redact: (text: string) => string,
): string | undefined {
  try {
    return reportIn(text, protocol, redact).error?.message;
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
