import { STATUS_CODES } from "node:http";
import { OperatorError } from "@tidegate/core";
import { type HttpAnswer, oneLine, retryAfterMs } from "@tidegate/rest-client";
import { OpenSubmission } from "./open-submission.js";

/** The service is busy; the same request may succeed later. */
const BUSY: ReadonlySet<number> = new Set([408, 423, 425, 429]);

/** Credentials are missing or wrong; they are read again for the next attempt. */
const DENIED: ReadonlySet<number> = new Set([401, 403, 407]);

/** Lookup responses that mean "there is no such job". */
const ABSENT: ReadonlySet<number> = new Set([404, 410]);

export function isAbsent({ status }: HttpAnswer): boolean {
  return ABSENT.has(status);
}

/**
 * Returns the error for a refused submission. An `OperatorError` means that the job was certainly not taken.
 * Otherwise that is unknown: a 5xx may come from a gateway that lost a service which had taken it, and a
 * service responds 409 while it works on an earlier request with the same `Idempotency-Key`. Both carry the
 * wait that `Retry-After` asks for, and a refusal that asks for a retry is not the job's fault, whatever its
 * status.
 *
 * @param reason - the service's own words, redacted
 */
export function submissionRefusal(answer: HttpAnswer, reason: string | undefined, now: number): Error {
  const { status } = answer;
  const field = "job.url";
  const told = `${field}: the service answered ${describeStatus(answer, now)}${said(reason)}`;
  if (status < 400) {
    return new OperatorError("JOB_INVALID", `${told} Redirects are not followed; give the final address.`, {
      field,
    });
  }
  const wait = retryAfterMs(answer.headers, now);
  const advice = wait === undefined ? {} : { retryAfterMs: wait };
  if (status >= 500 || status === 409) {
    return new OpenSubmission(`${told} Whether it took the job is not known.`, advice);
  }
  if (DENIED.has(status)) {
    return new OperatorError("JOB_FAILED", `${told} Look at job.secretRef and job.auth.`, {
      field,
      ...advice,
    });
  }
  const isTemporary = BUSY.has(status) || wait !== undefined;
  return new OperatorError(isTemporary ? "JOB_FAILED" : "JOB_INVALID", told, { field, ...advice });
}

/** Returns a status, its name, and the wait that the service asks for. */
export function describeStatus(answer: HttpAnswer, now: number): string {
  const name = STATUS_CODES[answer.status] ?? "unknown status";
  const waitMs = retryAfterMs(answer.headers, now);
  const wait = waitMs === undefined ? "" : `, to be tried again in ${Math.ceil(waitMs / 1_000)} s`;
  return `${answer.status} (${name}${wait})`;
}

function said(reason: string | undefined): string {
  return reason === undefined ? "." : `: ${oneLine(reason)}`;
}
