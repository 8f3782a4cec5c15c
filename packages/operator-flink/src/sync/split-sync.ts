import type { JsonObject } from "@tidegate/core";
import { FIRST_INSTANT, type ShardSpec } from "@tidegate/core/operator";
import { boundsOf, type Filling, placeholderOf } from "@tidegate/operator-kit";
import { evenCuts, partOf, rangeShards } from "@tidegate/split";
import type { SyncJob, SyncSource } from "../job/job.js";
import { literalOf, quotedName, wholeLiteral } from "../sql/literal.js";

const FIELD = "job.sync.source.split";

/** Sinks that replace rows by their keys, so that the jobs of shards do not overwrite each other's rows. */
const KEYED: ReadonlySet<string> = new Set(["jdbc", "upsert-kafka", "blackhole"]);

type TimeType = NonNullable<SyncSource["timeType"]>;

/** The column by which a copy is divided: the time of its interval, or whole numbers of a range. */
export type SyncSplit =
  | { readonly column: string; readonly timeType: TimeType }
  | { readonly column: string; readonly range: readonly [number, number] };

/** Returns how a copy is divided, or `undefined` if it cannot be. */
export function splitOfSync({ source, sink }: SyncJob): SyncSplit | undefined {
  const replacesByKey = sink.rerun !== "appends" && KEYED.has(sink.connector);
  if (source.connector !== "jdbc" || !replacesByKey) return undefined;
  const { split, timeColumn, timeType = "timestamp" } = source;
  if (split !== undefined) return { column: split.column, range: [split.from, split.to] };
  return timeColumn === undefined ? undefined : { column: timeColumn, timeType };
}

/**
 * Divides a copy. No database is asked: an interval has bounds, and those of other columns are given. A copy of all time
 * has no lower bound, so that without those of another column it is one shard.
 */
export function splitSync(split: SyncSplit, filling: Filling, target: number): ShardSpec[] {
  if ("range" in split) {
    const [from, to] = split.range;
    return rangeShards(split.column, evenCuts(BigInt(from), BigInt(to), target), { isNullable: true });
  }
  const { lower, upper } = boundsOf(filling.request);
  const isEndless = lower === BigInt(FIRST_INSTANT);
  const cuts = isEndless ? [] : evenCuts(lower, upper - 1n, target);
  return rangeShards(split.column, ascending(cuts, split, filling), { isNullable: false });
}

/** Returns the condition of a shard's rows, beside that of the interval. */
export function shardPredicate(split: SyncSplit, args: JsonObject, filling: Filling): string {
  const column = quotedName(split.column);
  const part = partOf(args);
  if (part.isNull) return `${column} IS NULL`;
  const { lower, upper } = part;
  const bounds = [
    ...(lower === undefined ? [] : [`${column} >= ${keyLiteral(lower, split, filling)}`]),
    ...(upper === undefined ? [] : [`${column} < ${keyLiteral(upper, split, filling)}`]),
  ];
  return bounds.length === 0 ? `${column} IS NOT NULL` : bounds.join(" AND ");
}

/** Leaves out cuts that are the same as text, such as instants of one day, or that go back with a zone's clock. */
function ascending(cuts: readonly bigint[], split: SyncSplit, filling: Filling): bigint[] {
  if (!("timeType" in split) || split.timeType === "epochMs") return [...cuts];
  const kept: bigint[] = [];
  let last = "";
  for (const cut of cuts) {
    const text = keyLiteral(String(cut), split, filling);
    if (text <= last && text.length === last.length) continue;
    kept.push(cut);
    last = text;
  }
  return kept;
}

function keyLiteral(key: string, split: SyncSplit, filling: Filling): string {
  if ("range" in split) return wholeLiteral(key);
  const placeholder = placeholderOf(`lower.${split.timeType}`);
  if (placeholder === undefined || placeholder.kind === "secret")
    throw new Error(`No literal of ${split.timeType}.`);
  return literalOf(
    placeholder,
    { ...filling, request: { ...filling.request, lowerBound: key, upperBound: key } },
    FIELD,
  );
}
