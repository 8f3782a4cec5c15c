import type { OffsetBounds, OffsetRange, OffsetVector } from "@tidegate/core/offset";
import { parseOptions } from "@tidegate/core/plugin";
import { z } from "zod";
import { type DefinedProvider, defineProvider } from "../kit/define-provider.js";
import { chosenPlace, placeName, placeOf, placesOf, unknownPlace } from "../kit/named.js";
import { away, wrong } from "../kit/source-errors.js";
import { compareWhole, smaller, wholeOf } from "../kit/whole-position.js";
import { Cluster, clusterSchema, EARLIEST, type KafkaCluster, LATEST } from "./cluster.js";

/** Options of `kafkaPositions`. */
export interface KafkaPositionsOptions {
  /** The clusters whose topics may be read, by the names that schedules use. */
  readonly clusters: Readonly<Record<string, KafkaCluster>>;
}

const optionsSchema = z.strictObject({ clusters: placesOf(clusterSchema) });

const sourceSchema = z.strictObject({
  cluster: placeName.optional(),
  topic: z.string().regex(/^[A-Za-z0-9._-]{1,249}$/, "must be the name of a topic"),
  isolation: z.enum(["committed", "uncommitted"]).default("committed"),
});

type Source = z.output<typeof sourceSchema>;

/**
 * Returns the provider `kafka`: a topic is read by the offsets of its partitions. A schedule's source:
 *
 * - `cluster`: its name in the options. Default: the only one;
 * - `topic`: its name;
 * - `isolation`: `committed` ends before the first transaction that is open (the last stable offset);
 *   `uncommitted` ends behind the last record that all replicas have. Default: `committed`.
 *
 * Sizes are those of offsets, which also markers and compacted records have: there may be fewer records.
 *
 * ```ts
 * const clusters = { shop: { bootstrapBrokers: ["kafka-1:9092"] } };
 * createTidegate({ store, engines, operators, offsetProviders: [kafkaPositions({ clusters })] });
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID
 */
export function kafkaPositions(options: KafkaPositionsOptions): DefinedProvider {
  const { clusters } = parseOptions("KafkaPositionsOptions", optionsSchema, options);
  const all = Object.fromEntries(
    Object.entries(clusters).map(([name, cluster]) => [name, new Cluster(name, cluster as KafkaCluster)]),
  );
  return defineProvider<Source>({
    type: "kafka",
    sourceSchema: (sourceSchema as unknown as z.ZodType<Source>).refine(
      ({ cluster }) => placeOf(all, cluster) !== undefined,
      unknownPlace("cluster", all),
    ),
    stop: async () => {
      await Promise.all(Object.values(all).map((cluster) => cluster.close()));
    },
    dataOf: ({ cluster, topic }) => ({ cluster: chosenPlace(all, cluster), topic }),
    notesOn: ({ isolation }) =>
      isolation === "committed" ? [] : ["Records of transactions that are rolled back are read as well."],
    compare: (_, a, b) => compareWhole(a, b),
    bounds: (source, { now }) => boundsOf(placeOf(all, source.cluster)!, source, now),
    at: async ({ cluster: name, topic, isolation }, instant, { now }) => {
      const cluster = placeOf(all, name)!;
      const found = await cluster.positions(topic, await cluster.topic(topic), BigInt(instant), isolation);
      const { latest } = await boundsOf(cluster, { topic, isolation }, now);
      return mapped(latest, (end, partition) => smaller(found[partition] ?? end, end));
    },
    cut: async (_, range, { records }) => (records === undefined ? range.upper : cutOf(range, records)),
    size: async (_, range) => {
      const spans = Object.values(spansOf(range));
      return { records: Number(spans.reduce((sum, span) => sum + span, 0n)) };
    },
  });
}

async function boundsOf(
  cluster: Cluster,
  { topic: name, isolation }: Pick<Source, "topic" | "isolation">,
  now: number,
): Promise<OffsetBounds> {
  const topic = await cluster.topic(name);
  // In this order, since both only grow.
  const earliest = await cluster.positions(name, topic, EARLIEST, isolation);
  const latest = await cluster.positions(name, topic, LATEST, isolation);
  const { id } = await cluster.topic(name);
  if (id !== topic.id) throw away(`The topic ${name} was made again in the meantime.`);
  const missing = Object.keys(latest).find(
    (partition) => earliest[partition] === undefined || latest[partition] === undefined,
  );
  if (missing !== undefined) throw away(`Partition ${missing} of ${name} has no leader.`);
  const [first, end] = [earliest as OffsetVector, latest as OffsetVector];
  // A record may be dropped that belongs to a transaction which is still open.
  return {
    earliest: mapped(first, (position, partition) => smaller(position, end[partition]!)),
    latest: end,
    incarnation: id,
    at: now,
  };
}

/** Gives one offset to each partition that has any, and the rest in proportion to what they have. */
function cutOf(range: OffsetRange, records: number): OffsetVector {
  const spans = spansOf(range);
  const filled = Object.values(spans).filter((span) => span > 0n);
  const others = filled.reduce((sum, span) => sum + span - 1n, 0n);
  const rest = BigInt(Math.max(0, records - filled.length));
  return mapped(range.upper, (end, partition) => {
    const span = spans[partition]!;
    if (span <= 0n) return end;
    const share = others === 0n || rest >= others ? span - 1n : (rest * (span - 1n)) / others;
    return String(wholeOf(end) - span + 1n + share);
  });
}

/** Returns how many offsets each partition has in a range. */
function spansOf({ lower, upper }: OffsetRange): Readonly<Record<string, bigint>> {
  const entries = Object.entries(upper).map(([partition, end]) => {
    const begin = lower[partition];
    if (begin === undefined) throw wrong(`The range has no beginning in partition ${partition}.`);
    const span = wholeOf(end) - wholeOf(begin);
    return [partition, span > 0n ? span : 0n];
  });
  return Object.fromEntries(entries) as Record<string, bigint>;
}

function mapped(vector: OffsetVector, position: (value: string, partition: string) => string): OffsetVector {
  const entries = Object.entries(vector).map(([partition, value]) => [partition, position(value, partition)]);
  return Object.fromEntries(entries) as OffsetVector;
}
