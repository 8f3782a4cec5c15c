import type { Clock, ClockTimer, EpochMs } from "./clock.js";

/** Smallest deviation from elapsed time that counts as a step of the machine's clock, ms. */
const SMALLEST_STEP_MS = 1_000;

/** Readings of the store's clock per measurement; the quickest answer counts. */
const SAMPLES = 3;

/** Longest single sleep, ms: a correction of the clock is noticed within this time. */
const LONGEST_SLEEP_MS = 60_000;

/** A reading of the store's clock, and when it arrived. */
interface Reading {
  readonly instant: EpochMs;
  /** Elapsed time, ms. */
  readonly elapsed: number;
}

/**
 * The shared clock of all managers that use the same store. Every manager follows the store's clock, so that
 * no interval is planned before it has closed and no lease is taken over early, whichever machine's clock is
 * wrong.
 *
 * Once the store's clock has been read, the current instant is that reading plus the time elapsed since, so
 * setting this machine's clock has no effect. It is never ahead of the store's (a reading counts from its
 * arrival), and goes back only for a correction of more than the largest skew, when the store's own clock was
 * set.
 *
 * Without a reading (a store used by one process alone) it is the machine's clock, whose steps are reported
 * and followed. After a step forward, intervals that have closed by the new time are planned; after a step
 * back, nothing is planned again, and the next interval waits for its time. Limits and pauses use elapsed
 * time either way.
 */
export class FleetClock implements Clock {
  readonly #machine: Clock;
  #reading: Reading | undefined;
  #latest: EpochMs = Number.NEGATIVE_INFINITY;
  /** By how much the machine's clock was ahead of elapsed time when it was read last, ms. */
  #ahead: number | undefined;
  #isDoubtful = false;
  /** Called with the step, ms, when the machine's clock was set. */
  onStep: ((stepMs: number) => void) | undefined;

  constructor(machine: Clock) {
    this.#machine = machine;
  }

  now(): EpochMs {
    const elapsed = this.#machine.monotonicNow();
    const machine = this.#machine.now();
    this.#noticeStep(machine, elapsed);
    if (this.#reading === undefined) return machine;
    const now = Math.floor(this.#reading.instant + elapsed - this.#reading.elapsed);
    this.#latest = Math.max(this.#latest, now);
    return this.#latest;
  }

  monotonicNow(): number {
    return this.#machine.monotonicNow();
  }

  /**
   * Returns whether `now` may be behind the store's clock: the machine's clock has gone forward since the store's was
   * read. Either somebody has set it, or the machine was suspended, which elapsed time does not count.
   */
  mayBeBehind(): boolean {
    if (this.#reading === undefined) return false;
    this.now();
    return this.#isDoubtful;
  }

  wakeAt(at: EpochMs, callback: () => void): ClockTimer {
    if (this.#reading === undefined) return this.#machine.wakeAt(at, callback);
    let timer: ClockTimer;
    const sleep = (): void => {
      const ms = Math.min(Math.max(0, at - this.now()), LONGEST_SLEEP_MS);
      timer = this.#machine.wakeAfter(ms, () => (this.now() < at ? sleep() : callback()));
    };
    sleep();
    return { cancel: () => timer.cancel() };
  }

  wakeAfter(ms: number, callback: () => void): ClockTimer {
    return this.#machine.wakeAfter(ms, callback);
  }

  /**
   * Reads the store's clock and follows it from now on.
   *
   * @param read - reads the store's clock
   * @param maxSkewMs - a backward correction of more than this is followed; for a smaller one the clock
   *   stands still
   * @returns how far this machine's clock is ahead of the store's, ms; negative if behind
   */
  async follow(read: () => Promise<EpochMs>, maxSkewMs: number): Promise<number> {
    let best: Reading | undefined;
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      const instant = await read();
      const reading = { instant, elapsed: this.#machine.monotonicNow() };
      if (best === undefined || reading.instant - reading.elapsed > best.instant - best.elapsed)
        best = reading;
    }
    const before = this.#reading === undefined ? undefined : this.now();
    this.#reading = best;
    this.#isDoubtful = false;
    const now = Math.floor(best!.instant + this.#machine.monotonicNow() - best!.elapsed);
    if (before !== undefined && before - now > maxSkewMs) this.#latest = now;
    return this.#machine.now() - now;
  }

  /** Returns to the machine's clock. */
  forget(): void {
    this.#reading = undefined;
    this.#latest = Number.NEGATIVE_INFINITY;
    this.#ahead = undefined;
    this.#isDoubtful = false;
  }

  #noticeStep(instant: EpochMs, elapsed: number): void {
    const before = this.#ahead;
    this.#ahead = instant - elapsed;
    if (before === undefined) return;
    const step = this.#ahead - before;
    if (step >= SMALLEST_STEP_MS && this.#reading !== undefined) this.#isDoubtful = true;
    if (Math.abs(step) >= SMALLEST_STEP_MS) this.onStep?.(Math.round(step));
  }
}
