import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  compareBytes,
  evenCuts,
  fileShards,
  filesOf,
  isInPart,
  partitionShards,
  partitionsOf,
  partOf,
  quantileCuts,
  rangeShards,
} from "../src/index.js";

const numeric = (a: string, b: string): number =>
  BigInt(a) < BigInt(b) ? -1 : Number(BigInt(a) > BigInt(b));
const counts = fc.integer({ min: 1, max: 40 });
const texts = fc.string({ unit: "binary", maxLength: 150 });
const columns = { isNullable: true };

/** How many shards a row is in. */
function homesOf(
  shards: ReturnType<typeof rangeShards>,
  key: string | null,
  compare: (a: string, b: string) => number,
): number {
  return shards.filter(({ args }) => isInPart(partOf(args), key, compare)).length;
}

describe("shards of ranges", () => {
  it("have each number in exactly one, also those beyond the bounds at which the range was split", () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), counts, fc.array(fc.bigInt()), (a, b, count, keys) => {
        const [min, max] = a < b ? [a, b] : [b, a];
        const shards = rangeShards("id", evenCuts(min, max, count), columns);
        expect(shards.length).toBeLessThanOrEqual(count + 1);
        for (const key of [min, max, min - 1n, max + 1n, ...keys])
          expect(homesOf(shards, String(key), numeric)).toBe(1);
        expect(homesOf(shards, null, numeric)).toBe(1);
      }),
    );
  });

  it("have each text in exactly one, whatever sample of others they were made of", () => {
    fc.assert(
      fc.property(fc.array(texts), counts, fc.array(texts), (sample, count, keys) => {
        const cuts = quantileCuts(sample.toSorted(compareBytes), count);
        const shards = rangeShards("name", cuts, columns);
        expect(shards.length).toBeLessThanOrEqual(count + 1);
        for (const key of [...sample, ...keys, "", ...cuts])
          expect(homesOf(shards, key, compareBytes)).toBe(1);
        expect(homesOf(shards, null, compareBytes)).toBe(1);
      }),
    );
  });

  it("have keys of their own, which say what is in them", () => {
    const cuts = evenCuts(0n, 99n, 4);
    expect(rangeShards("id", cuts, columns).map(({ key }) => key)).toEqual([
      "id < 25",
      "25 <= id < 50",
      "50 <= id < 75",
      "75 <= id",
      "id is null",
    ]);
    expect(rangeShards("id", [], { isNullable: false })).toEqual([
      { key: "id: all", args: { column: "id" } },
    ]);
  });

  it("are as many as there are numbers, if those are fewer than were asked for", () => {
    expect(evenCuts(5n, 7n, 8)).toEqual([6n, 7n]);
    expect(evenCuts(5n, 5n, 8)).toEqual([]);
  });

  it("cut long texts at a prefix, and keys that repeat once", () => {
    const long = "z".repeat(5_000);
    expect(quantileCuts(["a", "b", "b", "b", "b", long], 6)).toEqual(["b", "z".repeat(100)]);
    expect(quantileCuts(["a", "a", "a"], 3)).toEqual([]);
  });

  it("order texts by their bytes, unlike JavaScript beyond the first plane", () => {
    expect(compareBytes("\u{10000}", "\uffff")).toBeGreaterThan(0);
    expect("\u{10000}" > "\uffff").toBe(false);
  });
});

describe("shards of files", () => {
  const files = fc.uniqueArray(fc.record({ path: texts, version: fc.string(), bytes: fc.nat(1_000_000) }), {
    selector: ({ path }) => path,
  });

  it("have each file in exactly one, and none is empty", () => {
    fc.assert(
      fc.property(files, counts, (all, count) => {
        const shards = fileShards(all, count);
        expect(shards.length).toBe(Math.min(count, all.length));
        const kept = shards.flatMap(({ args }) => filesOf(args)).map(({ path }) => path);
        expect(kept.sort(compareBytes)).toEqual(all.map(({ path }) => path).sort(compareBytes));
        expect(new Set(shards.map(({ key }) => key)).size).toBe(shards.length);
        for (const { key } of shards) expect(key.length).toBeLessThanOrEqual(1_000);
      }),
    );
  });

  it("are of about the same size: the largest at most a third above the best", () => {
    const sizes = [5, 5, 4, 4, 3, 3, 3];
    const all = sizes.map((bytes, index) => ({ path: `${index}.csv`, version: "1", bytes }));
    expect(fileShards(all, 3).map(({ weight }) => weight)).toEqual([11, 8, 8]);
  });

  it("keep their key as long as their content is the same, in whatever order it was listed", () => {
    const all = ["a", "b", "c", "d"].map((path) => ({ path, version: "1", bytes: 10 }));
    const keys = (listed: typeof all): string[] => fileShards(listed, 1).map(({ key }) => key);
    expect(keys(all.toReversed())).toEqual(keys(all));
    expect(keys(all)).toEqual(["a@1 b@1 c@1 d@1"]);
    expect(keys([...all.slice(1), { path: "a", version: "2", bytes: 10 }])).not.toEqual(keys(all));
  });
});

describe("shards of Kafka's partitions", () => {
  it("have each offset in exactly one", () => {
    const range = fc.tuple(fc.nat(1_000), fc.nat(1_000));
    fc.assert(
      fc.property(
        fc.dictionary(fc.integer({ min: 0, max: 99 }).map(String), range),
        counts,
        (ranges, count) => {
          const vector = (of: (range: [number, number]) => number) =>
            Object.fromEntries(Object.entries(ranges).map(([name, bounds]) => [name, String(of(bounds))]));
          const lower = vector(([from]) => from);
          const upper = vector(([from, length]) => from + length);
          const shards = partitionShards(lower, upper, count);
          const read = shards.flatMap(({ args }) => Object.entries(partitionsOf(args).upper));
          const filled = Object.entries(upper).filter(([name, end]) => end !== lower[name]);
          expect(Object.fromEntries(read)).toEqual(Object.fromEntries(filled));
          expect(read.length).toBe(filled.length);
          expect(shards.reduce((sum, { weight = 0 }) => sum + weight, 0)).toBe(
            filled.reduce((sum, [name, end]) => sum + Number(end) - Number(lower[name]), 0),
          );
        },
      ),
    );
  });

  it("begin where a partition begins if it was never read", () => {
    expect(partitionShards({ "1": "5" }, { "0": "10", "1": "7", "2": "0" }, 8)).toEqual([
      { key: "0:[,10)", args: { lower: {}, upper: { "0": "10" } }, weight: 10 },
      { key: "1:[5,7)", args: { lower: { "1": "5" }, upper: { "1": "7" } }, weight: 2 },
    ]);
  });
});
