/**
 * A cancellation that costs nothing until somebody looks: most attempts end without anyone having asked for their signal,
 * and an `AbortController` for each would be the dearest part of a short run.
 */
export class Cancellation {
  #controller: AbortController | undefined;
  #reject: ((reason: Error) => void) | undefined;
  #reason: Error | undefined;
  /** Rejects with the reason when cancelled. */
  readonly cancelled: Promise<never>;

  constructor() {
    this.cancelled = new Promise<never>((_, reject) => {
      this.#reject = reject;
    });
    // Whoever races against it handles the rejection; nobody may be racing when it comes.
    this.cancelled.catch(() => undefined);
  }

  get isCancelled(): boolean {
    return this.#reason !== undefined;
  }

  get reason(): Error | undefined {
    return this.#reason;
  }

  /** The same as a signal, for those who take one. */
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

  throwIfCancelled(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }
}
