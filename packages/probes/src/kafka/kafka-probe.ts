import { parseOptions } from "@tidegate/core/plugin";
import type { ProbeAnswer, ReadinessProbe } from "@tidegate/core/probe";
import { z } from "zod";
import { defineProbe } from "../kit/define-probe.js";
import { Cluster, type PartitionState } from "./cluster.js";
import { clusterSchema, type KafkaCluster } from "./kafka-cluster.js";

export type { KafkaCluster };

/** Options of `kafkaProbe`. */
export interface KafkaProbeOptions {
  /** The clusters that may be asked, by the names that schedules use. */
  readonly clusters: Readonly<Record<string, KafkaCluster>>;
}

/** Longest idleness that can be asked for, ms: a year. */
const LONGEST_IDLE_MS = 366 * 86_400_000;

const name = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "must be 1 to 64 of letters, digits and _ . -");

const optionsSchema = z.strictObject({
  clusters: z
    .record(name, clusterSchema)
    .refine((all) => Object.keys(all).length > 0, "must name at least one"),
});

const specSchema = z.strictObject({
  cluster: name.optional(),
  topic: z.string().regex(/^[A-Za-z0-9._-]{1,249}$/, "must be 1 to 249 of letters, digits and . _ -"),
  idleMs: z.number().int().min(0).max(LONGEST_IDLE_MS).optional(),
});

type Spec = z.output<typeof specSchema>;

/**
 * Returns the probe `kafka`: a topic has passed the end of the interval. It has when each partition has a record
 * with a timestamp at or after that end, and no transaction is open below that record. An entry of `ready`:
 *
 * - `cluster`: its name in the options. Default: the only one;
 * - `topic`: the topic;
 * - `idleMs`: how long after the interval's end a partition without such a record counts as idle, and is no longer
 *   waited for, ms; 0 to a year. A partition with an open transaction is not idle. Default: it is waited for,
 *   however long nothing is written to it.
 *
 * A topic that does not exist is an error. It needs the package `@platformatic/kafka`, and Kafka 0.11 or newer.
 *
 * ```ts
 * kafkaProbe({ clusters: { events: { brokers: ["kafka-1:9092", "kafka-2:9092"], tls: true } } });
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID
 */
export function kafkaProbe(options: KafkaProbeOptions): ReadinessProbe {
  const parsed = parseOptions("KafkaProbeOptions", optionsSchema, options);
  const clusters = new Map(
    Object.entries(parsed.clusters).map(([cluster, each]) => [cluster, new Cluster(each as KafkaCluster)]),
  );
  const names = [...clusters.keys()];
  const clusterOf = ({ cluster = names.length === 1 ? names[0]! : "" }: Spec): Cluster | undefined =>
    clusters.get(cluster);
  return defineProbe<Spec>({
    type: "kafka",
    specSchema: (specSchema as z.ZodType<Spec>).refine((spec) => clusterOf(spec) !== undefined, {
      message: `must be one of ${names.join(", ")}`,
      path: ["cluster"],
    }),
    stop: async () => {
      await Promise.all([...clusters.values()].map((cluster) => cluster.stop()));
    },
    check: async ({ interval: { upper }, spec }, { now, signal }) => {
      const partitions = await clusterOf(spec)!.partitionsOf(spec.topic, upper, signal);
      const isIdle = spec.idleMs !== undefined && now >= upper + spec.idleMs;
      return judged(spec.topic, partitions, upper, isIdle);
    },
  });
}

/** @param isIdle - whether partitions without a record after the interval are no longer waited for */
function judged(
  topic: string,
  partitions: readonly PartitionState[],
  upper: number,
  isIdle: boolean,
): ProbeAnswer {
  const end = new Date(upper).toISOString();
  const awaited = partitions.filter(({ isPast, isOpen }) => !isPast && (isOpen || !isIdle));
  const [first] = awaited;
  if (first === undefined) return { isReady: true, detail: `${topic} has passed ${end}` };
  const more = awaited.length > 1 ? ` (${awaited.length - 1} more)` : "";
  const what = first.isOpen ? `an open transaction below ${end}` : `no record at or after ${end}`;
  return { isReady: false, detail: `partition ${first.partition} of ${topic} has ${what}${more}` };
}
