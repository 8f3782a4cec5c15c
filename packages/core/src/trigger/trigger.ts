import { type EpochMs, LAST_INSTANT } from "../clock/clock.js";

/**
 * The nominal times of a rule: a strictly increasing sequence of instants, without start or end of its own.
 *
 * Pure: the answers depend only on the arguments (and the time zone database). `next` and `previous` are
 * inverse: for any time `t` of the sequence, `previous(next(t)) === t` if `next(t)` exists.
 *
 * ```ts
 * const trigger = compileTrigger({ type: "cron", expression: "0 2 * * *" }, "Europe/Paris", { startTime });
 * trigger.next(Date.UTC(2026, 0, 1)); // 2026-01-01T01:00:00Z, in epoch ms
 * ```
 */
export interface Trigger {
  /**
   * Returns the first time strictly after `after`, or `undefined` if there is none (a rule with years,
   * `once`, or beyond the last instant of a `Date`).
   *
   * @param after - instant, epoch ms
   */
  next(after: EpochMs): EpochMs | undefined;
  /**
   * Returns the last time strictly before `before`, or `undefined` if there is none (or it lies beyond the
   * first instant of a `Date`).
   *
   * @param before - instant, epoch ms
   */
  previous(before: EpochMs): EpochMs | undefined;
  /**
   * Counts the times in `(after, upTo]`, arithmetically, so that millions cost no more than a few.
   *
   * @param after - instant, epoch ms, not later than `upTo`
   */
  count(after: EpochMs, upTo: EpochMs): number;
}

/** Returns the instant if a `Date` can hold it. */
export function datable(instant: EpochMs): EpochMs | undefined {
  return Math.abs(instant) <= LAST_INSTANT ? instant : undefined;
}
