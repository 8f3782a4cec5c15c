import type { Clock, ClockTimer, EpochMs } from "./clock.js";

interface VirtualTimer extends ClockTimer {
  readonly at: EpochMs;
  readonly callback: () => void;
  isCancelled: boolean;
}

/** How a virtual clock is set up. */
export interface VirtualClockOptions {
  /** Where it begins, epoch ms. @default 2026-01-01T00:00:00Z */
  readonly start?: EpochMs;
  /**
   * How many turns of the event loop what a timer set off gets before time moves on. More is slower; a store that
   * commits on the disk needs a few. @default 4
   */
  readonly turns?: number;
}

/**
 * A clock that is moved by hand: timers fire in order as time passes over them, and whatever they set off is given
 * time to finish before the next. A year passes in seconds, and a test that uses it cannot be flaky for being slow.
 */
export class VirtualClock implements Clock {
  #now: EpochMs;
  readonly #turns: number;
  /** Ordered by time; timers of one instant in the order in which they were set. */
  readonly #timers: VirtualTimer[] = [];

  constructor(options: VirtualClockOptions = {}) {
    this.#now = options.start ?? Date.UTC(2026, 0, 1);
    this.#turns = options.turns ?? 4;
  }

  now(): EpochMs {
    return this.#now;
  }

  wakeAt(at: EpochMs, callback: () => void): ClockTimer {
    const timer: VirtualTimer = {
      at,
      callback,
      isCancelled: false,
      cancel: () => {
        timer.isCancelled = true;
      },
    };
    let index = this.#timers.length;
    while (index > 0 && this.#timers[index - 1]!.at > at) index -= 1;
    this.#timers.splice(index, 0, timer);
    return timer;
  }

  /** Lets `ms` pass. Resolves when everything that was due has been done. */
  advance(ms: number): Promise<void> {
    return this.advanceTo(this.#now + ms);
  }

  /** Lets time pass up to `instant`, which may not be before now. */
  async advanceTo(instant: EpochMs): Promise<void> {
    await this.settle();
    for (let timer = this.#takeDue(instant); timer !== undefined; timer = this.#takeDue(instant)) {
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
      await this.settle();
    }
    this.#now = Math.max(this.#now, instant);
  }

  /** Sets the clock, as an administrator sets a machine's: no timer fires by it, and it may go back. */
  set(instant: EpochMs): void {
    this.#now = instant;
  }

  /** Gives what is under way a few turns of the event loop, without letting time pass. */
  settle(): Promise<void> {
    return new Promise((resolve) => afterTurns(this.#turns, resolve));
  }

  #takeDue(instant: EpochMs): VirtualTimer | undefined {
    while (this.#timers.length > 0) {
      const first = this.#timers[0]!;
      if (first.isCancelled) this.#timers.shift();
      else return first.at <= instant ? this.#timers.shift() : undefined;
    }
    return undefined;
  }
}

/** Plain callbacks: a year of minutes has a million turns. */
function afterTurns(turns: number, done: () => void): void {
  if (turns > 0) setImmediate(afterTurns, turns - 1, done);
  else done();
}
