import type { ShardPolicy } from "./shard.js";

/** The most shards that a run may have. */
export const MOST_SHARDS = 10_000;

/** A policy with all defaults filled in. */
export type FilledShardPolicy = Required<ShardPolicy>;

/** Fills in the defaults of a policy. */
export function shardPolicyOf(policy: ShardPolicy): FilledShardPolicy {
  const { target = 8, maxAttempts = 3, onFailure = "finish-others" } = policy;
  return { target, maxAttempts, onFailure, concurrency: policy.concurrency ?? target };
}
