import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Admin, ConfigResourceTypes, Producer } from "@platformatic/kafka";
import { createTidegate } from "@tidegate/core";
import { isEmptyRange, type OffsetBounds, type OffsetRange, standingOf } from "@tidegate/core/offset";
import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { functionOperator, type JobFunction } from "@tidegate/operator-function";
import { freePort, KafkaServer } from "@tidegate/test-servers";
import { type OffsetRecord, offsetProviderSuite, START, until } from "@tidegate/testkit";
import type { DefinedProvider } from "../src/index.js";
import { kafkaPositions } from "../src/kafka.js";

let server: KafkaServer;
let admin: Admin;
let producer: Producer;
let provider: DefinedProvider;
let topics = 0;

type Transaction = Awaited<ReturnType<Producer["beginTransaction"]>>;

beforeAll(async () => {
  server = await KafkaServer.start({
    "auto.create.topics.enable": "false",
    "log.cleaner.backoff.ms": "100",
    "log.cleaner.dedupe.buffer.size": "2097152",
  });
  admin = new Admin(client());
  producer = new Producer(client());
  provider = kafkaPositions({ clusters: { shop: { bootstrapBrokers: [server.bootstrapServers] } } });
}, 180_000);

afterAll(async () => {
  await provider?.stop();
  await producer?.close();
  await admin?.close();
  await server?.dispose();
});

/** Options of clients: topics are so new that a broker may not know them at first. */
const client = () => ({
  clientId: "tests",
  bootstrapBrokers: [server.bootstrapServers],
  autocreateTopics: false,
  retries: 100,
  retryDelay: 20,
});

async function makeTopic(partitions: number, name = `orders-${topics}`): Promise<string> {
  topics += 1;
  await admin.createTopics({ topics: [{ topic: name, partitions, replicas: 1 }] });
  return name;
}

/** Where each record is, as the broker said when it took it. */
interface Written extends Required<OffsetRecord> {
  readonly partition: string;
  readonly offset: bigint;
}

/** Writes one record and returns where it is. */
async function write(
  by: Producer | Transaction,
  topic: string,
  { number, partition }: { readonly number: number; readonly partition: number },
  key = Buffer.from(String(number)),
): Promise<Written> {
  const record = { id: `order ${number}`, at: START + number * 1_000 };
  const message = { topic, partition, key, value: Buffer.from(record.id), timestamp: BigInt(record.at) };
  const { offsets } = await by.send({ messages: [message] });
  expect(offsets![0]!.partition).toBe(partition);
  return { ...record, partition: String(partition), offset: offsets![0]!.offset };
}

const within = (records: readonly Written[], { lower, upper }: OffsetRange): Written[] =>
  records.filter(
    ({ partition, offset }) =>
      upper[partition] !== undefined &&
      offset >= BigInt(lower[partition]!) &&
      offset < BigInt(upper[partition]!),
  );

const context = () => ({ now: START, signal: new AbortController().signal });

const look = (topic: string, more: object = {}): Promise<OffsetBounds> =>
  provider.bounds({ topic, ...more }, context());

async function transaction(id: string): Promise<{ begun: Transaction; by: Producer }> {
  const by = new Producer({ ...client(), idempotent: true, transactionalId: id });
  return { begun: await by.beginTransaction(), by };
}

