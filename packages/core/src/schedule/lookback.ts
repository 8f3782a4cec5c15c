/** The earlier intervals that each new one has read again: see `ScheduleInfo.lookback`. */
export type Lookback = (
  | {
      /** How many intervals before it, 1 to 1,000. */
      readonly intervals: number;
    }
  | {
      /** How many intervals back each of them lies, 1 to 10,000; at most 32, such as `[1, 7]`. */
      readonly at: readonly number[];
    }
) & {
  /** How many of them may be read again at once, 1 to 1,000. @default 1 */
  readonly concurrency?: number;
};

/** Returns how many intervals back those lie that are read again, the nearest first, each once. */
export function offsetsOf(lookback: Lookback): readonly number[] {
  if ("at" in lookback) return [...new Set(lookback.at)].sort((a, b) => a - b);
  return Array.from({ length: lookback.intervals }, (_, index) => index + 1);
}
