import type { JsonObject } from "@tidegate/core";
import type { OffsetRange } from "@tidegate/core/offset";
import type {
  JobMetrics,
  JobSplit,
  OfflineJobRequest,
  RequestedShard,
  ShardResult,
} from "@tidegate/core/operator";

/** The `job` of a schedule that uses the operator `function`. */
export type FunctionJob = {
  /** The name under which the function was given to `functionOperator`. Optional if there is only one. */
  readonly function?: string;
  /** Passed to the function unchanged. @default {} */
  readonly args?: JsonObject;
};

/** Input of a function for one call. */
export interface FunctionCall {
  readonly groupId: string;
  /**
   * Start of the data interval, inclusive. In mode `full`, the earliest date that JavaScript can represent.
   */
  readonly lower: Date;
  /** End of the data interval, exclusive. */
  readonly upper: Date;
  /**
   * The positions to read, `[lower, upper)` in each partition of `upper`, if the boundaries are `OFFSET`; a partition
   * that `lower` lacks is read from its beginning. `null` for boundaries of time.
   */
  readonly offsets: OffsetRange | null;
  /** 1 for the first attempt at the interval. */
  readonly attempt: number;
  /**
   * The run's key: the same for every attempt, so that a service that accepts idempotency keys does its work
   * once.
   */
  readonly key: string;
  /** Aborted when the attempt is cancelled or times out, or the manager stops: stop working, and throw or return. */
  readonly signal: AbortSignal;
  /** The `args` of the schedule's job. */
  readonly args: JsonObject;
  /** Reports figures while the function runs. Later figures replace earlier ones of the same name. */
  readonly progress: (metrics: JobMetrics) => void;
  /**
   * Logs a text, line by line. The last 256 kB of an attempt are kept with its run; a person sees them while the
   * function runs, too. They are kept as they are: log no secrets.
   */
  readonly log: (text: string) => void;
  /** The part of the interval to work on; `undefined` unless the run is split. */
  readonly shard: RequestedShard | undefined;
  /** The whole request, as every operator gets it. */
  readonly request: OfflineJobRequest;
}

/** Input of the functions that split an interval and merge its parts. */
export type WholeCall = Pick<
  FunctionCall,
  "groupId" | "lower" | "upper" | "offsets" | "key" | "signal" | "args" | "request"
>;

/**
 * Function that can also work in parts, if the schedule asks for `shards`.
 *
 * ```ts
 * functionOperator({
 *   load: {
 *     split: async ({ lower, upper, target }) => ({
 *       shards: (await listFiles(lower, upper)).map(({ path, etag, size }) => ({
 *         key: `${path}@${etag}`,
 *         args: { path },
 *         weight: size,
 *       })),
 *     }),
 *     run: async ({ shard, signal }) => stageFile(shard.args.path, { signal }),
 *     merge: async ({ lower, upper }) => publishStaged(lower, upper),
 *   },
 * });
 * ```
 */
export interface SplittableFunction {
  /** Called for each shard, or for the whole interval if the schedule does not ask for shards. */
  readonly run: JobFunction;
  /**
   * Returns the parts of an interval: each part of its data is in exactly one of them. Called once for each run.
   *
   * @param call - `target` is how many parts to aim for
   */
  readonly split: (call: WholeCall & { readonly target: number }) => Promise<JobSplit> | JobSplit;
  /** Publishes what all parts wrote. Idempotent: it may be called again. @default nothing is left to do */
  readonly merge?: (call: WholeCall, results: readonly ShardResult[]) => Promise<void> | void;
}

/**
 * Function that moves the data of one interval: it reads exactly `[lower, upper)`, and replaces what an earlier attempt at
 * the same interval wrote.
 *
 * - If it returns, the interval has succeeded, with the figures that it returned or reported.
 * - If it throws, the attempt has failed and is retried as the schedule says. An `OperatorError` keeps its code; one with
 *   the code `JOB_INVALID` is not retried.
 * - If its signal is aborted and it then throws, the job counts as stopped. If it returns anyway, it has succeeded.
 */
export type JobFunction = (call: FunctionCall) => Promise<JobResult> | JobResult;

/** The figures of a call, if the function counts. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is as good as one that counts
export type JobResult = JobMetrics | void;

/** Functions by the names that schedules use. */
export type JobFunctions = Readonly<Record<string, JobFunction | SplittableFunction>>;

/** A function, and how it is split if it can be. */
export type KnownFunction = Pick<SplittableFunction, "run"> & Partial<SplittableFunction>;
