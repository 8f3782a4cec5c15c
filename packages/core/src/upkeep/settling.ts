import type { Clock, EpochMs } from "../clock/clock.js";

/** How many settling times a thing is waited for at most if it keeps changing. */
export const MOST_SETTLING_TIMES = 10;

/** Something that changes, and when it did last. */
export interface Change {
  readonly key: string;
  /** Epoch ms. */
  readonly lastAt: EpochMs;
}

/**
 * Determines when things have settled: once they have not changed for the settling time, or, if they keep changing,
 * ten settling times after the first change that was seen. The latter is not in the store: after a restart it is
 * counted anew.
 */
export class Settling {
  readonly #clock: Clock;
  readonly #settleMs: number;
  /** When each of those that have not settled was first seen to have changed, epoch ms. */
  readonly #since = new Map<string, EpochMs>();

  /** @param settleMs - the settling time, ms */
  constructor(clock: Clock, settleMs: number) {
    this.#clock = clock;
    this.#settleMs = settleMs;
  }

  /** Returns when things that are waited for together have settled, ms from now; 0 or less if they have. */
  inMs(changes: readonly Change[]): number {
    for (const { key, lastAt } of changes) if (!this.#since.has(key)) this.#since.set(key, lastAt);
    const quietAt = Math.max(...changes.map(({ lastAt }) => lastAt)) + this.#settleMs;
    const first = Math.min(...changes.map(({ key, lastAt }) => this.#since.get(key) ?? lastAt));
    return Math.min(quietAt, first + MOST_SETTLING_TIMES * this.#settleMs) - this.#clock.now();
  }

  /** Forgets one that was dealt with: its next change is the first. */
  forget(key: string): void {
    this.#since.delete(key);
  }

  /** Forgets all but these. */
  keep(keys: ReadonlySet<string>): void {
    for (const key of this.#since.keys()) if (!keys.has(key)) this.#since.delete(key);
  }
}
