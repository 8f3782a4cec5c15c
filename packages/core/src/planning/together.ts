/** The most elements in one batch. */
const LARGEST = 2_000;

/** A batch that is still joined, and the promise of its end, which all its elements share. */
interface Batch<T> {
  readonly elements: T[];
  readonly handled: Promise<void>;
}

/**
 * Handles batches one at a time: everything added while one is in progress goes together in the next. Unlike those of a
 * `Batcher`, elements have no answers of their own, so that each costs no more than its place in a list.
 */
export class Together<T> {
  readonly #handle: (elements: readonly T[]) => Promise<void>;
  #joined: Batch<T> | undefined;
  /** Resolves when every batch so far has ended. */
  #ended: Promise<void> = Promise.resolve();

  constructor(handle: (elements: readonly T[]) => Promise<void>) {
    this.#handle = handle;
  }

  /**
   * Resolves when the batch of this element was handled.
   *
   * @throws what `handle` throws
   */
  add(element: T): Promise<void> {
    const joined = this.#joined;
    if (joined !== undefined && joined.elements.length < LARGEST) {
      joined.elements.push(element);
      return joined.handled;
    }
    const elements = [element];
    const handled = this.#ended.then(() => {
      if (this.#joined?.elements === elements) this.#joined = undefined;
      return this.#handle(elements);
    });
    this.#joined = { elements, handled };
    this.#ended = handled.catch(() => undefined);
    return handled;
  }
}
