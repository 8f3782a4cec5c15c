import type { Clock, ClockTimer } from "./clock.js";

/** Pauses and limits that can be ended together, so that a stopping component leaves no timer behind. */
export class Waits {
  readonly #clock: Clock;
  /** By their lengths, ms. Made with the first wait: most attempts of runs never wait. */
  #lines: Map<number, WaitLine> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after this much elapsed time, ms, or on `wake`. */
  async pause(ms: number): Promise<void> {
    await this.within(ms);
  }

  /** Returns the result of the work, or `undefined` if it takes longer than this, ms, or on `wake`. */
  within<T>(ms: number, work?: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const line = this.#lineOf(ms);
      const wait = line.add(() => resolve(undefined));
      work?.then(
        (result) => {
          line.remove(wait);
          resolve(result);
        },
        (error: unknown) => {
          line.remove(wait);
          reject(error);
        },
      );
    });
  }

  /** Ends all current waits; later ones wait again. */
  wake(): void {
    for (const line of [...(this.#lines?.values() ?? [])]) line.endAll();
  }

  #lineOf(ms: number): WaitLine {
    this.#lines ??= new Map();
    const known = this.#lines.get(ms);
    if (known !== undefined) return known;
    const line = new WaitLine(this.#clock, ms, () => this.#lines!.delete(ms));
    this.#lines.set(ms, line);
    return line;
  }
}

interface Wait {
  /** When it ends, by the monotonic clock, ms. */
  readonly at: number;
  readonly end: () => void;
}

/** Waits of one length: the first to begin is the first to end, so that one timer serves them all. */
class WaitLine {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #onEmpty: () => void;
  readonly #waits = new Set<Wait>();
  #timer: ClockTimer | undefined;

  /** @param onEmpty - called when the last wait is over; the line is not used after it */
  constructor(clock: Clock, ms: number, onEmpty: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#onEmpty = onEmpty;
  }

  /** @param end - called once if the wait is not removed before its end */
  add(end: () => void): Wait {
    const wait = { at: this.#clock.monotonicNow() + this.#ms, end };
    this.#waits.add(wait);
    this.#timer ??= this.#clock.wakeAfter(this.#ms, () => this.#endDue());
    return wait;
  }

  remove(wait: Wait): void {
    if (!this.#waits.delete(wait) || this.#waits.size > 0) return;
    this.#timer?.cancel();
    this.#onEmpty();
  }

  endAll(): void {
    for (const wait of [...this.#waits]) this.#end(wait);
  }

  #endDue(): void {
    const now = this.#clock.monotonicNow();
    for (const wait of this.#waits) {
      if (wait.at > now) {
        this.#timer = this.#clock.wakeAfter(wait.at - now, () => this.#endDue());
        return;
      }
      this.#end(wait);
    }
  }

  #end(wait: Wait): void {
    this.remove(wait);
    wait.end();
  }
}
