import type { Clock, ClockTimer, EpochMs } from "./clock.js";

/** By how much the machine's clock has to leave elapsed time before it counts as set, ms. */
const SMALLEST_STEP_MS = 1_000;

/** How many times the store's clock is asked at once; the quickest answer counts. */
const SAMPLES = 3;

/** The longest single sleep: a correction of the clock is noticed within this time, ms. */
const LONGEST_SLEEP_MS = 60_000;

/** What the store's clock said, and when. */
interface Reading {
  readonly instant: EpochMs;
  /** In elapsed time, ms. */
  readonly elapsed: number;
}

/**
 * The one clock of all managers that share a store. Every manager goes by the store's clock, so that no interval is planned
 * before it has closed and no lease is taken over early, whichever machine's clock is wrong.
 *
 * Once the store's clock was read, the present instant is that reading plus the time elapsed since: setting this machine's
 * clock moves nothing. It is never ahead of the store's (a reading counts from the moment it arrived), and never goes back
 * but by a correction of more than the largest skew, when the store's own clock was set.
 *
 * Without a reading (a store that one process has to itself) it is the machine's clock: a step of that is reported and
 * followed. Forward, intervals that have closed by the new time are planned; backward, nothing is planned again, and the
 * next interval waits for its time. Limits and pauses go by elapsed time either way.
 */
export class FleetClock implements Clock {
  readonly #machine: Clock;
  #reading: Reading | undefined;
  #latest: EpochMs = Number.NEGATIVE_INFINITY;
  #seen: { instant: EpochMs; elapsed: number } | undefined;
  /** Called when the machine's clock was set, with the step, ms. */
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
   * Reads the store's clock and goes by it from now on.
   *
   * @param read - asks the store
   * @param maxSkewMs - a correction backward of more than this is followed; the clock stands still for a smaller one
   * @returns by how much this machine's clock is ahead of the store's, ms; negative when it is behind
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
    const now = Math.floor(best!.instant + this.#machine.monotonicNow() - best!.elapsed);
    if (before !== undefined && before - now > maxSkewMs) this.#latest = now;
    return this.#machine.now() - now;
  }

  /** Goes by the machine's clock again. */
  forget(): void {
    this.#reading = undefined;
    this.#latest = Number.NEGATIVE_INFINITY;
    this.#seen = undefined;
  }

  #noticeStep(instant: EpochMs, elapsed: number): void {
    const seen = this.#seen;
    this.#seen = { instant, elapsed };
    if (seen === undefined) return;
    const step = instant - seen.instant - (elapsed - seen.elapsed);
    if (Math.abs(step) >= SMALLEST_STEP_MS) this.onStep?.(Math.round(step));
  }
}
