import type { Shard } from "@tidegate/core";
import { UNTOUCHED } from "@tidegate/core/store";

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

/** Converts rows to shards. Fields of their progress that an earlier release did not write are those of an untouched one. */
export function asShards(rows: readonly ShardColumns[]): Shard[] {
  return rows.map(
    ({ id, part, progress }) => ({ id, ...JSON.parse(part), ...UNTOUCHED, ...JSON.parse(progress) }) as Shard,
  );
}
