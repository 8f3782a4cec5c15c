import type { Boundaries, Interval } from "../interval/boundaries.js";
import type { RequestedShard } from "../shard/shard.js";
import type { JsonObject } from "./json.js";
import type { RunKind } from "./run-kind.js";
import type { ReadMode } from "./schedule-mode.js";

/** The request that an operator gets for one run: its group, the boundaries of its data, and its job. All JSON. */
export interface OfflineJobRequest extends Boundaries {
  readonly groupId: string;
  /** The run's id: the same for every attempt. */
  readonly runId: string;
  /** Key by which a second submission of the same run, or of the same shard, is recognized: the same for every attempt. */
  readonly idempotencyKey: string;
  /** 1 for the first attempt; of a shard, for its first one in an attempt of its run. */
  readonly attempt: number;
  /** The nominal fire time, epoch ms; never the wall clock. */
  readonly scheduledTime: number;
  readonly kind: RunKind;
  /** `full` for a run that reads everything up to its upper bound: of the mode `full`, or a snapshot. */
  readonly mode: ReadMode;
  /**
   * The life of the source that the positions belong to, as its provider names it, if they are `OFFSET`. In another
   * one they mean other data.
   */
  readonly sourceIncarnation?: string;
  /** The interval of time that the run stands for, if its boundaries are `OFFSET`. */
  readonly interval?: Interval;
  /** The schedule's description of the work, as registered; the operator defines its shape. */
  readonly job: JsonObject;
  /** The part of the run that this request is for; absent unless the run is split. */
  readonly shard?: RequestedShard;
}
