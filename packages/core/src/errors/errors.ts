/** Stable codes of all errors that Tidegate throws. A code never changes its meaning. */
export type ErrorCode =
  // schedules
  | "ARGUMENT_INVALID"
  | "SCHEDULE_INVALID"
  | "SCHEDULE_NOT_FOUND"
  | "SCHEDULE_EXISTS"
  | "SCHEDULE_VERSION_STALE"
  | "SCHEDULE_STATUS_ILLEGAL"
  | "SCHEDULE_UNREADABLE"
  | "DEADLINE_BEFORE_DUE"
  | "FORBIDDEN"
  | "DEPENDENCY_INVALID"
  | "DEPENDENCY_CYCLE"
  | "DEPENDENCY_UNKNOWN"
  | "DEPENDED_ON"
  // triggers
  | "TRIGGER_INVALID"
  | "TRIGGER_EXHAUSTED"
  | "TIMEZONE_UNKNOWN"
  | "HANDOVER_WOULD_DOUBLE"
  // intervals and runs
  | "INTERVAL_INVALID"
  | "INTERVAL_NOT_ALIGNED"
  | "INTERVAL_OPEN"
  | "INTERVAL_DEFERRED"
  | "SEALED"
  | "PLAN_FAILED"
  | "PLAN_OUTDATED"
  | "RUN_NOT_FOUND"
  | "RUN_STATE_ILLEGAL"
  // pools
  | "POOL_INVALID"
  | "POOL_NOT_FOUND"
  | "POOL_IN_USE"
  | "DEPENDENCY_TIMEOUT"
  // sources that are read by position
  | "SOURCE_UNKNOWN"
  | "SOURCE_INVALID"
  | "SOURCE_UNAVAILABLE"
  | "SOURCE_REPLACED"
  | "SOURCE_REWOUND"
  | "OFFSETS_EXPIRED"
  // wiring
  | "ENGINE_UNKNOWN"
  | "ENGINE_FAILED"
  | "OPERATOR_UNKNOWN"
  | "GATE_UNKNOWN"
  | "POOL_UNKNOWN"
  | "PROBE_UNKNOWN"
  | "CONFIGURATION_INVALID"
  | "NOT_RUNNING"
  | "CLOCK_SKEWED"
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
  | "TOO_MANY_SHARDS"
  | "SHARDS_FAILED"
  | "SCHEMA_CHANGED"
  | "SPLIT_STALE"
  | "DIRTY_DATA_LIMIT"
  | "ROW_MISMATCH"
  | "ADDRESS_NOT_ALLOWED"
  | "SECRET_NOT_ALLOWED"
  | "SIGNATURE_INVALID";

/** Details of an error besides its message. */
export interface ErrorDetails {
  /** Path of the offending input field, such as `trigger.expression`. */
  readonly field?: string;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/**
 * Base of all errors that Tidegate throws: a stable `code`, a message that says what to do, and the `cause`.
 */
export class TidegateError extends Error {
  readonly code: ErrorCode;
  /** Path of the offending input field, if there is one. */
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.field = details.field;
  }
}

/**
 * A schedule that is malformed, unknown, already registered, stale, or in the wrong state for the request.
 */
export class ScheduleError extends TidegateError {}

/** A trigger that cannot be understood or yields no time. */
export class TriggerError extends TidegateError {}

/** A pool that is malformed, unknown, or needed by a schedule. */
export class PoolError extends TidegateError {}

/** Details of a `LedgerError`. */
export interface LedgerErrorDetails extends ErrorDetails {
  /** When the request may be repeated, ms from now. @default it would be refused again */
  readonly retryAfterMs?: number;
}

/** An interval or a run that does not exist or does not allow the request. */
export class LedgerError extends TidegateError {
  /** When the request may be repeated, ms from now, if that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: LedgerErrorDetails = {}) {
    super(code, message, details);
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** An engine that is unknown or has refused the request. */
export class EngineError extends TidegateError {}

/** A store that cannot be opened, read or written. */
export class StoreError extends TidegateError {}

/** Details of an `OperatorError`. */
export interface OperatorErrorDetails extends ErrorDetails {
  /**
   * Shortest wait before another attempt, ms, such as a service requests.
   *
   * @default the schedule's back-off alone
   */
  readonly retryAfterMs?: number;
}

/** A job that an operator could not take, or that ended badly. */
export class OperatorError extends TidegateError {
  /** Shortest wait before another attempt, ms, if one was requested. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: OperatorErrorDetails = {}) {
    super(code, message, details);
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** Details of a `SourceError`. */
export interface SourceErrorDetails extends ErrorDetails {
  /** Shortest wait before the source is asked again, ms, such as a service requests. @default the back-off alone */
  readonly retryAfterMs?: number;
}

/** A source that cannot be read by position: it is away, unfit, or no longer the one that was read. */
export class SourceError extends TidegateError {
  /** Shortest wait before the source is asked again, ms, if one was requested. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: SourceErrorDetails = {}) {
    super(code, message, details);
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** A mistake in how Tidegate was configured, or a call before it was started. */
export class ConfigurationError extends TidegateError {}

/**
 * Returns whether `error` is one of Tidegate's, judged by its shape: true across two copies of this package.
 */
export function isTidegateError(error: unknown): error is TidegateError {
  return error instanceof Error && typeof (error as { code?: unknown }).code === "string" && "field" in error;
}

/** Returns whether `error` is one of Tidegate's with this code. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  return isTidegateError(error) && error.code === code;
}

/** Returns the message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
