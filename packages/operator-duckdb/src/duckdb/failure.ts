import { isTidegateError, OperatorError } from "@tidegate/core";
import type { JobMetrics, JobOutcome } from "@tidegate/core/operator";
import { messageOf } from "@tidegate/core/plugin";

/** A job failure whose cause the operator knows. */
export class JobFailure extends OperatorError {
  readonly isRetryable: boolean;
  readonly metrics: JobMetrics | undefined;

  constructor(
    code: "JOB_FAILED" | "JOB_INVALID" | "DIRTY_DATA_LIMIT" | "SCHEMA_CHANGED" | "SPLIT_STALE",
    message: string,
    {
      isRetryable,
      metrics,
      retryAfterMs,
      cause,
    }: {
      readonly isRetryable: boolean;
      readonly metrics?: JobMetrics;
      readonly retryAfterMs?: number;
      readonly cause?: unknown;
    },
  ) {
    super(code, message, {
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(cause === undefined ? {} : { cause }),
    });
    this.isRetryable = isRetryable;
    this.metrics = metrics;
  }
}

/**
 * DuckDB's error kinds that would recur on another attempt. The cause is either the job's text (an unknown
 * name, invalid SQL, a forbidden operation) or the data (malformed, or of the wrong type). All others (I/O,
 * memory) may not recur.
 */
const LASTING_ERRORS = new Set([
  "Binder",
  "Catalog",
  "Constraint",
  "Conversion",
  "Decimal",
  "Divide by Zero",
  "Invalid Input",
  "Invalid type",
  "Mismatch Type",
  "Missing Extension",
  "Not implemented",
  "Out of Range",
  "Parameter Not Allowed",
  "Parameter Not Resolved",
  "Parser",
  "Permission",
  "Syntax",
]);

/** A file that ends too early may still be being written. */
const UNFINISHED_FILE =
  /unexpected end of data|No magic bytes found at end of file|too small to be a Parquet file/;
const LASTING_MESSAGE = /Parquet files do not support/;

/** Maps an error thrown by a running job to the job's outcome. */
export function outcomeOfError(error: unknown, signal: AbortSignal): JobOutcome {
  if (signal.aborted) return outcomeOfAbort(signal.reason);
  if (error instanceof JobFailure) {
    const { code, message, isRetryable, metrics, retryAfterMs } = error;
    return {
      state: "FAILED",
      error: { code, message },
      isRetryable,
      ...(metrics === undefined ? {} : { metrics }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
  const message = plainMessageOf(error);
  const kind = /^([A-Z][A-Za-z ]*) Error: /.exec(message)?.[1];
  const isLasting = kind !== undefined && LASTING_ERRORS.has(kind) && !UNFINISHED_FILE.test(message);
  const isRetryable = !isLasting && !LASTING_MESSAGE.test(message);
  return { state: "FAILED", error: { code: "JOB_FAILED", message }, isRetryable };
}

/** Returns the error that says what a failed outcome says. */
export function failureOf({ error, isRetryable = true, retryAfterMs }: JobOutcome): JobFailure {
  const code = error?.code === "JOB_INVALID" ? error.code : "JOB_FAILED";
  return new JobFailure(code, error?.message ?? "", {
    isRetryable,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** An attempt that ran out of time has failed; any other abort is a cancellation. */
function outcomeOfAbort(reason: unknown): JobOutcome {
  const code = isTidegateError(reason) ? reason.code : "JOB_CANCELLED";
  const state = code === "JOB_TIMED_OUT" ? "FAILED" : "CANCELLED";
  const message = isTidegateError(reason) ? reason.message : "The job was cancelled.";
  return { state, error: { code, message } };
}

/**
 * DuckDB quotes the statement after `LINE 1:`; it may hold text that the job's author would not want in a
 * log.
 */
function plainMessageOf(error: unknown): string {
  return messageOf(error)
    .replace(/^(?:Error: )?(?:Failed to extract statements: )?/, "")
    .replace(/\n+LINE \d+:[\s\S]*$/, "")
    .trim();
}
