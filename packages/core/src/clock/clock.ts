/** An instant: milliseconds since 1970-01-01T00:00:00Z, a whole number. */
export type EpochMs = number;

/** The last instant that a `Date` can hold, in the year 275760; the first one is equally far before 1970. */
export const LAST_INSTANT: EpochMs = 8_640_000_000_000_000;

/** A pending timer. */
export interface ClockTimer {
  /** Cancels the timer; does nothing if it has fired. */
  cancel(): void;
}

/**
 * The only source of time in Tidegate: the current instant, elapsed time, and timers for both.
 *
 * Instants say when data is complete, and can jump when somebody sets the clock; elapsed time measures how
 * long something takes, and cannot. Planning and leases therefore use `now`; limits, pauses and periods use
 * elapsed time.
 *
 * {@link @tidegate/core/clock!SystemClock} is the machine's; {@link @tidegate/core/testing!VirtualClock} is
 * moved by hand, so that years pass in milliseconds.
 *
 * ```ts
 * const clock = new VirtualClock({ start: Date.UTC(2026, 0, 1) });
 * const tidegate = createTidegate({ store, engines: [embeddedEngine()], operators, clock });
 * ```
 */
export interface Clock {
  /** Returns the current instant. Jumps when the machine's clock is set, also backwards. */
  now(): EpochMs;
  /** Returns the time elapsed since some fixed moment, ms. Never goes back, even when the clock is set. */
  monotonicNow(): number;
  /**
   * Calls `callback` once, as soon as `now() >= at`; at once (but never synchronously) if `at` has passed.
   * May fire early if the machine's clock steps back meanwhile: check `now()`.
   *
   * @param at - instant, epoch ms
   */
  wakeAt(at: EpochMs, callback: () => void): ClockTimer;
  /**
   * Calls `callback` once, after this much elapsed time, however the clock is set meanwhile. Never
   * synchronously.
   *
   * @param ms - 0 or more
   */
  wakeAfter(ms: number, callback: () => void): ClockTimer;
}