describe("a topic of Kafka", () => {
  it("ends at the last stable offset, unless records of open transactions count", async () => {
    const topic = await makeTopic(1);
    await write(producer, topic, { number: 1, partition: 0 });
    const { begun, by } = await transaction(topic);
    await write(begun, topic, { number: 2, partition: 0 });
    await write(producer, topic, { number: 3, partition: 0 });
    expect((await look(topic)).latest).toEqual({ "0": "1" });
    expect((await look(topic, { isolation: "uncommitted" })).latest).toEqual({ "0": "3" });
    await begun.abort();
    await by.close();
    // The marker of the rollback has an offset too, and is written behind the answer.
    await until(async () => (await look(topic)).latest["0"] === "4");
    const [lower, upper] = [{ "0": "3" }, { "0": "4" }];
    expect(isEmptyRange(provider, { lower, upper })).toBe(false);
    expect(await provider.size({ topic }, lower, upper, context())).toEqual({ records: 1 });
  });

  it("has lost what retention dropped, also all of it", async () => {
    const topic = await makeTopic(1);
    for (const number of [1, 2, 3]) await write(producer, topic, { number, partition: 0 });
    await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 3n }] }] });
    const bounds = await look(topic);
    expect(bounds).toMatchObject({ earliest: { "0": "3" }, latest: { "0": "3" } });
    expect(standingOf(provider, { "0": "1" }, bounds).expired).toEqual([
      { partition: "0", lower: "1", upper: "3" },
    ]);
  });

  it("is read without what retention dropped while a run waited, which is recorded as lost", async () => {
    const topic = await makeTopic(1);
    const clock = new VirtualClock({ start: Date.UTC(2026, 0, 1) });
    const read: unknown[] = [];
    let goOn: () => void = () => {};
    const first = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const load: JobFunction = async ({ offsets }) => {
      read.push([offsets!.lower, offsets!.upper]);
      await first;
    };
    const own = kafkaPositions({ clusters: { shop: { bootstrapBrokers: [server.bootstrapServers] } } });
    const tidegate = createTidegate({
      store: new MemoryStore(),
      clock,
      engines: [embeddedEngine()],
      operators: [functionOperator({ load })],
      offsetProviders: [own],
    });
    await tidegate.start();
    try {
      await tidegate.client.register({
        groupId: "orders",
        trigger: { type: "period", every: 1, unit: "day" },
        startTime: clock.now(),
        boundaryType: "OFFSET",
        source: { type: "kafka", topic },
        startAt: "earliest",
        onLoss: "record",
        job: { function: "load" },
      });
      const plan = async (): Promise<void> => {
        await clock.advance(1_000);
        await tidegate.client.trigger("orders", undefined, { drain: true });
      };
      const hasRead = (count: number): Promise<void> =>
        until(async () => {
          await clock.advance(0);
          return read.length === count;
        });
      for (const number of [1, 2, 3]) await write(producer, topic, { number, partition: 0 });
      await plan();
      await hasRead(1);
      for (const number of [4, 5, 6]) await write(producer, topic, { number, partition: 0 });
      await plan();
      await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 5n }] }] });
      // By then, what the plan has found of the topic is no longer taken for what it has now.
      await clock.advance(6_000);
      goOn();
      await hasRead(2);
      expect(read).toEqual([
        [{ "0": "0" }, { "0": "3" }],
        [{ "0": "5" }, { "0": "6" }],
      ]);
      const { items } = await tidegate.client.runs({ groupId: "orders", reasons: ["source-expired"] });
      expect(items.map(({ state, offsets }) => [state, offsets!.lower, offsets!.upper])).toEqual([
        ["SKIPPED", { "0": "3" }, { "0": "5" }],
        ["CANCELLED", { "0": "3" }, { "0": "6" }],
      ]);
    } finally {
      await tidegate.stop();
    }
  });

  it("keeps its bounds when it is compacted, so that a range has fewer records than offsets", async () => {
    const topic = await makeTopic(1);
    const configs = { "cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01" };
    await admin.incrementalAlterConfigs({
      resources: [
        {
          resourceType: ConfigResourceTypes.TOPIC,
          resourceName: topic,
          configs: Object.entries(configs).map(([name, value]) => ({ name, value, configOperation: 0 })),
        },
      ],
    });
    let number = 0;
    // All have one key, so that the first is gone as soon as its segment is compacted.
    await until(async () => {
      number += 1;
      await write(producer, topic, { number, partition: 0 }, Buffer.from("key"));
      return (await provider.at({ topic }, START, context()))["0"] !== "0";
    });
    const { earliest, latest } = await look(topic);
    expect([earliest, latest]).toEqual([{ "0": "0" }, { "0": String(number) }]);
    expect(await provider.size({ topic }, earliest, latest, context())).toEqual({ records: number });
  });

  it("is cut in proportion to what its partitions have, and at least by one of each", async () => {
    const cut = (records: number) =>
      provider.cut(
        { topic: "any" },
        { "0": "0", "1": "10", "2": "7", "3": "9007199254740993" },
        { "0": "100", "1": "11", "2": "7", "3": "9007199254741094" },
        { records },
        context(),
      );
    expect(await cut(1)).toEqual({ "0": "1", "1": "11", "2": "7", "3": "9007199254740994" });
    expect(await cut(23)).toEqual({ "0": "10", "1": "11", "2": "7", "3": "9007199254741004" });
    expect(await cut(1_000)).toMatchObject({ "0": "100", "3": "9007199254741094" });
  });
});

