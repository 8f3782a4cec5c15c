import { OperatorError } from "@tidegate/core";
import { NoAnswer } from "../http/exchange.js";
import { MalformedAnswer, oneLine } from "./answer.js";
import { Refused } from "./protocol.js";
import type { Target } from "./target.js";

/** A question about a job that got no usable answer; it may be asked again. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
  /** What the service asks to wait, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: { readonly retryAfterMs?: number; readonly cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** What a failed submission throws: an `OperatorError` only where the job was certainly not taken. */
export function submissionFailure(error: unknown, { field }: Target): unknown {
  if (error instanceof Refused) {
    return new OperatorError("JOB_FAILED", `${field}: the service refused: ${oneLine(error.message)}`, {
      field,
    });
  }
  if (error instanceof MalformedAnswer) {
    return new Error(`${field}: the service took the job, but its answer ${error.message}.`);
  }
  if (!(error instanceof NoAnswer)) return error;
  const cause = causeOf(error);
  return error.isSent
    ? new Error(`${field}: ${describe(error)}; whether the service took the job is not known.`, { cause })
    : new OperatorError("JOB_FAILED", `${field}: ${describe(error)}; nothing was sent.`, { field, cause });
}

/** What a failed question throws. */
export function questionFailure(error: unknown, { field }: Target): unknown {
  if (error instanceof Refused)
    return new Unanswered(`${field}: the service refused: ${oneLine(error.message)}`);
  if (error instanceof MalformedAnswer) return new Unanswered(`${field}: the answer ${error.message}.`);
  if (!(error instanceof NoAnswer)) return error;
  return new Unanswered(`${field}: ${describe(error)}.`, { cause: causeOf(error) });
}

/** Codes say enough: the texts of connection errors tell addresses of the manager's network. */
function describe({ cause }: NoAnswer): string {
  const { code } = cause as NodeJS.ErrnoException;
  return code === undefined ? cause.message : `the connection failed (${code})`;
}

/** The connection's error, unless it holds what was received, which may be what was sent. */
function causeOf({ cause }: NoAnswer): Error | undefined {
  return "data" in cause ? undefined : cause;
}
