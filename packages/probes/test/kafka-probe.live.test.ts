import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  Admin,
  type BaseOptions,
  type MessageToProduce,
  Producer,
  stringSerializers,
} from "@platformatic/kafka";
import type { JsonObject } from "@tidegate/core";
import type { ProbeAnswer } from "@tidegate/core/probe";
import { freePort, KafkaServer } from "@tidegate/test-servers";
import { aQuestion, MINUTE, probeSuite, START, until } from "@tidegate/testkit";
import { type KafkaCluster, kafkaProbe } from "../src/index.js";

const END = START + MINUTE;

const PASSWORD = "correct-horse-battery-staple";

let kafka: KafkaServer;
let client: BaseOptions;
let admin: Admin;
let producer: Producer<string, string, string, string>;
let count = 0;

beforeAll(async () => {
  kafka = await KafkaServer.start({}, { username: "tidegate", password: PASSWORD });
  client = { clientId: "test", bootstrapBrokers: [kafka.bootstrapServers] };
  admin = new Admin(client);
  producer = new Producer({ ...client, serializers: stringSerializers });
}, 300_000);

afterAll(async () => {
  await producer?.close();
  await admin?.close();
  await kafka?.dispose();
});

/** A topic of two partitions, with records of these times, one after the other. */
async function aTopic(...times: readonly (readonly number[])[]): Promise<string> {
  count += 1;
  const topic = `orders-${count}`;
  await admin.createTopics({ topics: [topic], partitions: 2, replicas: 1 });
  await write(topic, ...times);
  return topic;
}

async function write(topic: string, ...times: readonly (readonly number[])[]): Promise<void> {
  const messages = messagesOf(topic, ...times);
  if (messages.length > 0) await producer.send({ messages });
}

function messagesOf(
  topic: string,
  ...times: readonly (readonly number[])[]
): MessageToProduce<string, string, string, string>[] {
  return times.flatMap((each, partition) =>
    each.map((at) => ({ topic, partition, timestamp: BigInt(at), value: "an order" })),
  );
}

function aTransactionalProducer(topic: string): Producer<string, string, string, string> {
  return new Producer({
    ...client,
    serializers: stringSerializers,
    transactionalId: `writes-${topic}`,
    idempotent: true,
  });
}

/** The cluster as a probe has it. */
const events = (password = PASSWORD): KafkaCluster => ({
  brokers: [kafka.saslServers],
  sasl: { mechanism: "PLAIN", username: "tidegate", password: async () => password },
});

/** Asks about the first minute. */
async function ask(spec: JsonObject, now = END): Promise<ProbeAnswer> {
  const probe = kafkaProbe({ clusters: { events: events() } });
  try {
    return await probe.check(aQuestion({ spec }), { now, signal: new AbortController().signal });
  } finally {
    await probe.stop?.();
  }
}

describe("the probe `kafka`", () => {
  it("waits until each partition has a record at or after the interval's end", async () => {
    const topic = await aTopic([START, END], [END - 1]);
    expect(await ask({ topic })).toEqual({
      isReady: false,
      detail: `partition 1 of ${topic} has no record at or after 2026-01-01T00:01:00.000Z`,
    });
    await write(topic, [], [END]);
    expect(await ask({ topic })).toEqual({
      isReady: true,
      detail: `${topic} has passed 2026-01-01T00:01:00.000Z`,
    });
  });

  it("goes by the latest record, not by the last one", async () => {
    expect(await ask({ topic: await aTopic([END, START], [END + 1, START]) })).toMatchObject({
      isReady: true,
    });
  });

  it("waits for a partition that was never written to, until it counts as idle", async () => {
    const topic = await aTopic([END]);
    expect(await ask({ topic }, END + 3_600_000)).toMatchObject({ isReady: false });
    const spec = { topic, idleMs: 5_000 };
    expect(await ask(spec, END + 4_999)).toMatchObject({ isReady: false });
    expect(await ask(spec, END + 5_000)).toMatchObject({ isReady: true });
  });

  it("waits for a transaction that is open below the interval's end, also on a partition that looks idle", async () => {
    const topic = await aTopic([END], [START]);
    const open = aTransactionalProducer(topic);
    const transaction = await open.beginTransaction();
    await transaction.send({ messages: messagesOf(topic, [], [START + 1]) });
    const spec = { topic, idleMs: 0 };
    expect(await ask(spec)).toEqual({
      isReady: false,
      detail: `partition 1 of ${topic} has an open transaction below 2026-01-01T00:01:00.000Z`,
    });
    // What others write behind it is not stable.
    await write(topic, [], [END + 1]);
    expect(await ask({ topic })).toMatchObject({ isReady: false });
    await transaction.commit();
    // The broker acknowledges a commit before each partition has it.
    await until(async () => (await ask({ topic })).isReady, { what: "the commit" });
    await open.close();
  });

  it("is not held up by a transaction that is open behind the interval's end", async () => {
    const topic = await aTopic([END], [END]);
    const open = aTransactionalProducer(topic);
    const transaction = await open.beginTransaction();
    await transaction.send({ messages: messagesOf(topic, [END + 1], [END + 1]) });
    expect(await ask({ topic })).toMatchObject({ isReady: true });
    await transaction.abort();
    await open.close();
  });

  it.each([
    [
      "nobody listens",
      async () => ({ brokers: [`127.0.0.1:${await freePort()}`] }),
      "orders: Connection to 127",
    ],
    ["the password is wrong", async () => events("wrong-and-secret"), "AUTHENTICATION"],
  ])("is broken, not waiting, if %s", async (_why, cluster, message) => {
    const probe = kafkaProbe({ clusters: { events: await cluster() } });
    const question = aQuestion({ spec: { topic: "orders" } });
    const asked = probe.check(question, { now: END, signal: new AbortController().signal });
    await expect(asked).rejects.toThrow(message);
    await probe.stop?.();
  });

  it("is broken while the cluster is away, and answers when it is back", async () => {
    const topic = await aTopic([END], [END]);
    const probe = kafkaProbe({ clusters: { events: events() } });
    const check = (signal = new AbortController().signal): Promise<ProbeAnswer> =>
      probe.check(aQuestion({ spec: { topic } }), { now: END, signal });
    expect(await check()).toMatchObject({ isReady: true });
    await kafka.kill();
    await expect(check()).rejects.toThrow("failed");
    await kafka.startAgain();
    const isAnswered = () =>
      check().then(
        ({ isReady }) => isReady,
        () => false,
      );
    await until(isAnswered, { what: "an answer" });
    await probe.stop?.();
  });

  it("is broken, not waiting, if there is no such topic, and does not create it", async () => {
    await expect(ask({ topic: "nothing" })).rejects.toThrow("nothing: Unknown topic nothing.");
    expect(await admin.listTopics()).not.toContain("nothing");
  });
});

probeSuite({
  name: "kafka",
  create: async () => {
    const topic = await aTopic([END], [END]);
    return {
      probe: kafkaProbe({ clusters: { events: events(), wrong: events("wrong-and-secret") } }),
      spec: { cluster: "events", topic },
      refused: [
        ["topic", { cluster: "events" }],
        ["topic", { cluster: "events", topic: "all orders" }],
        ["cluster", { topic }],
        ["cluster", { cluster: "others", topic }],
        ["idleMs", { cluster: "events", topic, idleMs: -1 }],
        ["group", { cluster: "events", topic, group: "tidegate" }],
      ],
      ready: {},
      notReady: { interval: { lower: END, upper: END + MINUTE } },
      broken: { spec: { cluster: "wrong", topic } },
      secrets: [PASSWORD, "wrong-and-secret"],
    };
  },
});
