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
  /**
   * Aborted when the attempt times out, is cancelled, or the manager stops. A `submit` whose signal is aborted rejects, or
   * resolves with the job that it took all the same, which is then cancelled; it must not leave a job behind that `find`
   * does not know.
   */
  readonly signal: AbortSignal;
  /** The limit on bad rows that the schedule sets; an operator that counts rows while it works may stop early. */
  readonly dirtyData?: DirtyDataLimit;
}

/**
 * Runs batch jobs. An operator submits the job of an `OfflineJobRequest` and reports how it ends.
 *
 * The rules, each of which the conformance suite of `@tidegate/testkit` checks:
 * - a job reads exactly `[lowerBoundary, upperBoundary)` and replaces what an earlier attempt of the same interval wrote;
 * - `find(key)` knows every job that `submit` may have started with that key, also after a restart of this process, so
 *   that a crash between submission and its record never runs a job twice; an operator whose jobs die with the process
 *   and leave nothing behind answers `undefined`;
 * - `wait` may be called again for the same job, and from another process;
 * - `cancel` resolves only when the job can write no more, and `find` then answers how it ended, or that there is none. A
 *   job that has not stopped is a rejection: Tidegate takes nothing for a stop that was not reported as one, keeps the
 *   run active and asks again, so that the interval is never given to another job meanwhile;
 * - a job that has succeeded stays succeeded, whoever cancels it;
 * - answers have the types of this contract: counts are whole numbers from 0, ids and codes are not empty. An answer that
 *   has not fails the run as OPERATOR_ANSWER_INVALID. Messages are cut to 8,000 characters.
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
   * @throws OperatorError when the job was certainly not taken; any other error leaves that open, and `find` is asked. So
   *   do the codes JOB_CANCELLED, JOB_TIMED_OUT and NOT_RUNNING, with which calls are broken off. Every error may have the
   *   properties of `RetryAdvice`
   */
  submit(request: OfflineJobRequest, context: JobContext): Promise<SubmittedJob>;
  /**
   * The job that was submitted with this key and is still running or has ended, or `undefined` when there is none.
   *
   * @param key - the request's `idempotencyKey`
   * @throws when that cannot be learned now; it is asked again
   */
  find(key: string, request: OfflineJobRequest): Promise<SubmittedJob | undefined>;
  /**
   * Whether `find` can look a key of this job up. Where it cannot, its `undefined` says nothing: a repeated `submit` of
   * the same key must then join the job that there is. A run that is cancelled while the answer of its submission is
   * missing is submitted once more in that way, and the job that this leads to is cancelled. @default true
   */
  canFind?(job: JsonObject): boolean;
  /** Resolves when the job has ended. Rejects when the signal is aborted or the end cannot be learned. */
  wait(jobId: string, request: OfflineJobRequest, context: JobContext): Promise<JobOutcome>;
  /**
   * Stops the job. Resolves when it can write no more, or had ended already.
   *
   * @throws when it has not stopped, or that cannot be learned; it is asked again, after longer and longer pauses
   */
  cancel(jobId: string, request: OfflineJobRequest): Promise<void>;
}
