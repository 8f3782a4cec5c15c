import { isTidegateError, type JobMetrics, type JobOutcome, messageOf, OperatorError } from "@tidegate/core";

/** A job that ended badly for a reason that the operator knows. */
export class JobFailure extends OperatorError {
  readonly isRetryable: boolean;
  readonly metrics: JobMetrics | undefined;

  constructor(
    code: "JOB_FAILED" | "JOB_INVALID" | "DIRTY_DATA_LIMIT",
    message: string,
    { isRetryable, metrics }: { readonly isRetryable: boolean; readonly metrics?: JobMetrics },
  ) {
    super(code, message);
    this.isRetryable = isRetryable;
    this.metrics = metrics;
  }
}

/**
 * DuckDB's kinds of error that lie in the job's text: it names what does not exist, is not SQL, or may not be done.
 * All others (I/O, memory, malformed files) may be gone at the next attempt.
 */
const ERRORS_OF_THE_JOB = new Set(["Binder", "Catalog", "Parser", "Syntax", "Permission", "Not implemented"]);

/** What an error that was thrown while a job ran makes of the job. */
export function outcomeOfError(error: unknown, signal: AbortSignal): JobOutcome {
  if (signal.aborted) return outcomeOfAbort(signal.reason);
  if (error instanceof JobFailure) {
    const { code, message, isRetryable, metrics } = error;
    return {
      state: "FAILED",
      error: { code, message },
      isRetryable,
      ...(metrics === undefined ? {} : { metrics }),
    };
  }
  const message = plainMessageOf(error);
  const kind = /^([A-Z][A-Za-z ]*) Error: /.exec(message)?.[1];
  const isRetryable = kind === undefined || !ERRORS_OF_THE_JOB.has(kind);
  return { state: "FAILED", error: { code: "JOB_FAILED", message }, isRetryable };
}

/** An attempt that ran out of time has failed; every other abortion is a cancellation. */
function outcomeOfAbort(reason: unknown): JobOutcome {
  const code = isTidegateError(reason) ? reason.code : "JOB_CANCELLED";
  const state = code === "JOB_TIMED_OUT" ? "FAILED" : "CANCELLED";
  const message = isTidegateError(reason) ? reason.message : "The job was cancelled.";
  return { state, error: { code, message } };
}

/**
 * DuckDB quotes the statement after `LINE 1:`; it may hold what the job's author would not have in a log.
 */
function plainMessageOf(error: unknown): string {
  return messageOf(error)
    .replace(/^(?:Error: )?(?:Failed to extract statements: )?/, "")
    .replace(/\n+LINE \d+:[\s\S]*$/, "")
    .trim();
}
