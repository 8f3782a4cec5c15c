import type { TouchedInterval, TouchedTime } from "../job/job-outcome.js";

/** The most intervals of a group that an outcome names: see `TouchedTime`. */
const MOST_INTERVALS = 1_000;

/**
 * Returns the time that several jobs have touched together: each group and each interval once, with all its rows.
 * If a group has too many intervals, those with the smallest gaps between them are joined: it is better to name
 * time that was not touched than to leave out some that was.
 */
export function touchedTogether(touched: readonly TouchedTime[]): TouchedTime[] {
  const groups = new Map<string | undefined, Map<string, TouchedInterval>>();
  for (const { groupId, intervals } of touched) {
    const own = groups.get(groupId) ?? new Map<string, TouchedInterval>();
    groups.set(groupId, own);
    for (const interval of intervals) {
      const key = `${interval.lower} ${interval.upper}`;
      const known = own.get(key);
      own.set(key, known === undefined ? interval : joined(known, interval));
    }
  }
  return [...groups].map(([groupId, intervals]) => ({
    ...(groupId === undefined ? {} : { groupId }),
    intervals: fewer([...intervals.values()]),
  }));
}

function fewer(intervals: readonly TouchedInterval[]): readonly TouchedInterval[] {
  if (intervals.length <= MOST_INTERVALS) return intervals;
  const sorted = [...intervals].sort((a, b) => a.lower - b.lower);
  const cuts = widestGaps(sorted);
  const parts: TouchedInterval[] = [];
  for (const [index, interval] of sorted.entries()) {
    const last = parts.at(-1);
    if (last === undefined || cuts.has(index)) parts.push(interval);
    else parts[parts.length - 1] = joined(last, interval);
  }
  return parts;
}

/** Returns the indexes of the intervals before which the widest gaps lie, as many as leave no more than allowed. */
function widestGaps(sorted: readonly TouchedInterval[]): ReadonlySet<number> {
  let end = sorted[0]!.upper;
  const gaps = sorted.map(({ lower, upper }, index) => {
    const gap = { index, width: lower - end };
    end = Math.max(end, upper);
    return gap;
  });
  const widest = gaps
    .slice(1)
    .sort((a, b) => b.width - a.width)
    .slice(0, MOST_INTERVALS - 1);
  return new Set(widest.map(({ index }) => index));
}

/** Joins two intervals and what lies between them. Rows that are not counted add nothing. */
function joined(a: TouchedInterval, b: TouchedInterval): TouchedInterval {
  const lower = Math.min(a.lower, b.lower);
  const upper = Math.max(a.upper, b.upper);
  const isCounted = a.rows !== undefined || b.rows !== undefined;
  return { lower, upper, ...(isCounted ? { rows: (a.rows ?? 0) + (b.rows ?? 0) } : {}) };
}
