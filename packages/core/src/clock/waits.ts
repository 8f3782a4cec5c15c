import type { Clock } from "./clock.js";

/** Pauses and limits that can be ended together, so that a stopping component leaves no timer behind. */
export class Waits {
  readonly #clock: Clock;
  /** Made with the first wait: most attempts of runs never wait. */
  #open: Set<() => void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after this much elapsed time, ms, or on `wake`. */
  async pause(ms: number): Promise<void> {
    await this.within(ms);
  }

  /** Returns the result of the work, or `undefined` if it takes longer than this, ms, or on `wake`. */
  within<T>(ms: number, work?: Promise<T>): Promise<T | undefined> {
    this.#open ??= new Set();
    const open = this.#open;
    return new Promise((resolve, reject) => {
      const end = (): void => {
        timer.cancel();
        open.delete(end);
        resolve(undefined);
      };
      const timer = this.#clock.wakeAfter(ms, end);
      open.add(end);
      work?.then(resolve, reject).finally(end);
    });
  }

  /** Ends all current waits; later ones wait again. */
  wake(): void {
    for (const end of [...(this.#open ?? [])]) end();
  }
}
