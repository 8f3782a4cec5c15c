import type { JsonObject } from "@tidegate/core";
import type { ShardSpec } from "@tidegate/core/operator";

/**
 * A part of a column's keys: those from `lower` to below `upper`, where a bound that is absent is open, or the rows
 * without a key.
 */
export type KeyPart =
  | { readonly isNull?: never; readonly lower?: string; readonly upper?: string }
  | { readonly isNull: true };

/**
 * Returns the parts into which cuts divide all keys. The first and the last are open, so that a row that appears after
 * the split is in exactly one part too.
 *
 * @param cuts - ascending and distinct; none make one part
 */
export function partsOf(cuts: readonly (bigint | string)[]): KeyPart[] {
  const bounds = cuts.map(String);
  return [undefined, ...bounds].map((lower, index) => ({
    ...(lower === undefined ? {} : { lower }),
    ...(bounds[index] === undefined ? {} : { upper: bounds[index] }),
  }));
}

/**
 * Returns the shards into which cuts of a column divide all rows. Rows without a key are a shard of their own.
 *
 * @param column - names the shards
 * @param options - `isNullable`: whether rows may lack a key
 */
export function rangeShards(
  column: string,
  cuts: readonly (bigint | string)[],
  { isNullable }: { readonly isNullable: boolean },
): ShardSpec[] {
  const parts: readonly KeyPart[] = isNullable ? [...partsOf(cuts), { isNull: true }] : partsOf(cuts);
  return parts.map((part) => ({ key: nameOf(column, part), args: { column, ...part } }));
}

/** Returns the part that the `args` of a shard of `rangeShards` name. */
export function partOf({ isNull, lower, upper }: JsonObject): KeyPart {
  if (isNull === true) return { isNull };
  return {
    ...(typeof lower === "string" ? { lower } : {}),
    ...(typeof upper === "string" ? { upper } : {}),
  };
}

/**
 * Returns whether a part has a key.
 *
 * @param compare - the order in which the cuts of the part ascend
 */
export function isInPart(
  part: KeyPart,
  key: string | null,
  compare: (a: string, b: string) => number,
): boolean {
  if (part.isNull || key === null) return part.isNull === true && key === null;
  const { lower, upper } = part;
  return (
    (lower === undefined || compare(lower, key) <= 0) && (upper === undefined || compare(key, upper) < 0)
  );
}

function nameOf(column: string, part: KeyPart): string {
  if (part.isNull) return `${column} is null`;
  const { lower, upper } = part;
  if (lower === undefined && upper === undefined) return `${column}: all`;
  const begin = lower === undefined ? "" : `${lower} <= `;
  return `${begin}${column}${upper === undefined ? "" : ` < ${upper}`}`;
}
