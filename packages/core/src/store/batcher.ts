interface Waiting<In, Out> {
  readonly batch: readonly In[];
  readonly resolve: (answers: Out[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Options of `Batcher`. */
export interface BatcherOptions {
  /** Awaited by a batch when no other is in flight, so that others may join it. @default nothing */
  readonly gathered?: () => Promise<void>;
  /**
   * Whether a single element may have caused the error; if so, each batch is retried on its own.
   * @default always
   */
  readonly isOfOne?: (error: unknown) => boolean;
}

/** The most elements in one batch. */
const LARGEST = 2_000;

/**
 * Sends batches one at a time: everything added while one is in flight goes together in the next. So the
 * busier the receiver, the larger the batches and the lower the cost of each element.
 */
export class Batcher<In, Out> {
  readonly #send: (batch: readonly In[]) => Promise<Out[]>;
  readonly #options: BatcherOptions;
  #waiting: Waiting<In, Out>[] = [];
  #sending: Promise<void> | undefined;

  /** @param send - returns an answer for each element, in order */
  constructor(send: (batch: readonly In[]) => Promise<Out[]>, options: BatcherOptions = {}) {
    this.#send = send;
    this.#options = options;
  }

  /**
   * Returns the answers for this batch.
   *
   * @throws what `send` throws; for this batch only, if a single element may have caused it
   */
  add(batch: readonly In[]): Promise<Out[]> {
    if (batch.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject });
      this.#sending ??= this.#sendAll();
    });
  }

  /** Resolves when nothing is waiting or in flight. */
  async settled(): Promise<void> {
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    if (this.#options.gathered !== undefined) await this.#options.gathered();
    while (this.#waiting.length > 0) await this.#sendSome(this.#take());
    this.#sending = undefined;
  }

  /** Takes as many waiting batches as fit in one; always at least the first. */
  #take(): Waiting<In, Out>[] {
    let size = 0;
    const end = this.#waiting.findIndex(({ batch }, index) => {
      size += batch.length;
      return index > 0 && size > LARGEST;
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
  }

  async #sendSome(some: readonly Waiting<In, Out>[]): Promise<void> {
    const [first] = some;
    if (first === undefined) return;
    try {
      const answers = await this.#send(some.length === 1 ? first.batch : some.flatMap(({ batch }) => batch));
      let from = 0;
      for (const { batch, resolve } of some) {
        resolve(answers.slice(from, from + batch.length));
        from += batch.length;
      }
    } catch (error) {
      if (some.length === 1) return first.reject(error);
      if (this.#options.isOfOne?.(error) ?? true) for (const each of some) await this.#sendSome([each]);
      else for (const { reject } of some) reject(error);
    }
  }
}
