import type { BoundaryType, JsonObject } from "@tidegate/core";
import type { OffsetSource } from "@tidegate/core/offset";
import type {
  JobContext,
  JobLog,
  JobOutcome,
  JobSplit,
  LogContext,
  OfflineJobRequest,
  RowCounts,
  ScheduleOperator,
  ShardResult,
  SplitContext,
  SubmittedJob,
  VerifyContext,
  WriteEffect,
} from "@tidegate/core/operator";
import type { z } from "zod";
import { jobJsonSchema, parseJob } from "./parse-job.js";

/** A run's request with its job, which is parsed once, whatever is asked about it. */
export interface JobCall<Job> {
  readonly request: OfflineJobRequest;
  readonly job: Job;
}

/**
 * An operator's job and its work. The members keep the rules of `ScheduleOperator`; they get typed jobs.
 *
 * @typeParam Job - the job as its schema returns it
 * @typeParam Prepared - the job as the operator works with it, if `prepare` makes something else of it
 */
export interface OperatorDefinition<Job, Prepared = Job> {
  /** The name by which schedules choose the operator, such as `duckdb`. */
  readonly type: string;
  /** The measures of data that its jobs can be given. @default ["TIME"] */
  readonly boundaryTypes?: readonly BoundaryType[];
  /** The one definition of a job: its type, its validation and its JSON schema follow from it. */
  readonly jobSchema: z.ZodType<Job>;
  /**
   * Turns a parsed job into what the other members work with. Pure: its result is kept for the job's object.
   *
   * @throws OperatorError JOB_INVALID for what the schema cannot express; see `invalidJob`
   * @default the job itself
   */
  prepare?(job: Job): Prepared;
  /**
   * Checks that this operator allows the job: at registration, and before each submission. Jobs that were
   * allowed before are still found, waited for and cancelled.
   *
   * @throws OperatorError with the offending field
   */
  check?(job: Prepared): void;
  /**
   * Checks that a job reads by positions, and reads the schedule's source.
   *
   * @throws OperatorError JOB_INVALID with the offending field
   * @default the job is not compared with the source
   */
  validateSource?(job: Prepared, source: OffsetSource): void;
  /** Returns what a person should know about an accepted job, in plain sentences that name the field. */
  notes?(job: Prepared): readonly string[];
  /** Returns how the job writes. @default unknown */
  writes?(job: Prepared): WriteEffect | undefined;
  /** Returns whether a job that reads everything replaces the target as a whole, not only its interval. @default false */
  replacesTarget?(job: Prepared): boolean;
  /** Returns whether a job that reads everything ends exactly at the upper bound. @default true */
  canReadAt?(job: Prepared, boundaryType: BoundaryType): boolean;
  /** Counts the rows of the request's interval on both sides. @default the operator cannot */
  verify?(call: JobCall<Prepared>, context: VerifyContext): Promise<RowCounts>;
  /** Returns why the rows of a job cannot be compared, as the end of a sentence. */
  cannotVerify?(job: Prepared, withChecksum: boolean): string | undefined;
  /** Opens what the operator needs. */
  start?(): Promise<void>;
  /** Closes it. */
  stop?(): Promise<void>;
  /** Starts the job. */
  submit(call: JobCall<Prepared>, context: JobContext): Promise<SubmittedJob>;
  /** Returns the job that was submitted with the request's `idempotencyKey`, or `undefined`. */
  find(call: JobCall<Prepared>): Promise<SubmittedJob | undefined>;
  /** Returns whether `find` can look up this job. @default true */
  canFind?(job: Prepared): boolean;
  /** Resolves when the job has ended. */
  wait(jobId: string, call: JobCall<Prepared>, context: JobContext): Promise<JobOutcome>;
  /** Returns what a running job has logged. @default jobs show no lines before they have ended */
  logs?(jobId: string, call: JobCall<Prepared>, context: LogContext): Promise<JobLog>;
  /** Stops the job. */
  cancel(jobId: string, call: JobCall<Prepared>): Promise<void>;
  /** Splits the job of a run into shards. @default jobs are not split */
  split?(call: JobCall<Prepared>, context: SplitContext): Promise<JobSplit>;
  /** Returns whether this job can be split. @default true if there is `split` */
  canSplit?(job: Prepared): boolean;
  /** Returns why this job cannot be split, as the end of a sentence. @default nothing is said */
  cannotSplit?(job: Prepared): string | undefined;
  /** Publishes what the shards of a run wrote. @default nothing is left to do */
  merge?(call: JobCall<Prepared>, results: readonly ShardResult[], context: JobContext): Promise<void>;
}

