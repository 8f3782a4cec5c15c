import { OperatorError } from "@tidegate/core";
import { NoAnswer, NotHttp, oneLine, UnreadableBody } from "@tidegate/rest-client";
import { MalformedAnswer } from "./answer.js";
import { OpenSubmission } from "./open-submission.js";
import { Refused } from "./protocol.js";
import type { Target } from "./target.js";

/** A query about a job that got no usable response; it may be repeated. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
  /** The wait that the service asks for, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: { readonly retryAfterMs?: number; readonly cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.retryAfterMs = details.retryAfterMs;
  }
}

/**
 * Returns the error of a failed submission: an `OperatorError` only if the job was certainly not taken.
 *
 * An unreadable 2xx response would be just as unreadable the next time, after the job had been done once
 * more. So it is retried only if the job can be looked up first.
 *
 * @param canFind - the job can be looked up by its key
 */
export function submissionFailure(error: unknown, { field }: Target, canFind: boolean): unknown {
  if (error instanceof Refused) {
    return new OperatorError("JOB_FAILED", `${field}: the service refused: ${oneLine(error.message)}`, {
      field,
    });
  }
  if (isUnreadable(error)) {
    const problem = `${field}: the service took the job, but its answer ${error.message}.`;
    return new OpenSubmission(canFind ? problem : `${problem} ${NOT_REPEATED}`, { isRetryable: canFind });
  }
  if (!(error instanceof NoAnswer)) return error;
  const cause = causeOf(error);
  return error.isSent
    ? new OpenSubmission(`${field}: ${describe(error)}; whether the service took the job is not known.`, {
        cause,
      })
    : new OperatorError("JOB_FAILED", `${field}: ${describe(error)}; nothing was sent.`, { field, cause });
}

/** Advice for an unreadable response. */
const NOT_REPEATED =
  "It is not submitted again, so as not to be done twice. If the service's status says all that it has to say, " +
  'set job.protocol to "status"; if the job can be looked up, give job.findUrl.';

/** Returns the error of a failed query. */
export function questionFailure(error: unknown, { field }: Target): unknown {
  if (error instanceof Refused)
    return new Unanswered(`${field}: the service refused: ${oneLine(error.message)}`);
  if (isUnreadable(error)) return new Unanswered(`${field}: the answer ${error.message}.`);
  if (!(error instanceof NoAnswer)) return error;
  return new Unanswered(`${field}: ${describe(error)}.`, { cause: causeOf(error) });
}

function isUnreadable(error: unknown): error is MalformedAnswer | UnreadableBody {
  return error instanceof MalformedAnswer || error instanceof UnreadableBody;
}

/** Codes say enough: the texts of connection errors reveal addresses of the manager's network. */
function describe({ cause, code }: NoAnswer): string {
  return code === undefined ? cause.message : `the connection failed (${code})`;
}

/** Returns the connection's error, if it says more than its code. */
function causeOf({ cause }: NoAnswer): Error | undefined {
  return cause instanceof NotHttp ? undefined : cause;
}
