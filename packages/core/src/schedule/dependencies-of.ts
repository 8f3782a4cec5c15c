import { leavesOf } from "../dependency/dependency.js";
import { type Requirement, requirementOf, toleranceMs } from "../dependency/requirement.js";
import type { WindowCalendar } from "../dependency/window.js";
import { ScheduleError } from "../errors/errors.js";
import type { Interval } from "../interval/boundaries.js";
import { zoneOf } from "../trigger/zone/zone.js";
import { Grid } from "./grid.js";
import type { ScheduleSpec } from "./schedule.js";

/** How many intervals of a schedule a registration computes the windows of. */
const SAMPLED = 12;

/** Returns the calendar in which a schedule's dependencies compute their windows. */
export function windowCalendarOf(spec: ScheduleSpec, grid = new Grid(spec)): WindowCalendar {
  return { zone: zoneOf(spec.timezone), cut: (instant, count) => grid.step(instant, count) };
}

/**
 * Refuses dependencies that ask for nothing: a window that has no length, or less time than may be missing.
 *
 * @throws ScheduleError DEPENDENCY_INVALID with the field
 */
export function checkDependencies(spec: ScheduleSpec): void {
  if (spec.dependsOn == null) return;
  const grid = new Grid(spec);
  // Without daylight saving: a window may be empty on a day that lacks an hour.
  const calendar = { ...windowCalendarOf(spec, grid), zone: zoneOf("UTC") };
  const intervals = firstIntervals(grid);
  for (const { field, dependency } of leavesOf(spec.dependsOn)) {
    for (const interval of intervals) {
      refuseNothing(requirementOf(dependency, spec.groupId, interval, calendar), field);
    }
  }
}

function refuseNothing(requirement: Requirement, field: string): void {
  const { lower, upper } = requirement.window;
  if (upper <= lower) {
    throw new ScheduleError(
      "DEPENDENCY_INVALID",
      `${field}.window: has no length: it ends at or before its beginning.`,
      { field: `${field}.window` },
    );
  }
  if (toleranceMs(requirement, upper - lower) < upper - lower) return;
  throw new ScheduleError(
    "DEPENDENCY_INVALID",
    `${field}.atLeast.missing: is as long as the window, which would never be awaited.`,
    { field: `${field}.atLeast.missing` },
  );
}

function firstIntervals(grid: Grid): readonly Interval[] {
  const intervals: Interval[] = [];
  const origin = grid.origin();
  let next = origin === undefined ? undefined : grid.next(origin);
  while (next !== undefined && next.upper > next.lower && intervals.length < SAMPLED) {
    intervals.push(next);
    next = grid.next(next.upper);
  }
  return intervals;
}
