import { Admin, Producer } from "@platformatic/kafka";
import { type Place, TOPIC } from "./sync.js";

export const PARTITIONS = 3;

/** A shop that writes its orders to a topic, in transactions of which every third one is rolled back. */
export class Shop {
  readonly #producer: Producer;
  readonly #sold: string[] = [];
  #orders = 0;
  #transactions = 0;
  #rolledBack = 0;

  private constructor(producer: Producer) {
    this.#producer = producer;
  }

  static async open({ bootstrapServers }: Place): Promise<Shop> {
    const options = {
      clientId: "shop",
      bootstrapBrokers: [bootstrapServers],
      // The broker does not know so new a topic at first.
      retries: 50,
      retryDelay: 50,
    };
    const admin = new Admin(options);
    await admin.createTopics({ topics: [{ topic: TOPIC, partitions: PARTITIONS, replicas: 1 }] });
    await admin.close();
    return new Shop(new Producer({ ...options, idempotent: true, transactionalId: "shop" }));
  }

  /** Takes so many orders in one transaction, one after the other in each partition but the last one of three. */
  async sell(orders: number): Promise<void> {
    this.#transactions += 1;
    const isRolledBack = this.#transactions % 3 === 0;
    const transaction = await this.#producer.beginTransaction();
    const written: string[] = [];
    // Each partition has a batch, whose offset is that of its first order.
    for (let partition = 0; partition < PARTITIONS - 1; partition += 1) {
      const ordered = Array.from({ length: orders }, () => {
        this.#orders += 1;
        return { id: this.#orders, cents: 100 + ((this.#orders * 37) % 900) };
      });
      for (const order of ordered) {
        const { offsets } = await transaction.send({
          messages: [{ topic: TOPIC, partition, value: Buffer.from(JSON.stringify(order)) }],
        });
        written.push(`${order.id},${order.cents},${partition},${offsets![0]!.offset}`);
      }
    }
    if (isRolledBack) {
      await transaction.abort();
      this.#rolledBack += written.length;
    } else {
      await transaction.commit();
      this.#sold.push(...written);
    }
  }

  /** The orders that were committed, with their partitions and offsets, as texts in the order of their ids. */
  get sold(): readonly string[] {
    return this.#sold;
  }

  /** How many orders were written and rolled back. */
  get rolledBack(): number {
    return this.#rolledBack;
  }

  async close(): Promise<void> {
    await this.#producer.close();
  }
}
