/** The stable codes of every error that Tidegate throws. A code never changes its meaning. */
export type ErrorCode =
  // schedules
  | "SCHEDULE_INVALID"
  | "SCHEDULE_NOT_FOUND"
  | "SCHEDULE_EXISTS"
  | "SCHEDULE_VERSION_STALE"
  | "SCHEDULE_STATUS_ILLEGAL"
  // triggers
  | "TRIGGER_INVALID"
  | "TRIGGER_EXHAUSTED"
  | "TIMEZONE_UNKNOWN"
  // intervals and runs
  | "INTERVAL_INVALID"
  | "INTERVAL_NOT_ALIGNED"
  | "INTERVAL_OPEN"
  | "RUN_NOT_FOUND"
  | "RUN_STATE_ILLEGAL"
  // wiring
  | "ENGINE_UNKNOWN"
  | "ENGINE_FAILED"
  | "OPERATOR_UNKNOWN"
  | "CONFIGURATION_INVALID"
  | "NOT_RUNNING"
  // stores
  | "STORE_UNAVAILABLE"
  | "STORE_LOCKED"
  | "STORE_CORRUPT"
  | "STORE_READ_ONLY"
  | "STORE_FULL"
  | "STORE_NEWER"
  | "STORE_FAILED"
  | "STORE_CLOSED"
  // operators
  | "JOB_INVALID"
  | "JOB_FAILED"
  | "JOB_TIMED_OUT"
  | "JOB_CANCELLED"
  | "OPERATOR_ANSWER_INVALID"
  | "DIRTY_DATA_LIMIT"
  | "ADDRESS_NOT_ALLOWED"
  | "SECRET_NOT_ALLOWED"
  | "SIGNATURE_INVALID";

/** What an error tells beside its message. */
export interface ErrorDetails {
  /** Path of the offending input field, such as `trigger.expression`. */
  readonly field?: string;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/** The base of all errors that Tidegate throws: a stable `code`, a message that says what to do, and the `cause`. */
export class TidegateError extends Error {
  readonly code: ErrorCode;
  /** Path of the offending input field, where there is one. */
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.field = details.field;
  }
}

/** A schedule that is malformed, unknown, already there, stale, or in the wrong state for what was asked. */
export class ScheduleError extends TidegateError {}

/** A trigger that cannot be understood or has no time to yield. */
export class TriggerError extends TidegateError {}

/** An interval or a run that does not exist or does not allow what was asked. */
export class LedgerError extends TidegateError {}

/** An engine that is unknown or refused. */
export class EngineError extends TidegateError {}

/** A store that cannot be opened, read or written. */
export class StoreError extends TidegateError {}

/** Details of an `OperatorError`. */
export interface OperatorErrorDetails extends ErrorDetails {
  /** The shortest wait before another attempt, ms, such as a service asks for. @default the schedule's back-off alone */
  readonly retryAfterMs?: number;
}

/** A job that an operator could not take, or that ended badly. */
export class OperatorError extends TidegateError {
  /** The shortest wait before another attempt, ms, where one was asked for. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: OperatorErrorDetails = {}) {
    super(code, message, details);
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** A mistake in how Tidegate was put together, or a call before it was started. */
export class ConfigurationError extends TidegateError {}

/** Whether `error` is one of Tidegate's, by its shape: true across two copies of this package as well. */
export function isTidegateError(error: unknown): error is TidegateError {
  return error instanceof Error && typeof (error as { code?: unknown }).code === "string" && "field" in error;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
