import TinyQueue from "tinyqueue";

/** The position of an item in its heap, or `NOT_QUEUED`. Only the heap writes it. */
export interface HeapItem {
  heapIndex: number;
}

/** The `heapIndex` of an item that is in no heap. */
export const NOT_QUEUED = -1;

/**
 * A binary heap whose items know their position, so that any of them can be removed in logarithmic time. An
 * item is in one heap at a time, and its sort key may change only while it is in none.
 */
export class IndexedHeap<T extends HeapItem> {
  readonly #items: T[] = [];
  readonly #compare: (a: T, b: T) => number;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  /** Returns the first item in order. */
  peek(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    this.#items.push(item);
    this.#siftUp(item, this.#items.length - 1);
  }

  remove(item: T): void {
    const { heapIndex } = item;
    if (heapIndex === NOT_QUEUED) return;
    item.heapIndex = NOT_QUEUED;
    const last = this.#items.pop()!;
    if (last === item) return;
    this.#siftUp(last, heapIndex);
    this.#siftDown(last, last.heapIndex);
  }

  /** Yields the items in order. The heap must not change meanwhile. */
  *ascending(): Generator<T> {
    const items = this.#items;
    if (items.length === 0) return;
    const frontier = new TinyQueue<number>([0], (a, b) => this.#compare(items[a]!, items[b]!));
    for (let index = frontier.pop(); index !== undefined; index = frontier.pop()) {
      yield items[index]!;
      for (let child = 2 * index + 1; child <= 2 * index + 2 && child < items.length; child += 1) {
        frontier.push(child);
      }
    }
  }

  #siftUp(item: T, from: number): void {
    const items = this.#items;
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#compare(items[parent]!, item) <= 0) break;
      this.#put(items[parent]!, index);
      index = parent;
    }
    this.#put(item, index);
  }

  #siftDown(item: T, from: number): void {
    const items = this.#items;
    let index = from;
    for (let child = 2 * index + 1; child < items.length; child = 2 * index + 1) {
      const right = child + 1;
      if (right < items.length && this.#compare(items[right]!, items[child]!) < 0) child = right;
      if (this.#compare(item, items[child]!) <= 0) break;
      this.#put(items[child]!, index);
      index = child;
    }
    this.#put(item, index);
  }

  #put(item: T, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}
