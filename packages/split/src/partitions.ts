import type { JsonObject } from "@tidegate/core";
import type { OffsetVector } from "@tidegate/core/offset";
import type { ShardSpec } from "@tidegate/core/operator";
import { keyOf, packed } from "./packing.js";

/** A partition's range of offsets, `lower <= offset < upper`; from its beginning if `lower` is absent. */
interface OffsetRange {
  readonly partition: string;
  readonly lower: string | undefined;
  readonly upper: string;
}

/**
 * Returns shards of about as many offsets, of whole partitions. Partitions without offsets in the range are in none.
 *
 * @param lower - the first offset of each partition; one that is absent is read from its beginning
 * @param upper - the offset after the last of each partition
 * @param count - how many shards to aim for, at least 1
 */
export function partitionShards(lower: OffsetVector, upper: OffsetVector, count: number): ShardSpec[] {
  const ranges = Object.entries(upper)
    .map(([partition, end]): OffsetRange => ({ partition, lower: lower[partition], upper: end }))
    .filter((range) => lengthOf(range) > 0);
  return packed(ranges, lengthOf, count).map(({ items, weight }) => ({
    key: keyOf(items.map((range) => `${range.partition}:[${range.lower ?? ""},${range.upper})`)),
    args: {
      lower: vectorOf(items, (range) => range.lower),
      upper: vectorOf(items, (range) => range.upper),
    },
    weight,
  }));
}

/** Returns the ranges of offsets that the `args` of a shard of `partitionShards` name. */
export function partitionsOf({ lower, upper }: JsonObject): {
  readonly lower: OffsetVector;
  readonly upper: OffsetVector;
} {
  return { lower: (lower ?? {}) as OffsetVector, upper: (upper ?? {}) as OffsetVector };
}

function lengthOf({ lower = "0", upper }: OffsetRange): number {
  return Number(BigInt(upper) - BigInt(lower));
}

function vectorOf(
  ranges: readonly OffsetRange[],
  boundOf: (range: OffsetRange) => string | undefined,
): Record<string, string> {
  const known = ranges.flatMap((range) => {
    const bound = boundOf(range);
    return bound === undefined ? [] : [[range.partition, bound] as const];
  });
  return Object.fromEntries(known);
}
