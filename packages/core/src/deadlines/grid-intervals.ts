import type { EpochMs } from "../clock/clock.js";
import type { Deadline } from "../schedule/deadline.js";
import { timesOf } from "../schedule/deadline-times.js";
import { Grid, type NominalInterval } from "../schedule/grid.js";
import type { Schedule, ScheduleSpec, ScheduleVersion } from "../schedule/schedule.js";

/** An interval of a grid and the specification by which it is judged. */
export interface GridInterval extends NominalInterval {
  readonly spec: ScheduleSpec;
}

/**
 * Yields the intervals of a schedule's grid from `cursor` on. Each is cut and judged by the version that was in
 * effect where it begins, as its run is: an update takes effect at the watermark. An empty closing interval
 * (`endRule: "inclusive"`) is not yielded.
 *
 * @param versions - oldest first; only the newest is needed if the cursor lies behind where it took effect
 */
export function* intervalsFrom(
  versions: readonly Pick<ScheduleVersion, "spec" | "since">[],
  cursor: EpochMs,
): Generator<GridInterval> {
  let lower = cursor;
  for (const [index, { spec }] of versions.entries()) {
    const end = versions[index + 1]?.since ?? Number.POSITIVE_INFINITY;
    if (lower >= end) continue;
    const grid = new Grid(spec);
    lower = Math.max(lower, grid.startTime);
    while (lower < end) {
      const next = grid.next(lower);
      if (next === undefined || next.upper === next.lower) break;
      const upper = Math.min(next.upper, end);
      yield { ...next, upper, spec };
      lower = upper;
    }
  }
}

/**
 * Returns the end of the last interval after `from` whose deadline had passed at an instant, or `from` if there
 * is none. Found by bisection, so that a start a year ago costs no more than one of today.
 */
export function passedUpTo(spec: ScheduleSpec, deadline: Deadline, from: EpochMs, at: EpochMs): EpochMs {
  const grid = new Grid(spec);
  const hasPassed = (interval: NominalInterval): boolean =>
    timesOf(spec, deadline, interval).deadlineAt <= at;
  let passed = Math.max(from, grid.origin() ?? from);
  let ahead = Math.max(at, passed) + 1;
  for (;;) {
    const next = grid.next(passed);
    if (next === undefined || next.upper === passed || !hasPassed(next)) return passed;
    const middle = grid.lastClosed(Math.floor((next.upper + ahead) / 2));
    if (middle === undefined || middle.upper <= next.upper) passed = next.upper;
    else if (hasPassed(middle)) passed = middle.upper;
    else {
      passed = next.upper;
      ahead = middle.upper;
    }
  }
}

/** Returns the current version of a schedule as the only one. */
export function onlyVersion({ spec, origin }: Schedule): readonly Pick<ScheduleVersion, "spec" | "since">[] {
  return [{ spec, since: origin }];
}
