import type { DirtyDataLimit } from "../job/dirty-data-limit.js";
import type { JobOutcome } from "../job/job-outcome.js";
import type { JsonObject } from "../job/json.js";
import type { OfflineJobRequest } from "../job/offline-job-request.js";

/** A job that an operator has taken. */
export interface SubmittedJob {
  /** The operator's own id of the job; it is all that `wait` and `cancel` get after a restart. */
  readonly jobId: string;
  /** Where a person can look at it. */
  readonly address?: string;
  /** Given when the job had ended by the time `submit` or `find` answered. */
  readonly outcome?: JobOutcome;
}

/** What surrounds a call: the attempt's limits. */
export interface JobContext {
  /** Aborted when the attempt times out, is cancelled, or the manager stops. */
  readonly signal: AbortSignal;
  /** The limit on bad rows that the schedule sets; an operator that counts rows while it works may stop early. */
  readonly dirtyData?: DirtyDataLimit;
}

/**
 * Runs batch jobs. An operator submits the job of an `OfflineJobRequest` and tells how it ends.
 *
 * The rules, each of which the conformance suite of `@tidegate/testkit` checks:
 * - a job reads exactly `[lowerBoundary, upperBoundary)` and replaces what an earlier attempt of the same interval wrote;
 * - `find(key)` knows every job that `submit` may have started with that key, also after a restart of this process, so
 *   that a crash between submission and its record never runs a job twice; an operator whose jobs die with the process
 *   and leave nothing behind answers `undefined`;
 * - `wait` may be called again for the same job, and from another process.
 */
export interface ScheduleOperator {
  /** The name by which schedules choose this operator, such as `duckdb`. */
  readonly operatorType: string;
  /** Opens what the operator needs. Called once before the first job. */
  start?(): Promise<void>;
  /** Closes it. Called once after the last. */
  stop?(): Promise<void>;
  /**
   * Checks a schedule's `job` when it is registered.
   *
   * @throws OperatorError JOB_INVALID with the offending field
   */
  validate?(job: JsonObject): void;
  /**
   * What a person should know of a job that is accepted, in plain sentences that name the field: that a second run of an
   * interval doubles its rows, say. Told at registration, and whenever the schedule is described.
   */
  notesOn?(job: JsonObject): readonly string[];
  /**
   * Starts the job. Returns once the job is taken, which for a quick one may be when it has ended.
   *
   * @throws OperatorError when the job was certainly not taken; any other error leaves that open, and `find` is asked
   */
  submit(request: OfflineJobRequest, context: JobContext): Promise<SubmittedJob>;
  /**
   * The job that was submitted with this key and is still running or has ended, or `undefined` when there is none.
   *
   * @param key - the request's `idempotencyKey`
   */
  find(key: string, request: OfflineJobRequest): Promise<SubmittedJob | undefined>;
  /** Resolves when the job has ended. Rejects when the signal is aborted or the answer cannot be had. */
  wait(jobId: string, request: OfflineJobRequest, context: JobContext): Promise<JobOutcome>;
  /** Asks the job to stop. Resolves when it has, or had ended already. */
  cancel(jobId: string, request: OfflineJobRequest): Promise<void>;
}
