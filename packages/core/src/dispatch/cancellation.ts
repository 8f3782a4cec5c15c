/**
 * A cancellation that costs nothing until it is used: most attempts end without anyone asking for their
 * signal, and an `AbortController` for each would dominate the cost of a short run.
 */
export class Cancellation {
  #controller: AbortController | undefined;
  #reason: Error | undefined;
  /** Rejects the pending `orElse`. */
  #reject: ((reason: Error) => void) | undefined;

  get isCancelled(): boolean {
    return this.#reason !== undefined;
  }

  get reason(): Error | undefined {
    return this.#reason;
  }

  /** The cancellation as a signal, for callers that need one. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Only the first reason counts. */
  cancel(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#reject?.(reason);
    this.#controller?.abort(reason);
  }

  /**
   * Resolves like the work, unless the cancellation comes first: then it rejects with the reason. One at a
   * time.
   */
  orElse<T>(work: Promise<T>): Promise<T> {
    if (this.#reason !== undefined) work.catch(() => undefined);
    this.throwIfCancelled();
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      work.then(resolve, reject);
    });
  }

  throwIfCancelled(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }
}
