import type { Clock } from "@tidegate/core/clock";

const SECOND_MS = 1_000;

/** Rate limiter: lets a number of requests pass within any second. */
export class RequestPace {
  readonly #clock: Clock;
  readonly #perSecond: number;
  /** Times of the latest turns, oldest first, epoch ms. */
  #turns: number[] = [];

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /**
   * Takes a turn and returns how long to wait for it, ms.
   *
   * @param patienceMs - the longest wait; if it would be longer, `undefined` is returned and no turn taken
   */
  take(patienceMs: number): number | undefined {
    const now = this.#clock.now();
    const before = this.#turns.at(-this.#perSecond);
    const at = before === undefined ? now : Math.max(now, before + SECOND_MS);
    if (at - now > patienceMs) return undefined;
    this.#turns = [...this.#turns, at].slice(-this.#perSecond);
    return at - now;
  }
}
