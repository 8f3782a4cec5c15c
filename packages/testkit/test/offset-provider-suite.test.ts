import { SourceError } from "@tidegate/core";
import type { OffsetProvider, OffsetRange, OffsetVector } from "@tidegate/core/offset";
import { type OffsetRecord, offsetProviderSuite, START } from "../src/index.js";

interface Entry extends Required<OffsetRecord> {
  isCommitted: boolean;
}

/** A topic in memory: positions are the numbers of its records, markers of nothing else. */
class Topic {
  readonly incarnation: string;
  readonly partitions: { first: number; readonly entries: Entry[] }[] = [];
  readonly held = new Map<string, OffsetVector>();
  static #count = 0;

  constructor(partitions: number) {
    Topic.#count += 1;
    this.incarnation = `topic-${Topic.#count}`;
    for (let index = 0; index < partitions; index += 1) this.addPartition();
  }

  addPartition(): void {
    this.partitions.push({ first: 0, entries: [] });
  }

  append(count: number, { isCommitted = true, partition = -1 } = {}): Entry[] {
    return Array.from({ length: count }, () => {
      const number = this.partitions.reduce((sum, { entries }) => sum + entries.length, 0);
      const at = partition < 0 ? number % this.partitions.length : partition;
      const entry = { id: `record ${number}`, at: START + number * 1_000, isCommitted };
      this.partitions[at]!.entries.push(entry);
      return entry;
    });
  }

  by(position: (partition: { first: number; entries: Entry[] }, index: string) => number): OffsetVector {
    return Object.fromEntries(
      this.partitions.map((partition, index) => [String(index), String(position(partition, String(index)))]),
    );
  }

  earliest(): OffsetVector {
    return this.by(({ first }) => first);
  }

  latest(): OffsetVector {
    return this.by(({ entries }) => {
      const open = entries.findIndex(({ isCommitted }) => !isCommitted);
      return open < 0 ? entries.length : open;
    });
  }

  read({ lower, upper }: OffsetRange): string[] {
    return Object.entries(upper).flatMap(([partition, end]) =>
      this.partitions[Number(partition)]!.entries.slice(Number(lower[partition]), Number(end))
        .filter(({ isCommitted }) => isCommitted)
        .map(({ id }) => id),
    );
  }

  /** Drops the first record of each partition that nobody holds. */
  expire(): void {
    for (const [index, partition] of this.partitions.entries()) {
      const held = [...this.held.values()].some((from) => Number(from[String(index)]) <= partition.first);
      if (!held) partition.first += 1;
    }
  }
}

function topics(all: Map<string, Topic>, isUp = true): OffsetProvider {
  const topic = (name: unknown): Topic => {
    if (!isUp) throw new SourceError("SOURCE_UNAVAILABLE", "The broker is down.");
    const found = all.get(name as string);
    if (found !== undefined) return found;
    throw new SourceError("SOURCE_INVALID", `There is no topic ${name}.`);
  };
  return {
    sourceType: "topic",
    validate: ({ topic: name }) => {
      if (typeof name !== "string") throw Object.assign(new Error("is required"), { field: "topic" });
    },
    bounds: async ({ topic: name }, { now }) => {
      const found = topic(name);
      return { earliest: found.earliest(), latest: found.latest(), incarnation: found.incarnation, at: now };
    },
    dataOf: ({ topic: name }) => ({ topic: name ?? null }),
    compare: (_, a, b) => Number(a) - Number(b),
    at: async ({ topic: name }, instant) =>
      topic(name).by(({ first, entries }) => {
        const found = entries.findIndex(({ at }) => at >= instant);
        return Math.max(first, found < 0 ? entries.length : found);
      }),
    cut: async ({ topic: name }, from, to, { records = Number.POSITIVE_INFINITY }) => {
      const share = Math.max(1, Math.floor(records / topic(name).partitions.length));
      return Object.fromEntries(
        Object.entries(to).map(([key, end]) => [
          key,
          String(Math.min(Number(end), Number(from[key]) + share)),
        ]),
      );
    },
    size: async ({ topic: name }, lower, upper) => ({ records: topic(name).read({ lower, upper }).length }),
    hold: async ({ topic: name }, from, { holder }) => void topic(name).held.set(holder, from),
    release: async ({ topic: name }, _, { holder }) => void topic(name).held.delete(holder),
  };
}

offsetProviderSuite({
  name: "a topic in memory",
  create: async () => {
    const all = new Map([
      ["orders", new Topic(3)],
      ["returns", new Topic(3)],
    ]);
    const orders = (): Topic => all.get("orders")!;
    return {
      provider: topics(all),
      source: { topic: "orders" },
      refused: [["topic", {}]],
      sameData: { topic: "orders", waitMs: 10 },
      otherData: [{ topic: "returns" }],
      append: async (count) => orders().append(count),
      read: async (range) => orders().read(range),
      write: async (count) => {
        const written = orders().append(count, { isCommitted: false });
        return {
          commit: async () => {
            for (const entry of written) entry.isCommitted = true;
            return written;
          },
        };
      },
      addPartition: async () => {
        orders().addPartition();
        return orders().append(2, { partition: 3 });
      },
      expire: async () => orders().expire(),
      recreate: async () => {
        all.set("orders", new Topic(3));
        orders().append(9);
      },
      wrong: { topic: "nowhere" },
      away: { provider: topics(all, false), source: { topic: "orders" } },
    };
  },
});
