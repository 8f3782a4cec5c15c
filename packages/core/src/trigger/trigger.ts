import type { EpochMs } from "../clock/clock.js";

/**
 * The nominal times of a rule: a strictly increasing sequence of instants, without start or end of its own.
 *
 * Pure: the answers depend on nothing but the arguments (and the time zone database). `next` and `previous` are inverse:
 * for any time `t` of the sequence, `previous(next(t)) === t` where `next(t)` exists.
 */
export interface Trigger {
  /**
   * The first time strictly after `after`, or `undefined` when there is none (a rule with years, or `once`).
   *
   * @param after - instant, epoch ms
   */
  next(after: EpochMs): EpochMs | undefined;
  /**
   * The last time strictly before `before`, or `undefined` when there is none.
   *
   * @param before - instant, epoch ms
   */
  previous(before: EpochMs): EpochMs | undefined;
}
