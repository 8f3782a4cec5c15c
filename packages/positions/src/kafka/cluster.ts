import { Admin, FetchIsolationLevels, ListOffsetTimestamps, type SASLOptions } from "@platformatic/kafka";
import { isTidegateError } from "@tidegate/core";
import type { OffsetVector } from "@tidegate/core/offset";
import { z } from "zod";
import { away, wrong } from "../kit/source-errors.js";

/** A cluster of Kafka brokers. */
export interface KafkaCluster {
  /** Brokers that know the others: `["kafka-1:9092", "kafka-2:9092"]`. */
  readonly bootstrapBrokers: readonly string[];
  /** A login; its `username`, `password` and `token` may be functions, which are called for each connection. @default none */
  readonly sasl?: SASLOptions;
  /** TLS, with the options of Node's `tls.connect`. @default none */
  readonly tls?: Readonly<Record<string, unknown>>;
}

/** The schema of a `KafkaCluster`. */
export const clusterSchema = z.strictObject({
  bootstrapBrokers: z.array(z.string().regex(/^\S+:\d{1,5}$/, "must be host:port")).min(1),
  sasl: z.custom<SASLOptions>((value) => typeof value === "object" && value !== null).optional(),
  tls: z.custom<Record<string, unknown>>((value) => typeof value === "object" && value !== null).optional(),
});

/** A topic as the cluster knows it. */
export interface Topic {
  /** Another one if the topic was deleted and made again. */
  readonly id: string;
  readonly partitions: number;
}

/** Which records count. */
export type Isolation = "committed" | "uncommitted";

const LEVELS = {
  committed: FetchIsolationLevels.READ_COMMITTED,
  uncommitted: FetchIsolationLevels.READ_UNCOMMITTED,
} as const;

/** The first position that can be read, and the end of what can be. */
export const { EARLIEST, LATEST } = ListOffsetTimestamps;

/** A broker's answers about a topic that cannot exist, or may not be read. */
const WRONG: readonly string[] = ["INVALID_TOPIC_EXCEPTION", "TOPIC_AUTHORIZATION_FAILED"];

/** Asks a cluster about topics; connects when it is asked first. */
export class Cluster {
  readonly #name: string;
  readonly #options: KafkaCluster;
  #admin: Admin | undefined;

  constructor(name: string, options: KafkaCluster) {
    this.#name = name;
    this.#options = options;
  }

  /** @throws SourceError SOURCE_INVALID if there is no such topic; SOURCE_UNAVAILABLE */
  topic(name: string): Promise<Topic> {
    return this.#ask(name, async (admin) => {
      const { topics } = await admin.metadata({ topics: [name], forceUpdate: true, autocreateTopics: false });
      const topic = topics.get(name);
      if (topic === undefined) throw wrong(`${this.#name} has no topic ${name}.`);
      return { id: topic.id, partitions: topic.partitionsCount };
    });
  }

  /**
   * Returns the first position of each partition whose record is not before an instant; `undefined` where there is
   * none.
   *
   * @param instant - epoch ms, or `EARLIEST`, or `LATEST`
   * @throws SourceError SOURCE_INVALID, SOURCE_UNAVAILABLE
   */
  positions(
    name: string,
    { partitions }: Topic,
    instant: bigint,
    isolation: Isolation,
  ): Promise<Readonly<Record<string, string | undefined>>> {
    return this.#ask(name, async (admin) => {
      const indexes = Array.from({ length: partitions }, (_, partitionIndex) => partitionIndex);
      const asked = indexes.map((partitionIndex) => ({ partitionIndex, timestamp: instant }));
      const topics = [{ name, partitions: asked }];
      const [listed] = await admin.listOffsets({ topics, isolationLevel: LEVELS[isolation] });
      const found = new Map(listed?.partitions.map(({ partitionIndex, offset }) => [partitionIndex, offset]));
      const entries = indexes.map((index) => {
        const offset = found.get(index);
        return [String(index), offset === undefined || offset < 0n ? undefined : String(offset)];
      });
      return Object.fromEntries(entries) as OffsetVector;
    });
  }

  async close(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    await admin?.close();
  }

  async #ask<T>(topic: string, question: (admin: Admin) => Promise<T>): Promise<T> {
    this.#admin ??= this.#connect();
    try {
      return await question(this.#admin);
    } catch (cause) {
      if (isTidegateError(cause)) throw cause;
      const { apiId, message } = rootOf(cause);
      if (apiId === "UNKNOWN_TOPIC_OR_PARTITION" || /^Unknown topic/.test(message))
        throw wrong(`${this.#name} has no topic ${topic}.`, cause);
      const text = `${this.#name}, topic ${topic}: ${message}.`;
      throw apiId !== undefined && WRONG.includes(apiId) ? wrong(text, cause) : away(text, cause);
    }
  }

  #connect(): Admin {
    const { bootstrapBrokers, sasl, tls } = this.#options;
    return new Admin({
      clientId: "tidegate-positions",
      bootstrapBrokers: [...bootstrapBrokers],
      connectTimeout: 5_000,
      requestTimeout: 10_000,
      retries: 1,
      retryDelay: 200,
      autocreateTopics: false,
      ...(sasl === undefined ? {} : { sasl }),
      ...(tls === undefined ? {} : { tls }),
    });
  }
}

/** Returns the error under those that only say that something failed. */
function rootOf(error: unknown): { readonly apiId?: string; readonly message: string } {
  const { errors, cause } = error as { errors?: readonly unknown[]; cause?: unknown };
  const below = errors?.[0] ?? cause;
  return below instanceof Error ? rootOf(below) : (error as { apiId?: string; message: string });
}
