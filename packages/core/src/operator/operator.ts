import type { BoundaryType } from "../interval/boundaries.js";
import type { DirtyDataLimit } from "../job/dirty-data-limit.js";
import type { JobLog } from "../job/job-log.js";
import type { JobOutcome } from "../job/job-outcome.js";
import type { JsonObject } from "../job/json.js";
import type { OfflineJobRequest } from "../job/offline-job-request.js";
import type { RowCounts } from "../job/verification.js";
import type { OffsetSource } from "../offset/offset-providers.js";
import type { JobSplit, ShardResult } from "../shard/shard.js";

/** A job that an operator has taken. */
export interface SubmittedJob {
  /** The operator's own id for the job; it is all that `wait` and `cancel` get after a restart. */
  readonly jobId: string;
  /** Address at which a person can inspect it. */
  readonly address?: string;
  /** Set if the job had ended by the time `submit` or `find` answered. */
  readonly outcome?: JobOutcome;
}

/** Context of a call: the attempt's limits. */
export interface JobContext {
  /**
   * Aborted when the attempt times out, is cancelled, or the manager stops. A `submit` whose signal is
   * aborted rejects, or resolves with the job that it took anyway, which is then cancelled; it must not leave
   * a job behind that `find` does not know.
   */
  readonly signal: AbortSignal;
  /** The schedule's limit on bad rows; an operator that counts rows while it works may stop early. */
  readonly dirtyData?: DirtyDataLimit;
}

/** Context of `verify`. */
export interface VerifyContext {
  /** Aborted as the signal of `JobContext` is. */
  readonly signal: AbortSignal;
  /** Whether checksums are asked for. */
  readonly withChecksum: boolean;
}

/** Context of `logs`. */
export interface LogContext {
  /** Aborted as soon as nobody waits for the answer. */
  readonly signal: AbortSignal;
  /** The number of the first line that is wanted: `first` of an earlier answer and as many as it had lines. */
  readonly after: number;
}

/** Context of a `split`. */
export interface SplitContext extends JobContext {
  /** How many shards to aim for: `ScheduleInfo.shards.target`. Fewer or more are as good if the source suggests it. */
  readonly target: number;
}

/**
 * Effect of a second job of an interval on what the first wrote: it replaces the interval's rows; updates those
 * of the same keys and leaves others; or adds its own beside them. `replace` says nothing of rows that jobs of other
 * intervals wrote: see `ScheduleOperator.replacesTarget`.
 */
export type WriteEffect = "replace" | "upsert" | "append";

/**
 * Operator that runs batch jobs: it submits the job of an `OfflineJobRequest` and reports how it ends.
 * `defineOperator` of `@tidegate/operator-kit` makes one of a job's schema and five functions.
 *
 * ```ts
 * const operator: ScheduleOperator = {
 *   operatorType: "copy",
 *   submit: async ({ lowerBound, upperBound, idempotencyKey }) => ({
 *     jobId: await service.copy({ from: lowerBound, to: upperBound, key: idempotencyKey }),
 *   }),
 *   find: async (key) => service.jobWithKey(key),
 *   wait: async (jobId, _request, { signal }) => service.outcomeOf(jobId, signal),
 *   cancel: async (jobId) => service.stop(jobId),
 * };
 * ```
 *
 * The conformance suite, {@link @tidegate/testkit!operatorSuite}, checks each of these rules:
 * - a job reads exactly `[lowerBound, upperBound)` and replaces what an earlier attempt of the same
 *   interval wrote;
 * - `find(key)` knows every job that `submit` may have started with that key, even after a restart of this
 *   process, so that a crash between submission and its record never runs a job twice; an operator whose jobs
 *   die with the process and leave nothing behind returns `undefined`;
 * - `wait` may be called again for the same job, and from another process;
 * - `cancel` resolves only when the job can write no more, and `find` then reports how it ended, or that
 *   there is none. If the job has not stopped, `cancel` rejects: Tidegate assumes no stop that was not
 *   reported, keeps the run active and retries, so that the interval is never given to another job meanwhile;
 * - a job that has succeeded stays succeeded, whoever cancels it;
 * - if it has `split`, its shards are the whole job, and each part of the data is in exactly one of them; until `merge`
 *   has published what they wrote, readers see what an earlier run of the interval wrote;
 * - lines of a job's log keep their numbers: what `logs` returns of an ended job is what its outcome has;
 * - answers have the types of this contract: counts are whole numbers from 0, ids and codes are not empty.
 *   Any other answer fails the run with OPERATOR_ANSWER_INVALID. Messages are cut to 8,000 characters.
 */
