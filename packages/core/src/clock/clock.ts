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
 * The only source of time in Tidegate: what the time is, and a wake-up at a later one.
 *
 * `SystemClock` is the machine's; `VirtualClock` is moved by hand, so that years pass in milliseconds.
 */
export interface Clock {
  /** The present instant. May step backwards when the machine's clock is set. */
  now(): EpochMs;
  /**
   * Calls `callback` once, not before `now() >= at` by this clock's own reckoning of elapsed time; at once (but never
   * synchronously) when `at` has passed. May come early when the machine's clock steps back meanwhile: look at `now()`.
   *
   * @param at - instant, epoch ms
   */
  wakeAt(at: EpochMs, callback: () => void): ClockTimer;
}
