import type { Shard } from "@tidegate/core";

/** The columns from which a shard is read; the texts are JSON. */
export interface ShardColumns {
  readonly id: string;
  readonly part: string;
  readonly progress: string;
}

/** Serializes the fields of a shard that never change. */
export function partOf({ key, args, weight }: Pick<Shard, "key" | "args" | "weight">): string {
  return JSON.stringify({ key, args, weight });
}

/** Converts rows to shards. */
export function asShards(rows: readonly ShardColumns[]): Shard[] {
  return rows.map(
    ({ id, part, progress }) => ({ id, ...JSON.parse(part), ...JSON.parse(progress) }) as Shard,
  );
}