offsetProviderSuite({
  name: "kafka",
  create: async () => {
    const topic = await makeTopic(3);
    const written: Written[] = [];
    let count = 0;
    const append = async (many: number, by: Producer | Transaction = producer, partition?: number) => {
      const records: Written[] = [];
      for (let left = many; left > 0; left -= 1) {
        count += 1;
        records.push(await write(by, topic, { number: count, partition: partition ?? count % 3 }));
      }
      return records;
    };
    const keep = (records: Written[]): Written[] => {
      written.push(...records);
      return records;
    };
    const bootstrapBrokers = [`127.0.0.1:${await freePort()}`];
    return {
      provider: kafkaPositions({ clusters: { shop: { bootstrapBrokers: [server.bootstrapServers] } } }),
      source: { topic },
      refused: [
        ["topic", {}],
        ["topic", { topic: "a b" }],
        ["isolation", { topic, isolation: "none" }],
        ["cluster", { topic, cluster: "bank" }],
        ["brokers", { topic, brokers: ["elsewhere:9092"] }],
      ],
      sameData: { topic, cluster: "shop", isolation: "uncommitted" },
      append: async (many) => keep(await append(many)),
      read: async (range) => within(written, range).map(({ id }) => id),
      write: async (many) => {
        const { begun, by } = await transaction(`${topic}-${count}`);
        const records = await append(many, begun);
        return {
          commit: async () => {
            await begun.commit();
            await by.close();
            for (const { partition, offset } of records)
              await until(async () => BigInt((await look(topic)).latest[partition]!) > offset);
            return keep(records);
          },
        };
      },
      addPartition: async () => {
        await admin.createPartitions({
          topics: [{ name: topic, count: 4, assignments: [{ brokerIds: [1] }] }],
        });
        // A producer that does not know the partition yet writes to another one instead.
        await until(async () => {
          const { topics: known } = await producer.metadata({ topics: [topic], forceUpdate: true });
          return known.get(topic)?.partitionsCount === 4;
        });
        const records = await append(2, producer, 3);
        // A partition of a moment ago tells its end a little after it has taken records.
        await until(async () => (await look(topic)).latest["3"] === "2");
        return keep(records);
      },
      expire: async () => {
        const { earliest } = await look(topic);
        const partitions = Object.entries(earliest).map(([partition, offset]) => ({
          partition: Number(partition),
          offset: BigInt(offset) + 1n,
        }));
        await admin.deleteRecords({ topics: [{ name: topic, partitions }] });
      },
      recreate: async () => {
        await admin.deleteTopics({ topics: [topic] });
        await makeTopic(3, topic);
        await producer.metadata({ topics: [topic], forceUpdate: true });
        await append(9);
      },
      wrong: { topic: "nowhere" },
      away: { provider: kafkaPositions({ clusters: { shop: { bootstrapBrokers } } }), source: { topic } },
    };
  },
});
