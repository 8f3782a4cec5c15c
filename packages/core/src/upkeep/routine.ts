import type { Clock, ClockTimer } from "../clock/clock.js";

/** The work of a `Routine`, and its times. */
export interface RoutineParts {
  /** Times the passes, by elapsed time. */
  readonly clock: Clock;
  /**
   * Does one pass. Returns when the next one is due, ms from now; `undefined` if only `run` and `runWithin`
   * shall cause one.
   */
  readonly pass: () => Promise<number | undefined>;
  /** Reports an error that a pass threw. */
  readonly onError: (error: unknown) => void;
  /** When the next pass is due after one that threw, ms. */
  readonly retryMs: number;
}

/**
 * Work in the background that is done again and again: by a timer, and when it is asked for. Passes never
 * overlap, and requests that arrive before a pass has begun share it.
 */
export class Routine {
  readonly #parts: RoutineParts;
  #isRunning = false;
  /** The pass in progress, and all before it. */
  #last: Promise<void> = Promise.resolve();
  /** The pass that was asked for and has not begun. */
  #next: Promise<void> | undefined;
  #timer: ClockTimer | undefined;
  /** When the timer fires, elapsed ms. */
  #dueAt = Number.POSITIVE_INFINITY;
  /** Whether the timer was set before the latest pass began, which decides anew. */
  #isOld = false;

  constructor(parts: RoutineParts) {
    this.#parts = parts;
  }

  /** Whether it was started and not stopped since; a long pass may end early when it is no longer. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Starts the passes. @param inMs - when the first one is due, ms from now @default 0 */
  start(inMs = 0): void {
    this.#isRunning = true;
    this.runWithin(inMs);
  }

  /** Begins no more passes, and waits for the one in progress. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#disarm();
    await this.#last;
  }

  /** Runs a pass, after the one in progress if there is one. Resolves when it has ended; does nothing if stopped. */
  run(): Promise<void> {
    if (!this.#isRunning) return Promise.resolve();
    if (this.#next === undefined) {
      this.#next = this.#last.then(() => this.#pass());
      this.#last = this.#next;
    }
    return this.#next;
  }

  /** Has the next pass begin in this time at the latest, ms. */
  runWithin(ms: number): void {
    const { clock } = this.#parts;
    const dueAt = clock.monotonicNow() + ms;
    if (!this.#isRunning || (dueAt >= this.#dueAt && !this.#isOld)) return;
    this.#disarm();
    this.#dueAt = dueAt;
    this.#timer = clock.wakeAfter(ms, () => {
      this.#disarm();
      void this.run();
    });
  }

  async #pass(): Promise<void> {
    this.#next = undefined;
    if (!this.#isRunning) return;
    const { pass, onError, retryMs } = this.#parts;
    this.#isOld = true;
    const nextMs = await pass().catch((error: unknown) => {
      onError(error);
      return retryMs;
    });
    if (nextMs !== undefined) this.runWithin(nextMs);
    else if (this.#isOld) this.#disarm();
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#isOld = false;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }
}
