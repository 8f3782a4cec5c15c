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
 * DuckDB's kinds of error that another attempt would meet again. They lie in the job's text, which names what does not
 * exist, is not SQL, or may not be done; or in the data, which is malformed or does not fit. All others (I/O, memory) may
 * be gone at the next attempt.
 */
const LASTING_ERRORS = new Set([
  "Binder",
  "Catalog",
  "Constraint",
  "Conversion",
  "Divide by Zero",
  "Invalid Input",
  "Invalid type",
  "Mismatch Type",
  "Not implemented",
  "Out of Range",
  "Parser",
  "Permission",
  "Syntax",
]);

/** Files that end too early may be on their way still. */
const UNFINISHED_FILE =
  /unexpected end of data|No magic bytes found at end of file|too small to be a Parquet file/;
const LASTING_MESSAGE = /Parquet files do not support/;

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
  const isLasting = kind !== undefined && LASTING_ERRORS.has(kind) && !UNFINISHED_FILE.test(message);
  const isRetryable = !isLasting && !LASTING_MESSAGE.test(message);
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
