import { Grid } from "../../src/schedule/grid.js";
import { normalizeSchedule } from "../../src/schedule/normalize.js";
import { parseScheduleInfo } from "../../src/schedule/parse.js";
import type { ScheduleInfo, ScheduleSpec } from "../../src/schedule/schedule.js";
import { T0 } from "./instants.js";

/** Every hour from T0 on, in UTC. */
export function hourly(groupId: string, more: Partial<ScheduleInfo> = {}): ScheduleInfo {
  return { groupId, trigger: { type: "period", every: 1, unit: "hour" }, startTime: T0, ...more };
}

/** Every hour from T0 on, read by the positions of the source "log". */
export function byPositions(groupId: string, more: Partial<ScheduleInfo> = {}): ScheduleInfo {
  return hourly(groupId, {
    boundaryType: "OFFSET",
    source: { type: "log", topic: "orders" },
    startAt: "earliest",
    ...more,
  });
}

/** The specification that a schedule means, registered at `now`. */
export function specOf(info: ScheduleInfo, now = T0): ScheduleSpec {
  return normalizeSchedule(parseScheduleInfo(info), { engine: "manual", operator: "scripted", now });
}

export function gridOf(info: ScheduleInfo, now = T0): Grid {
  return new Grid(specOf(info, now));
}

/** The first intervals of a grid, from its origin on. */
export function intervalsOf(
  grid: Grid,
  limit = 100,
): { lower: number; upper: number; scheduledTime: number }[] {
  const intervals = [];
  const origin = grid.origin();
  if (origin === undefined) return [];
  for (
    let next = grid.next(origin);
    next !== undefined && intervals.length < limit;
    next = grid.next(next.upper)
  ) {
    intervals.push(next);
    if (next.lower === next.upper) break;
  }
  return intervals;
}
