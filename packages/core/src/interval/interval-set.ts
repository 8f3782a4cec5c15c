import type { Interval } from "./boundaries.js";

/** Intervals in ascending order that neither touch nor overlap. */
export type IntervalSet = readonly Interval[];

/** Returns the union of any intervals as a set. Empty ones add nothing. */
export function toSet(intervals: readonly Interval[]): IntervalSet {
  const sorted = intervals.filter(({ lower, upper }) => lower < upper).sort((a, b) => a.lower - b.lower);
  const set: { lower: number; upper: number }[] = [];
  for (const { lower, upper } of sorted) {
    const last = set.at(-1);
    if (last !== undefined && lower <= last.upper) last.upper = Math.max(last.upper, upper);
    else set.push({ lower, upper });
  }
  return set;
}

/** Returns what is in `a` but not in `b`. */
export function subtract(a: IntervalSet, b: IntervalSet): IntervalSet {
  const rest: Interval[] = [];
  let index = 0;
  for (const { lower, upper } of a) {
    let from = lower;
    while (index < b.length && b[index]!.upper <= from) index += 1;
    for (let at = index; at < b.length && b[at]!.lower < upper; at += 1) {
      if (b[at]!.lower > from) rest.push({ lower: from, upper: b[at]!.lower });
      from = Math.max(from, b[at]!.upper);
    }
    if (from < upper) rest.push({ lower: from, upper });
  }
  return rest;
}

/** Returns what is in both. */
export function intersect(a: IntervalSet, b: IntervalSet): IntervalSet {
  return subtract(a, subtract(a, b));
}

/** Returns what more than one of these intervals covers, whatever their order. */
export function overlapsOf(intervals: readonly Interval[]): IntervalSet {
  const sorted = [...intervals].sort((a, b) => a.lower - b.lower);
  const overlaps: Interval[] = [];
  let coveredTo = Number.NEGATIVE_INFINITY;
  for (const { lower, upper } of sorted) {
    if (lower < coveredTo) overlaps.push({ lower, upper: Math.min(upper, coveredTo) });
    coveredTo = Math.max(coveredTo, upper);
  }
  return toSet(overlaps);
}

/** Returns the length of a set, ms. */
export function measure(set: IntervalSet): number {
  return set.reduce((sum, { lower, upper }) => sum + (upper - lower), 0);
}

/** Returns whether an interval lies entirely within the set. */
export function contains(set: IntervalSet, { lower, upper }: Interval): boolean {
  return set.some((part) => part.lower <= lower && upper <= part.upper);
}
