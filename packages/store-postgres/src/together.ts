interface Waiting<In, Out> {
  readonly batch: readonly In[];
  readonly resolve: (answers: Out[]) => void;
  readonly reject: (error: unknown) => void;
}

/** At most so many elements go in one statement. */
const LARGEST = 2_000;

/**
 * Sends batches one at a time: what comes while one is on its way goes together in the next. So the busier the database is, the
 * larger its statements are, and the less each element costs.
 */
export class Together<In, Out> {
  readonly #send: (batch: readonly In[]) => Promise<Out[]>;
  #waiting: Waiting<In, Out>[] = [];
  #sending: Promise<void> | undefined;

  constructor(send: (batch: readonly In[]) => Promise<Out[]>) {
    this.#send = send;
  }

  /** The answers for this batch. */
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
    while (this.#waiting.length > 0) await this.#sendSome(this.#take());
    this.#sending = undefined;
  }

  /** As many of those that wait as go in one statement; the first in any case. */
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
      // Whichever it was that the database refused, it takes no other with it.
      for (const each of some) await this.#sendSome([each]);
    }
  }
}
