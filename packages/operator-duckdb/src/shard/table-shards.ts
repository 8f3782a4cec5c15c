import type { ShardSpec } from "@tidegate/core/operator";
import { evenCuts, quantileCuts, rangeShards } from "@tidegate/split";
import type { TableSplit } from "../job/job.js";
import type { KeyKind } from "./table-part.js";
import { fingerprintOf, type TypedColumn } from "./table-schema.js";

type Key = bigint | string;

/** The keys of a column, among the rows that a run reads. */
export interface KeySpace {
  readonly kind: KeyKind;
  /** The columns that the job reads. */
  readonly columns: readonly TypedColumn[];
  /** Whether rows may lack a key. */
  readonly isNullable: boolean;
  /** The least and the greatest; `undefined` if there is none. Not called for texts. */
  bounds(): Promise<readonly [bigint, bigint] | undefined>;
  /** Returns the first keys of `count` parts with about as many rows each, ascending. */
  firstKeys(count: number): Promise<readonly Key[]>;
}

/** Divides the rows of a table by a column. */
export async function tableShards(
  { column, by }: TableSplit,
  keys: KeySpace,
  target: number,
): Promise<ShardSpec[]> {
  const { kind, isNullable, columns } = keys;
  const schema = fingerprintOf(columns);
  const cuts =
    (by ?? (kind === "text" ? "quantiles" : "range")) === "range" && kind !== "text"
      ? await rangeCuts(keys, target)
      : await sampleCuts(keys, target);
  return rangeShards(column, cuts, { isNullable }).map(({ key, args }) => ({
    key,
    args: { ...args, kind, schema },
  }));
}

async function rangeCuts(keys: KeySpace, target: number): Promise<readonly Key[]> {
  const bounds = await keys.bounds();
  return bounds === undefined ? [] : evenCuts(...bounds, target);
}

/** A text with a NUL cannot be part of a statement; the keys before and after it are then in one part. */
async function sampleCuts(keys: KeySpace, target: number): Promise<readonly Key[]> {
  const firsts = await keys.firstKeys(target);
  return quantileCuts(firsts, firsts.length).filter((cut) => !String(cut).includes("\0"));
}
