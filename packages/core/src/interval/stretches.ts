import type { Interval } from "./boundaries.js";

/** Groups intervals that overlap or adjoin each other, in order of their lower bounds. */
export function stretchesOf<T extends Interval>(intervals: readonly T[]): T[][] {
  const stretches: T[][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const interval of [...intervals].sort((a, b) => a.lower - b.lower)) {
    const last = stretches.at(-1);
    if (last !== undefined && interval.lower <= end) last.push(interval);
    else stretches.push([interval]);
    end = Math.max(end, interval.upper);
  }
  return stretches;
}
