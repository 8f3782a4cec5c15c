import type { Admin } from "@platformatic/kafka";
import { unlessAborted } from "@tidegate/core/clock";
import { readSecret } from "@tidegate/operator-kit";
import { oneLine, Redactor } from "@tidegate/rest-client";
import type { KafkaCluster } from "./kafka-cluster.js";

/** How a partition stands to an instant. */
export interface PartitionState {
  readonly partition: number;
  /** Whether a record of that time or later is stable: below it, no transaction is open. */
  readonly isPast: boolean;
  /** Whether a transaction is open. */
  readonly isOpen: boolean;
}

/** How long one request may take, ms, and one connection. */
const REQUEST_LIMIT_MS = 10_000;

/** Of the protocol: the end of a partition, in a request for offsets. */
const LATEST = -1n;

/** Of the protocol: whether records of open transactions count. */
const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;

/** Of the protocol: there is no such record. */
const NONE = -1n;

type Isolation = typeof READ_UNCOMMITTED | typeof READ_COMMITTED;

/** Asks one cluster. It connects when it is first asked. */
export class Cluster {
  readonly #settings: KafkaCluster;
  readonly #redactor = new Redactor();
  #admin: Promise<Admin> | undefined;

  constructor(settings: KafkaCluster) {
    this.#settings = settings;
  }

  /**
   * Returns how all partitions of a topic stand to an instant.
   *
   * @param at - epoch ms
   * @throws an error without secrets if one of them cannot be asked, or there is no such topic
   */
  async partitionsOf(topic: string, at: number, signal: AbortSignal): Promise<PartitionState[]> {
    try {
      return await unlessAborted(this.#ask(topic, at), signal);
    } catch (error) {
      throw new Error(oneLine(this.#redactor.redact(`${topic}: ${reasonsOf(error).join("; ")}`), 300));
    }
  }

  async stop(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    await (await admin?.catch(() => undefined))?.close();
  }

  async #ask(topic: string, at: number): Promise<PartitionState[]> {
    this.#admin ??= this.#connect();
    const admin = await this.#admin;
    const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
    const { partitionsCount = 0 } = topics.get(topic) ?? {};
    if (partitionsCount === 0) throw new Error("there is no such topic");
    const partitions = Array.from({ length: partitionsCount }, (_, index) => index);
    const offsets = async (timestamp: bigint, isolationLevel: Isolation): Promise<Map<number, bigint>> => {
      const asked = partitions.map((partitionIndex) => ({ partitionIndex, timestamp }));
      const [listed] = await admin.listOffsets({
        topics: [{ name: topic, partitions: asked }],
        isolationLevel,
      });
      return new Map(listed?.partitions.map(({ partitionIndex, offset }) => [partitionIndex, offset]));
    };
    // Negative times have meanings of their own.
    const found = await offsets(BigInt(Math.max(0, at)), READ_COMMITTED);
    const isComplete = partitions.every((partition) => found.get(partition) !== NONE);
    const none = new Map<number, bigint>();
    const last = isComplete ? none : await offsets(LATEST, READ_UNCOMMITTED);
    // After the end of all records, so that what is written meanwhile does not look like a transaction.
    const stable = isComplete ? none : await offsets(LATEST, READ_COMMITTED);
    return partitions.map((partition) => ({
      partition,
      isPast: known(found, partition) !== NONE,
      isOpen: !isComplete && known(stable, partition) < known(last, partition),
    }));
  }

  async #connect(): Promise<Admin> {
    const { brokers, sasl, tls } = this.#settings;
    const { Admin } = await loadClient();
    const secret = (name: "username" | "password") => async (): Promise<string> => {
      const value = await readSecret(`sasl.${name}`, sasl?.[name]);
      if (name === "password") this.#redactor.remember(name, value);
      return value;
    };
    return new Admin({
      clientId: "tidegate",
      bootstrapBrokers: [...brokers],
      // What failed is asked again in seconds.
      retries: 1,
      retryDelay: 200,
      connectTimeout: REQUEST_LIMIT_MS,
      requestTimeout: REQUEST_LIMIT_MS,
      autocreateTopics: false,
      ...(tls === undefined || tls === false ? {} : { tls: tls === true ? {} : tls }),
      ...(sasl === undefined
        ? {}
        : {
            sasl: {
              mechanism: sasl.mechanism ?? "SCRAM-SHA-512",
              username: secret("username"),
              password: secret("password"),
            },
          }),
    });
  }
}

function known(offsets: ReadonlyMap<number, bigint>, partition: number): bigint {
  const offset = offsets.get(partition);
  if (offset === undefined) throw new Error(`partition ${partition} has not answered`);
  return offset;
}

async function loadClient(): Promise<typeof import("@platformatic/kafka")> {
  try {
    return await import("@platformatic/kafka");
  } catch (error) {
    throw new Error(`the package @platformatic/kafka cannot be loaded: ${(error as Error).message}`);
  }
}

/** The messages of the errors that an error stands for, each with the system's code. */
function reasonsOf(error: unknown): string[] {
  const { errors, message, cause } = error as {
    errors?: readonly unknown[];
    message?: string;
    cause?: { code?: unknown };
  };
  if (errors !== undefined && errors.length > 0) return [...new Set(errors.flatMap(reasonsOf))];
  const code = typeof cause?.code === "string" ? ` (${cause.code})` : "";
  return [`${message ?? String(error)}${code}`];
}
