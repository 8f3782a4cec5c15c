import { Admin, ConfigResourceTypes, Producer } from "@platformatic/kafka";
import type { KafkaServer } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";

/** The fields of records besides their ids. */
interface Keyed {
  /** Epoch ms. @default now */
  readonly at?: number;
  /** @default the same one */
  readonly key?: string;
}

/** Writes records `{ "id": … }` to one topic, each to a partition of the test's choice. */
export class TopicWriter {
  readonly #options: ConstructorParameters<typeof Admin>[0];
  readonly #admin: Admin;
  readonly #producer: Producer;
  readonly topic: string;
  #transactions = 0;

  private constructor(kafka: KafkaServer, topic: string) {
    this.#options = {
      clientId: "tests",
      bootstrapBrokers: [kafka.bootstrapServers],
      autocreateTopics: false,
      // A broker may not know so new a topic at first.
      retries: 100,
      retryDelay: 20,
    };
    this.#admin = new Admin(this.#options);
    this.#producer = new Producer(this.#options);
    this.topic = topic;
  }

  static async create(kafka: KafkaServer, topic: string, partitions = 1): Promise<TopicWriter> {
    const writer = new TopicWriter(kafka, topic);
    await writer.#admin.createTopics({ topics: [{ topic, partitions, replicas: 1 }] });
    return writer;
  }

  /** Writes records in their order. */
  async write(ids: readonly number[], partition = 0, keyed: Keyed = {}): Promise<void> {
    await this.#write(this.#producer, ids, partition, keyed);
  }

  /** Writes records in a transaction, whose marker has the offset behind them. */
  async transact(end: "commit" | "abort", ids: readonly number[], partition = 0): Promise<void> {
    this.#transactions += 1;
    const transactionalId = `${this.topic}-${this.#transactions}`;
    const producer = new Producer({ ...this.#options, idempotent: true, transactionalId });
    const transaction = await producer.beginTransaction();
    await this.#write(transaction, ids, partition);
    await transaction[end]();
    await producer.close();
  }

  /** Adds partitions, and waits until the broker has them: clients that ask before are told of the others only. */
  async addPartition(count: number): Promise<void> {
    await this.#admin.createPartitions({
      topics: [{ name: this.topic, count, assignments: [{ brokerIds: [1] }] }],
    });
    await until(async () => {
      const { topics } = await this.#producer.metadata({ topics: [this.topic], forceUpdate: true });
      return (topics.get(this.topic)?.partitionsCount ?? 0) >= count;
    });
  }

  /** Drops the records below an offset, as retention does. */
  async expire(offset: bigint): Promise<void> {
    await this.#admin.deleteRecords({
      topics: [{ name: this.topic, partitions: [{ partition: 0, offset }] }],
    });
  }

  /** Changes the topic's configuration. */
  async configure(settings: Readonly<Record<string, string>>): Promise<void> {
    const configs = Object.entries(settings).map(([name, value]) => ({
      name,
      value,
      configOperation: 0 as const,
    }));
    await this.#admin.incrementalAlterConfigs({
      resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: this.topic, configs }],
    });
  }

  /** The offset of the first record that is there and not older than an instant, epoch ms. */
  async firstSince(instant: number): Promise<bigint> {
    const partitions = [{ partitionIndex: 0, timestamp: BigInt(instant) }];
    const [listed] = await this.#admin.listOffsets({ topics: [{ name: this.topic, partitions }] });
    return listed!.partitions[0]!.offset;
  }

  async close(): Promise<void> {
    await Promise.all([this.#producer.close(), this.#admin.close()]);
  }

  async #write(
    by: Pick<Producer, "send">,
    ids: readonly number[],
    partition: number,
    { at = Date.now(), key = "key" }: Keyed = {},
  ): Promise<void> {
    const messages = ids.map((id) => ({
      topic: this.topic,
      partition,
      key: Buffer.from(key),
      value: Buffer.from(JSON.stringify({ id })),
      timestamp: BigInt(at),
    }));
    await by.send({ messages });
  }
}