/** A definition whose other members work with what `prepare` makes of a job. */
export interface PreparingDefinition<Job, Prepared> extends OperatorDefinition<Job, Prepared> {
  prepare(job: Job): Prepared;
}

/** The members of an operator that say by being there what it can do: to split jobs, count rows, or show lines. */
export type Abilities = Pick<ScheduleOperator, "split" | "merge" | "verify" | "logs">;

/** A `ScheduleOperator` with all optional members, except those that say by being there what it can do. */
export type DefinedOperator = Required<Omit<ScheduleOperator, keyof Abilities>> & Abilities;

/**
 * Returns the operator of a definition.
 *
 * ```ts
 * defineOperator({
 *   type: "mine",
 *   jobSchema: z.strictObject({ query: z.string() }),
 *   submit: async ({ request, job }) => ({ jobId: await service.start(request.idempotencyKey, job.query) }),
 *   find: async ({ request }) => service.look(request.idempotencyKey),
 *   wait: async (jobId, _call, { signal }) => service.end(jobId, { signal }),
 *   cancel: async (jobId) => service.stop(jobId),
 * });
 * ```
 */
export function defineOperator<Job, Prepared>(
  definition: PreparingDefinition<Job, Prepared>,
): DefinedOperator;
export function defineOperator<Job>(definition: OperatorDefinition<Job>): DefinedOperator;
export function defineOperator<Job, Prepared>(
  definition: OperatorDefinition<Job, Prepared>,
): DefinedOperator {
  const prepared = new WeakMap<JsonObject, Prepared>();
  const read = (json: JsonObject): Prepared => {
    const known = prepared.get(json);
    if (known !== undefined) return known;
    const job = parseJob(definition.jobSchema, json);
    const made = definition.prepare === undefined ? (job as unknown as Prepared) : definition.prepare(job);
    prepared.set(json, made);
    return made;
  };
  const checked = (json: JsonObject): Prepared => {
    const job = read(json);
    definition.check?.(job);
    return job;
  };
  const callOf = (request: OfflineJobRequest): JobCall<Prepared> => ({ request, job: read(request.job) });
  let schema: JsonObject | undefined;
  return {
    operatorType: definition.type,
    boundaryTypes: definition.boundaryTypes ?? ["TIME"],
    start: async () => definition.start?.(),
    stop: async () => definition.stop?.(),
    validate: (json) => void checked(json),
    validateSource: (json, source) => definition.validateSource?.(read(json), source),
    notesOn: (json) => definition.notes?.(read(json)) ?? [],
    ...(definition.verify === undefined
      ? {}
      : { verify: async (request, context) => definition.verify!(callOf(request), context) }),
    cannotVerify: (json, withChecksum) => definition.cannotVerify?.(read(json), withChecksum),
    writesOf: (json) => definition.writes?.(read(json)),
    replacesTarget: (json) => definition.replacesTarget?.(read(json)) ?? false,
    canReadAt: (json, boundaryType) => definition.canReadAt?.(read(json), boundaryType) ?? true,
    describeJob: () => {
      schema ??= jobJsonSchema(definition.jobSchema);
      return schema;
    },
    submit: async (request, context) => definition.submit({ request, job: checked(request.job) }, context),
    find: async (key, request) => definition.find(callOf(withKey(request, key))),
    canFind: (json) => definition.canFind?.(read(json)) ?? true,
    wait: async (jobId, request, context) => definition.wait(jobId, callOf(request), context),
    cancel: async (jobId, request) => definition.cancel(jobId, callOf(request)),
    canSplit: (json) => definition.split !== undefined && (definition.canSplit?.(read(json)) ?? true),
    cannotSplit: (json) => definition.cannotSplit?.(read(json)),
    ...(definition.logs === undefined
      ? {}
      : { logs: async (jobId, request, context) => definition.logs!(jobId, callOf(request), context) }),
    ...splitting(definition, callOf),
  };
}

function splitting<Job, Prepared>(
  definition: OperatorDefinition<Job, Prepared>,
  callOf: (request: OfflineJobRequest) => JobCall<Prepared>,
): Pick<Abilities, "split" | "merge"> {
  const { split, merge } = definition;
  return {
    ...(split && { split: async (request, context) => split.call(definition, callOf(request), context) }),
    ...(merge && {
      merge: async (request, results, context) => merge.call(definition, callOf(request), results, context),
    }),
  };
}

function withKey(request: OfflineJobRequest, idempotencyKey: string): OfflineJobRequest {
  return request.idempotencyKey === idempotencyKey ? request : { ...request, idempotencyKey };
}
