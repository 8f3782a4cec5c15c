import type { EpochMs } from "../clock/clock.js";
import type { JobMetrics, TouchedTime } from "../job/job-outcome.js";
import type { JsonObject } from "../job/json.js";
import type { RunError } from "../run/run.js";

/** How a schedule's runs are split. See `ScheduleInfo.shards`. */
export interface ShardPolicy {
  /** How many shards to aim for, 1 to 10,000; the operator may make fewer or more. @default 8 */
  readonly target?: number;
  /** How often a shard is attempted in each attempt of its run, 1 to 1,000 times. @default 3 */
  readonly maxAttempts?: number;
  /**
   * How a shard that has used up its attempts affects the others: `finish-others` carries them out before the
   * run's attempt fails, `fail-fast` cancels them.
   * @default finish-others
   */
  readonly onFailure?: "finish-others" | "fail-fast";
  /** The most shards of a run that may be active at once, 1 to 10,000. @default the target */
  readonly concurrency?: number;
}

/** A part of a job, as an operator's `split` describes it. */
export interface ShardSpec {
  /**
   * Names the part by its content, such as a range, a partition, or a file and its version: 1 to 1,000
   * characters, unique in its split. Never a position in a list: the same content keeps its key whatever else
   * is split off.
   */
  readonly key: string;
  /** The operator's own arguments for the part; passed on unchanged. */
  readonly args: JsonObject;
  /** Its share of the work, compared with that of others: heavier ones begin first. @default 1 */
  readonly weight?: number;
}

/** The parts of a job, as an operator's `split` returns them: together, they are the whole job. */
export interface JobSplit {
  /** The parts; none if there is nothing to do. At most 10,000. */
  readonly shards: readonly ShardSpec[];
  /** Names the one consistent view of the source that all parts read, if the source has such views. */
  readonly snapshotToken?: string;
}

/** A part of a job that has succeeded, as an operator's `merge` gets it. */
export interface ShardResult {
  readonly key: string;
  readonly args: JsonObject;
  /** The operator's own id of the job that did it. */
  readonly jobId: string | null;
  readonly metrics: JobMetrics;
}

/** The part of its run that a request is for. See `OfflineJobRequest.shard`. */
export interface RequestedShard {
  readonly key: string;
  readonly args: JsonObject;
  /** How many shards its run has. */
  readonly count: number;
  /** See `JobSplit.snapshotToken`. */
  readonly snapshotToken?: string;
}

/** The state of a shard: `PLANNED → SUBMITTING → RUNNING → SUCCEEDED | FAILED | CANCELLED`, as of a run. */
export type ShardState = "PLANNED" | "SUBMITTING" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

/** How far a shard has got. */
export interface ShardProgress {
  readonly state: ShardState;
  /** How often it was attempted in the attempt `runAttempt` of its run; 0 if never. */
  readonly attempt: number;
  /** The attempt of its run in which it was attempted last, counted over all retries of the run; 0 if never. */
  readonly runAttempt: number;
  /** Whether a job of it may still be working. */
  readonly isJobOpen: boolean;
  /** Id of its job, as the operator reported it. */
  readonly jobId: string | null;
  readonly jobAddress: string | null;
  /** When its latest attempt was submitted, epoch ms. */
  readonly submittedAt: EpochMs | null;
  /** When its job began, epoch ms. */
  readonly startedAt: EpochMs | null;
  /** When it ended, epoch ms. */
  readonly endedAt: EpochMs | null;
  readonly metrics: JobMetrics | null;
  /** The time that the rows of its job fell in, as the operator reported it; none until it has succeeded. */
  readonly touched: readonly TouchedTime[];
  /** Why its latest attempt failed. */
  readonly error: RunError | null;
}

/** A part of a run: it has a job, a state and attempts of its own. */
export interface Shard extends ShardProgress {
  /** Its id and the idempotency key of its jobs: a hash of its run's id, its split and its key. */
  readonly id: string;
  readonly key: string;
  readonly args: JsonObject;
  readonly weight: number;
}

/**
 * The split of a run: made before its first shard is submitted, and used by every attempt until the run gets another
 * job.
 */
export interface Split {
  readonly runId: string;
  /** The version of the run's schedule whose job was split. */
  readonly scheduleVersion: number;
  /** When it was made, epoch ms. */
  readonly plannedAt: EpochMs;
  readonly snapshotToken: string | null;
  /** When the operator was first asked to merge the shards, epoch ms; `null` if it was not. */
  readonly mergingAt: EpochMs | null;
  /** In the order in which the operator listed them. */
  readonly shards: readonly Shard[];
}

/** A shard that was never attempted. */
export const UNTOUCHED: ShardProgress = Object.freeze({
  state: "PLANNED",
  attempt: 0,
  runAttempt: 0,
  isJobOpen: false,
  jobId: null,
  jobAddress: null,
  submittedAt: null,
  startedAt: null,
  endedAt: null,
  metrics: null,
  touched: [],
  error: null,
});
