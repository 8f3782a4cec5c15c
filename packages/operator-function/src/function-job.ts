import type { JobMetrics, JsonObject, OfflineJobRequest } from "@tidegate/core";

/** The `job` of a schedule that uses the operator `function`. */
export type FunctionJob = {
  /** The name under which the function was given to `functionOperator`. May be left out when there is only one. */
  readonly function?: string;
  /** Handed to the function as it is. @default {} */
  readonly args?: JsonObject;
};

/** Everything a function gets for one call. */
export interface FunctionCall {
  readonly groupId: string;
  /** Start of the data interval, inclusive. In mode `full` it is the earliest date that JavaScript has. */
  readonly lower: Date;
  /** End of the data interval, exclusive. */
  readonly upper: Date;
  /** 1 for the first attempt at the interval. */
  readonly attempt: number;
  /** The run's key: the same for every attempt, so that a service that takes idempotency keys does its work once. */
  readonly key: string;
  /** Aborted when the attempt is cancelled or times out, or the manager stops: stop working, and throw or return. */
  readonly signal: AbortSignal;
  /** The `args` of the schedule's job. */
  readonly args: JsonObject;
  /** Reports figures while the function works. Later figures replace earlier ones, each by its name. */
  readonly progress: (metrics: JobMetrics) => void;
  /** The whole request, as every operator gets it. */
  readonly request: OfflineJobRequest;
}

/**
 * Moves the data of one interval: reads exactly `[lower, upper)`, and replaces what an earlier attempt at the same interval
 * wrote.
 *
 * - The interval has succeeded when the function returns, with the figures it returned or reported.
 * - When it throws, the attempt has failed and is retried as the schedule says. An `OperatorError` keeps its code; one with
 *   the code `JOB_INVALID` is not retried.
 * - When its signal is aborted and it then throws, the job counts as stopped. One that returns all the same has succeeded.
 */
export type JobFunction = (call: FunctionCall) => Promise<JobResult> | JobResult;

/** The figures of a call, if the function counts. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is as good as one that counts
export type JobResult = JobMetrics | void;

/** Functions by the names that schedules use. */
export type JobFunctions = Readonly<Record<string, JobFunction>>;
