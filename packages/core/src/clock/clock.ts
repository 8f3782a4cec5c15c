/** An instant: milliseconds since 1970-01-01T00:00:00Z, a whole number. */
export type EpochMs = number;

/** The last instant that a `Date` can hold, in the year 275760; the first one is as far before 1970. */
export const LAST_INSTANT: EpochMs = 8_640_000_000_000_000;

/** A pending timer. */
export interface ClockTimer {
  /** Stops the timer; does nothing when it has fired. */
  cancel(): void;
}

/**
 * The only source of time in Tidegate: the present instant, elapsed time, and a wake-up by either.
 *
 * Instants say when data is complete, and can step when somebody sets the clock; elapsed time measures how long something
 * takes, and cannot. So whatever is planned or leased goes by `now`, and every limit, pause and period by elapsed time.
 *
 * `SystemClock` is the machine's; `VirtualClock` is moved by hand, so that years pass in milliseconds.
 */
export interface Clock {
  /** The present instant. Steps when the machine's clock is set, also backwards. */
  now(): EpochMs;
  /** Elapsed time since some fixed moment, ms. It never goes back, and setting the clock does not move it. */
  monotonicNow(): number;
  /**
   * Calls `callback` once, as soon as `now() >= at`; at once (but never synchronously) when `at` has passed. May come early
   * when the machine's clock steps back meanwhile: look at `now()`.
   *
   * @param at - instant, epoch ms
   */
  wakeAt(at: EpochMs, callback: () => void): ClockTimer;
  /**
   * Calls `callback` once when this much time has elapsed, however the clock is set meanwhile. Never synchronously.
   *
   * @param ms - 0 or more
   */
  wakeAfter(ms: number, callback: () => void): ClockTimer;
}