export interface ScheduleOperator {
  /** Name by which schedules choose this operator, such as `duckdb`. */
  readonly operatorType: string;
  /**
   * The measures of data that its jobs can be given. An operator of `OFFSET` reads positions from `lowerBound` and
   * `upperBound`, as canonical JSON by partition (`offsetsOf`). @default ["TIME"]
   */
  readonly boundaryTypes?: readonly BoundaryType[];
  /** Opens what the operator needs. Called once before the first job. */
  start?(): Promise<void>;
  /** Closes it. Called once after the last job. */
  stop?(): Promise<void>;
  /**
   * Validates a schedule's `job` at registration.
   *
   * @throws OperatorError JOB_INVALID with the offending field
   */
  validate?(job: JsonObject): void;
  /**
   * Checks at registration that a job reads by positions, and reads the source whose positions its runs get. Called
   * for boundaries `OFFSET`, after `validate`.
   *
   * @param source - of the schedule, which its provider has accepted
   * @throws OperatorError JOB_INVALID with the offending field of the job
   * @default the job is not compared with the source
   */
  validateSource?(job: JsonObject, source: OffsetSource): void;
  /**
   * Returns what a person should know about an accepted job, in plain sentences that name the field, for
   * example that a second run of an interval doubles its rows. Shown at registration, and whenever the
   * schedule is described.
   */
  notesOn?(job: JsonObject): readonly string[];
  /**
   * Returns how a job writes, as far as the operator knows. An interval whose job appends holds its rows twice
   * after a second run.
   *
   * @default unknown: a snapshot of a target that has rows is refused, unless the schedule says what it does to them
   *   (`ScheduleInfo.resnapshotBy`)
   */
  writesOf?(job: JsonObject): WriteEffect | undefined;
  /**
   * Returns whether a job that reads everything (`mode: "full"`) replaces the target as a whole: what jobs of earlier
   * intervals wrote is gone when it has succeeded, whatever it was. A job that replaces only the rows of its own interval,
   * such as one folder or partition of several, leaves older rows beside a later full copy, which is then refused.
   * `true` only if `writesOf` returns `replace`.
   *
   * @default false
   */
  replacesTarget?(job: JsonObject): boolean;
  /**
   * Returns whether a job that reads everything (`mode: "full"`) ends exactly at the upper bound: what lies behind it is
   * left to the next run. If not, the rows behind it are written by both, which only an upsert by key survives.
   *
   * @default true, as the contract says of all jobs
   */
  canReadAt?(job: JsonObject, boundaryType: BoundaryType): boolean;
  /**
   * Returns the JSON Schema (2020-12) of this operator's jobs, for forms and documentation. It accepts every job that
   * `validate` accepts. `defineOperator` of `@tidegate/operator-kit` derives it from the job's one schema.
   */
  describeJob?(): JsonObject;
  /**
   * Starts the job. Resolves once the job is taken, which for a quick one may be when it has ended.
   *
   * @throws OperatorError if the job was certainly not taken; any other error leaves that open, and `find` is
   *   called. So do the codes JOB_CANCELLED, JOB_TIMED_OUT and NOT_RUNNING, with which calls are aborted.
   *   Every error may have the properties of `RetryAdvice`
   */
  submit(request: OfflineJobRequest, context: JobContext): Promise<SubmittedJob>;
  /**
   * Returns the job that was submitted with this key and is still running or has ended, or `undefined` if
   * there is none.
   *
   * @param key - the request's `idempotencyKey`
   * @throws if that cannot be determined now; it is retried
   */
  find(key: string, request: OfflineJobRequest): Promise<SubmittedJob | undefined>;
  /**
   * Returns whether `find` can look up a key of this job. If not, its `undefined` says nothing: a repeated
   * `submit` of the same key must then join the existing job. A run that is cancelled before its submission
   * is answered is submitted once more in that way, and the job that this leads to is cancelled.
   *
   * @default true
   */
  canFind?(job: JsonObject): boolean;
  /** Resolves when the job has ended. Rejects if the signal is aborted or the end cannot be determined. */
  wait(jobId: string, request: OfflineJobRequest, context: JobContext): Promise<JobOutcome>;
  /**
   * Returns what a job has logged from line `after` on, or the last 256 kB of it, while it is running; no lines for a
   * job that is unknown here. Lines are numbered from 0 and keep their numbers, in `JobOutcome.log` as well. Called
   * when a person looks at the log of a running job; that of an ended one is what its outcome had.
   *
   * @throws if the lines cannot be read now
   * @default jobs of this operator show no lines before they have ended
   */
  logs?(jobId: string, request: OfflineJobRequest, context: LogContext): Promise<JobLog>;
  /**
   * Counts the rows of exactly the request's interval where its job reads and where it writes, after the job has
   * succeeded. Called before the success is recorded, for schedules that ask for it; again if a manager ends in
   * between. Changes nothing. If the counts differ, the next attempt counts again, and then submits the job once
   * more with the same key: it has to run again, although a job with this key has succeeded.
   *
   * @throws if the rows cannot be counted now, which fails the attempt
   */
  verify?(request: OfflineJobRequest, context: VerifyContext): Promise<RowCounts>;
  /**
   * Returns why the rows of a job cannot be compared, as the end of a sentence, or `undefined` if they can.
   *
   * @param withChecksum - whether their contents are to be compared too
   * @default they can, if there is `verify`
   */
  cannotVerify?(job: JsonObject, withChecksum: boolean): string | undefined;
  /**
   * Stops the job. Resolves when it can write no more, or had already ended.
   *
   * @throws if it has not stopped, or that cannot be determined; it is retried, after increasing pauses
   */
  cancel(jobId: string, request: OfflineJobRequest): Promise<void>;
  /**
   * Splits the job of a run into shards, if the schedule asks for it (`ScheduleInfo.shards`). Reads the source, but
   * writes nothing. Called once for each run: its answer is stored before the first shard is submitted, and every
   * attempt uses it. If the call fails, the attempt fails, and the next one calls again.
   *
   * Each shard is then submitted as a job of its own: its request has `shard`, and its own `idempotencyKey`. All rules
   * for jobs hold for the job of a shard; it replaces what an earlier attempt of the same shard wrote.
   *
   * @default jobs of this operator are not split
   */
  split?(request: OfflineJobRequest, context: SplitContext): Promise<JobSplit>;
  /**
   * Returns whether this job can be split. Not called if there is no `split`.
   *
   * @default true
   */
  canSplit?(job: JsonObject): boolean;
  /**
   * Returns why this job cannot be split, as the end of a sentence, for whoever registers it. Asked only if `canSplit` says
   * that it cannot.
   *
   * @default nothing is said
   */
  cannotSplit?(job: JsonObject): string | undefined;
  /**
   * Publishes what the shards of a run wrote, once all have succeeded, so that readers see all of it at once. It must
   * be idempotent: it is called again if it fails, and after a crash during or right after it. A run whose merge has
   * begun is not cancelled any more.
   *
   * @param results - of all shards of the run, in the order of the split; none if there was nothing to do
   * @default nothing is left to do once all shards have succeeded
   */
  merge?(request: OfflineJobRequest, results: readonly ShardResult[], context: JobContext): Promise<void>;
}
