interface Waiting<In, Out> {
  readonly batch: readonly In[];
  readonly resolve: (answers: Out[]) => void;
  readonly reject: (error: unknown) => void;
}

/** At most so many elements go in one batch. */
const LARGEST = 2_000;

/**
 * Sends batches one at a time: what comes while one is on its way goes together in the next. So the busier it is behind, the
 * larger the batches are, and the less each element costs.
 */
export class Together<In, Out> {
  readonly #send: (batch: readonly In[]) => Promise<Out[]>;
  readonly #gathered: (() => Promise<void>) | undefined;
  #waiting: Waiting<In, Out>[] = [];
  #sending: Promise<void> | undefined;

  /**
   * @param send - gives an answer for each element, in order
   * @param gathered - what a batch waits for that finds none on its way, so that others may join it. @default nothing
   */
  constructor(send: (batch: readonly In[]) => Promise<Out[]>, gathered?: () => Promise<void>) {
    this.#send = send;
    this.#gathered = gathered;
  }

  /**
   * The answers for this batch.
   *
   * @throws what `send` throws for this batch alone: one that is refused takes no other with it
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
    if (this.#gathered !== undefined) await this.#gathered();
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
      for (const each of some) await this.#sendSome([each]);
    }
  }
}
