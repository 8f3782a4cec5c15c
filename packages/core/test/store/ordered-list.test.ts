import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { OrderedList } from "../../src/store/memory/ordered-list.js";

const byValue = (a: number, b: number): number => a - b;
const none = (): boolean => false;

function listOf(items: readonly number[]): OrderedList<number> {
  const list = new OrderedList<number>(byValue);
  for (const item of items) list.insert(item);
  return list;
}

/** Distinct numbers in any order, at times more than several blocks hold. */
const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 10_000 }), { maxLength: 3_000, size: "max" });

describe("an ordered list", () => {
  it("is empty at first", () => {
    const list = listOf([]);
    expect([...list.ascending(none), ...list.descending(none)]).toEqual([]);
    expect(list.last()).toBeUndefined();
  });

  it("keeps its items in order, in whatever order they came", () => {
    fc.assert(
      fc.property(numbers, (items) => {
        const list = listOf(items);
        const sorted = items.toSorted(byValue);
        expect([...list.ascending(none)]).toEqual(sorted);
        expect([...list.descending(none)]).toEqual(sorted.toReversed());
        expect(list.last()).toBe(sorted.at(-1));
      }),
    );
  });

  it("begins where it is told to, in both directions", () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: -1, max: 10_001 }), (items, bound) => {
        const list = listOf(items);
        const sorted = items.toSorted(byValue);
        expect([...list.ascending((item) => item < bound)]).toEqual(sorted.filter((item) => item >= bound));
        expect([...list.descending((item) => item > bound)]).toEqual(
          sorted.filter((item) => item <= bound).toReversed(),
        );
      }),
    );
  });

  it("lets items go", () => {
    fc.assert(
      fc.property(numbers, fc.func(fc.boolean()), (items, isDeleted) => {
        const list = listOf(items);
        for (const item of items) if (isDeleted(item)) list.delete(item);
        list.delete(-1);
        const rest = items.filter((item) => !isDeleted(item)).sort(byValue);
        expect([...list.ascending(none)]).toEqual(rest);
      }),
      { numRuns: 30 },
    );
  });
});
