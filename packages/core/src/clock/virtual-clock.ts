import type { Clock, ClockTimer, EpochMs } from "./clock.js";

/** Options of a virtual clock. */
export interface VirtualClockOptions {
  /** Initial instant, epoch ms. @default 2026-01-01T00:00:00Z */
  readonly start?: EpochMs;
  /**
   * Turns of the event loop for the work that a timer triggers, before time moves on. More is slower; a store
   * that commits to disk needs a few. @default 4
   */
  readonly turns?: number;
}

/**
 * A clock moved by hand: timers fire in order as time passes, and the work that each triggers gets time to
 * finish before the next. A year passes in seconds, and slowness cannot make a test flaky.
 *
 * `advance` lets time pass; `set` changes only the instant, like an administrator who sets a machine's clock.
 */
export class VirtualClock implements Clock {
  #now: EpochMs;
  #elapsed = 0;
  readonly #turns: number;
  readonly #byInstant = new TimerQueue();
  readonly #byElapsed = new TimerQueue();

  constructor(options: VirtualClockOptions = {}) {
    this.#now = options.start ?? Date.UTC(2026, 0, 1);
    this.#turns = options.turns ?? 4;
  }

  now(): EpochMs {
    return this.#now;
  }

  monotonicNow(): number {
    return this.#elapsed;
  }

  wakeAt(at: EpochMs, callback: () => void): ClockTimer {
    return this.#byInstant.add(at, callback);
  }

  wakeAfter(ms: number, callback: () => void): ClockTimer {
    return this.#byElapsed.add(this.#elapsed + Math.max(0, ms), callback);
  }

  /** Number of timers that have neither fired nor been cancelled: a stopped component has none. */
  get pendingTimers(): number {
    return this.#byInstant.size + this.#byElapsed.size;
  }

  /** Lets time pass up to `instant`, which must not be before now. */
  advanceTo(instant: EpochMs): Promise<void> {
    return this.advance(instant - this.#now);
  }

  /** Lets `ms` pass. Resolves when everything that was due is done. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + Math.max(0, ms);
    await this.settle();
    for (let due = this.#nextDue(); due !== undefined && due.at <= until; due = this.#nextDue()) {
      due.queue.takeFirst();
      this.#pass(due.at - this.#elapsed);
      due.callback();
      await this.settle();
    }
    this.#pass(until - this.#elapsed);
  }

  /** Sets the clock, like an administrator: no time elapses, and it may go back. */
  set(instant: EpochMs): void {
    this.#now = instant;
  }

  /** Gives work in progress a few turns of the event loop, without letting time pass. */
  settle(): Promise<void> {
    return new Promise((resolve) => afterTurns(this.#turns, resolve));
  }

  #pass(ms: number): void {
    if (ms <= 0) return;
    this.#elapsed += ms;
    this.#now += ms;
  }

  /** Returns the timer that is due first, and the elapsed time at which it is. */
  #nextDue(): { queue: TimerQueue; at: number; callback: () => void } | undefined {
    const wall = this.#byInstant.first();
    const elapsed = this.#byElapsed.first();
    const wallAt = wall === undefined ? Infinity : this.#elapsed + Math.max(0, wall.at - this.#now);
    if (elapsed !== undefined && (elapsed.at < wallAt || (elapsed.at === wallAt && elapsed.id < wall!.id))) {
      return { queue: this.#byElapsed, at: elapsed.at, callback: elapsed.callback };
    }
    return wall && { queue: this.#byInstant, at: wallAt, callback: wall.callback };
  }
}

interface VirtualTimer {
  readonly at: number;
  /** Timers due at the same time fire in the order in which they were set. */
  readonly id: number;
  readonly callback: () => void;
}

let lastTimerId = 0;

/** Timers ordered by time. */
class TimerQueue {
  readonly #timers: VirtualTimer[] = [];

  get size(): number {
    return this.#timers.length;
  }

  add(at: number, callback: () => void): ClockTimer {
    lastTimerId += 1;
    const timer = { at, id: lastTimerId, callback };
    this.#timers.splice(this.#placeOf(timer), 0, timer);
    return { cancel: () => this.#remove(timer) };
  }

  first(): VirtualTimer | undefined {
    return this.#timers[0];
  }

  takeFirst(): void {
    this.#timers.shift();
  }

  #remove(timer: VirtualTimer): void {
    const index = this.#placeOf(timer);
    if (this.#timers[index] === timer) this.#timers.splice(index, 1);
  }

  /** Returns how many timers come before this one. */
  #placeOf({ at, id }: VirtualTimer): number {
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#timers[middle]!;
      if (other.at < at || (other.at === at && other.id < id)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Uses plain callbacks: a year of minutes has a million turns. */
function afterTurns(turns: number, done: () => void): void {
  if (turns > 0) setImmediate(afterTurns, turns - 1, done);
  else done();
}
