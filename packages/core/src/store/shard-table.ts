import type { EpochMs } from "../clock/clock.js";
import type { Shard, ShardProgress, Split } from "../shard/shard.js";

/**
 * Writers: the holder of an active run gives its newest fencing token; if nobody holds the run, there is
 * none. Any other write is refused.
 */
export interface ShardWriter {
  readonly runId: string;
  readonly token?: number;
}

/** A split to be stored: none of its shards was attempted. */
export interface NewSplit extends ShardWriter {
  readonly scheduleVersion: number;
  readonly plannedAt: EpochMs;
  readonly snapshotToken: string | null;
  readonly shards: readonly Pick<Shard, "id" | "key" | "args" | "weight">[];
}

/** The progress of a shard. */
export interface ShardChange extends ShardWriter {
  /** The shard. */
  readonly id: string;
  readonly progress: ShardProgress;
}

/**
 * The shards of runs, in tables of their own: a run that is not split has nothing here, and none of its writes looks
 * here. A purge removes the shards with their runs. A facet of `ScheduleStore`.
 */
export interface ShardTable {
  /** Stores the split of a run with all its shards; `false` if the run has one, or the writer may not write. */
  insertSplit(split: NewSplit): Promise<boolean>;
  /** Returns the split of a run; `undefined` if it was not split. */
  getSplit(runId: string): Promise<Split | undefined>;
  /** Sets the progress of shards; `false` for one that is unknown, or whose writer may not write. */
  changeShards(changes: readonly ShardChange[]): Promise<boolean[]>;
  /**
   * Records that the merge begins, unless that is recorded already; `false` if the run has no split, or the writer may
   * not write.
   */
  beginMerge(writer: ShardWriter, at: EpochMs): Promise<boolean>;
  /** Deletes the split of a run; `false` if it has none, or the writer may not write. */
  dropSplit(writer: ShardWriter): Promise<boolean>;
}
