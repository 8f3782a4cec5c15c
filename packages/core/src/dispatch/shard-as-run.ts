import { isOffsetVector } from "../offset/offset-vector.js";
import type { RunOffsets } from "../offset/offset-watermark.js";
import type { Run } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import type { Shard, ShardProgress } from "../shard/shard.js";
import type { RunChange } from "../store/run-queue.js";

/**
 * Returns the positions of a shard: those that its arguments name, if they do so by partition as those of
 * `partitionShards` of `@tidegate/split`, or else all of the run.
 */
export function offsetsOf({ args: { lower, upper } }: Shard, { offsets }: Run): RunOffsets | null {
  if (offsets === null || !isOffsetVector(lower) || !isOffsetVector(upper)) return offsets;
  const isPart = Object.keys(upper).every((partition) => Object.hasOwn(offsets.upper, partition));
  return isPart ? { ...offsets, lower, upper } : offsets;
}

/**
 * Returns the specification by which a shard is attempted. The run's own attempt limits the time, and the crew
 * counts the attempts; a share of bad rows and the rows that have arrived are known only of the whole run, and so is how
 * to go on after a loss.
 */
export function shardSpec(spec: ScheduleSpec): ScheduleSpec {
  const maxRows = spec.dirtyData?.maxRows;
  return {
    ...spec,
    maxAttempts: Number.MAX_SAFE_INTEGER,
    timeoutMs: null,
    onLoss: "fail",
    verify: null,
    dirtyData: maxRows === undefined ? null : { maxRows },
  };
}

/** Returns the progress that the change of an attempt's run is for its shard. */
export function progressOf(change: RunChange): Partial<ShardProgress> {
  const { state, isJobOpen, jobId, jobAddress, startedAt, endedAt, metrics, error } = change;
  const set = { isJobOpen, jobId, jobAddress, startedAt, endedAt, metrics, error };
  const known = Object.entries(set).filter(([, value]) => value !== undefined);
  return { state: state as ShardProgress["state"], ...Object.fromEntries(known) };
}
