interface Waiting<In, Out> {
  readonly batch: readonly In[];
  readonly resolve: (answers: Out[]) => void;
  readonly reject: (error: unknown) => void;
}

/** How batches are made and taken apart. */
export interface TogetherOptions {
  /** What a batch waits for that finds none on its way, so that others may join it. @default nothing */
  readonly gathered?: () => Promise<void>;
  /** Whether an error may be of one element alone, so that each is sent once more by itself. @default always */
  readonly isOfOne?: (error: unknown) => boolean;
}

/** At most so many elements go in one batch. */
const LARGEST = 2_000;

/**
 * Sends batches one at a time: what comes while one is on its way goes together in the next. So the busier it is behind, the
 * larger the batches are, and the less each element costs.
 */
export class Together<In, Out> {
  readonly #send: (batch: readonly In[]) => Promise<Out[]>;
  readonly #options: TogetherOptions;
  #waiting: Waiting<In, Out>[] = [];
  #sending: Promise<void> | undefined;

  /** @param send - gives an answer for each element, in order */
  constructor(send: (batch: readonly In[]) => Promise<Out[]>, options: TogetherOptions = {}) {
    this.#send = send;
    this.#options = options;
  }

  /**
   * The answers for this batch.
   *
   * @throws what `send` throws, for this batch alone where the error may be of one
   */
  add(batch: readonly In[]): Promise<Out[]> {
    if (batch.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject });
      this.#sending ??= this.#sendAll();
    });
  }

  /** Resolves when nothing waits nor is on its way. */
  async settled(): Promise<void> {
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    if (this.#options.gathered !== undefined) await this.#options.gathered();
    while (this.#waiting.length > 0) await this.#sendSome(this.#take());
    this.#sending = undefined;
  }

  /** As many of those that wait as go in one batch; the first in any case. */
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
