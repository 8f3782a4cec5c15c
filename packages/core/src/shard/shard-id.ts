import { hash } from "node:crypto";

/** 32 hex digits, so that a shard's id fits wherever a run's does. */
const HEX_DIGITS = 32;

/**
 * Returns the id of a shard, from its run and its content alone: a split that lists its shards in another
 * order, or fewer of them, names the same shards.
 */
export function shardId(runId: string, key: string): string {
  return hash("sha256", `${runId}\n${key}`, "hex").slice(0, HEX_DIGITS);
}
