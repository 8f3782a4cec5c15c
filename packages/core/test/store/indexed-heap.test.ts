import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type HeapItem, IndexedHeap, NOT_QUEUED } from "../../src/store/memory/indexed-heap.js";

interface Item extends HeapItem {
  readonly at: number;
}

const byInstant = (a: Item, b: Item): number => a.at - b.at;

const items = fc
  .array(fc.integer({ min: 0, max: 50 }), { maxLength: 200, size: "max" })
  .map((instants) => instants.map((at): Item => ({ at, heapIndex: NOT_QUEUED })));

function heapOf(content: readonly Item[]): IndexedHeap<Item> {
  const heap = new IndexedHeap<Item>(byInstant);
  for (const item of content) heap.add(item);
  return heap;
}

const instantsOf = (content: Iterable<Item>): number[] => [...content].map(({ at }) => at);

describe("an indexed heap", () => {
  it("is empty at first", () => {
    const heap = heapOf([]);
    expect(heap.peek()).toBeUndefined();
    expect([...heap.ascending()]).toEqual([]);
  });

  it("gives its items up in order", () => {
    fc.assert(
      fc.property(items, (content) => {
        const heap = heapOf(content);
        const taken: Item[] = [];
        for (let first = heap.peek(); first !== undefined; first = heap.peek()) {
          heap.remove(first);
          taken.push(first);
        }
        expect(instantsOf(taken)).toEqual(instantsOf(content.toSorted(byInstant)));
      }),
    );
  });

  it("lets any item go, and others keep their order", () => {
    fc.assert(
      fc.property(items, fc.func(fc.boolean()), (content, isRemoved) => {
        const heap = heapOf(content);
        const removed = content.filter((_, index) => isRemoved(index));
        for (const item of removed) heap.remove(item);
        for (const item of removed) heap.remove(item);
        const rest = content.filter((item) => !removed.includes(item));
        expect(instantsOf(heap.ascending())).toEqual(instantsOf(rest.toSorted(byInstant)));
        expect(removed.every(({ heapIndex }) => heapIndex === NOT_QUEUED)).toBe(true);
      }),
    );
  });

  it("goes through its items in order and keeps them", () => {
    fc.assert(
      fc.property(items, (content) => {
        const heap = heapOf(content);
        const sorted = instantsOf(content.toSorted(byInstant));
        expect(instantsOf(heap.ascending())).toEqual(sorted);
        expect(instantsOf(heap.ascending())).toEqual(sorted);
      }),
    );
  });

  it("takes an item back when it has gone", () => {
    const [first, second]: Item[] = [1, 2].map((at) => ({ at, heapIndex: NOT_QUEUED }));
    const heap = heapOf([first!, second!]);
    heap.remove(first!);
    expect(heap.peek()).toBe(second);
    heap.add(first!);
    expect(heap.peek()).toBe(first);
  });
});
