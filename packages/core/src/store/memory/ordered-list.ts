/** Longer blocks are split, so that an insertion moves few items however long the list is. */
const LONGEST_BLOCK = 512;

interface Position {
  readonly block: number;
  readonly index: number;
}

/**
 * A list that keeps its items in order, in blocks (as Python's `sortedcontainers` does). Appending, by far
 * the most common operation of a ledger, takes constant time; inserting elsewhere takes a binary search and
 * moves part of one block.
 */
export class OrderedList<T> {
  readonly #blocks: T[][] = [];
  readonly #compare: (a: T, b: T) => number;

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  /** Returns the last item in order. */
  last(): T | undefined {
    return this.#blocks.at(-1)?.at(-1);
  }

  insert(item: T): void {
    const last = this.last();
    if (last === undefined || this.#compare(last, item) < 0) this.#append(item);
    else this.#insertWithin(item);
  }

  delete(item: T): void {
    const { block, index } = this.#locate((other) => this.#compare(other, item) < 0);
    const items = this.#blocks[block];
    if (items === undefined || items[index] !== item) return;
    items.splice(index, 1);
    if (items.length === 0) this.#blocks.splice(block, 1);
  }

  /**
   * Yields the items in order, without those at the beginning for which `isBefore` holds.
   *
   * @param isBefore - true up to some item and false from there on
   */
  *ascending(isBefore: (item: T) => boolean): Generator<T> {
    const start = this.#locate(isBefore);
    for (let block = start.block; block < this.#blocks.length; block += 1) {
      const items = this.#blocks[block]!;
      for (let index = block === start.block ? start.index : 0; index < items.length; index += 1) {
        yield items[index]!;
      }
    }
  }

  /**
   * Yields the items in reverse order, without those at the end for which `isAfter` holds.
   *
   * @param isAfter - false up to some item and true from there on
   */
  *descending(isAfter: (item: T) => boolean): Generator<T> {
    const end = this.#locate((item) => !isAfter(item));
    for (let block = Math.min(end.block, this.#blocks.length - 1); block >= 0; block -= 1) {
      const items = this.#blocks[block]!;
      for (let index = (block === end.block ? end.index : items.length) - 1; index >= 0; index -= 1) {
        yield items[index]!;
      }
    }
  }

  #append(item: T): void {
    const block = this.#blocks.at(-1);
    if (block === undefined || block.length >= LONGEST_BLOCK) this.#blocks.push([item]);
    else block.push(item);
  }

  #insertWithin(item: T): void {
    const { block, index } = this.#locate((other) => this.#compare(other, item) < 0);
    const items = this.#blocks[block]!;
    items.splice(index, 0, item);
    if (items.length <= LONGEST_BLOCK) return;
    this.#blocks.splice(block + 1, 0, items.splice(LONGEST_BLOCK / 2));
  }

  /**
   * Finds the first item for which `isBefore` does not hold; a position behind the last block if it holds for
   * all.
   */
  #locate(isBefore: (item: T) => boolean): Position {
    const block = partitionPoint(this.#blocks, (items) => isBefore(items.at(-1)!));
    return { block, index: partitionPoint(this.#blocks[block] ?? [], isBefore) };
  }
}

/** Returns the index of the first item for which `isBefore` does not hold. */
function partitionPoint<T>(items: readonly T[], isBefore: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(items[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
