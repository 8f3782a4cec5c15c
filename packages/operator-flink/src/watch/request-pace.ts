import type { Clock } from "@tidegate/core";

const SECOND_MS = 1_000;

/** Lets requests pass, so many within any second. */
export class RequestPace {
  readonly #clock: Clock;
  readonly #perSecond: number;
  /** When the last ones may pass, oldest first, epoch ms. */
  #turns: number[] = [];

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /**
   * How long to wait for a turn, which is then taken, ms.
   *
   * @param patienceMs - the longest wait; `undefined` is returned, and no turn taken, where it would be longer
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
