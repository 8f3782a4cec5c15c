import { hash } from "node:crypto";

/** 32 hex digits, so that a shard's id fits wherever a run's does. */
const HEX_DIGITS = 32;

/**
 * Returns the id of a shard, from its run, the version whose job was split, and its content alone: a split that lists
 * its shards in another order, or fewer of them, names the same shards. The split of another job names others, so
 * that no job of an earlier version is taken for theirs.
 */
export function shardId(runId: string, scheduleVersion: number, key: string): string {
  return hash("sha256", `${runId}\n${scheduleVersion}\n${key}`, "hex").slice(0, HEX_DIGITS);
}
