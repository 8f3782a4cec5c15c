import { type EpochMs, LAST_INSTANT } from "../clock/clock.js";
import { FIRST_INSTANT, type Interval } from "../interval/boundaries.js";
import { DAY_MS, dateOf, dayNumberAt, type LocalMs, monthsAfter } from "../trigger/civil.js";
import { periodTrigger } from "../trigger/period-trigger.js";
import type { Zone } from "../trigger/zone/zone.js";
import type { AlignUnit, DependencyWindow } from "./dependency.js";
import { elapsedMs, parseShift, type Shift, type ShiftUnit } from "./shift.js";

const MONTHS: Partial<Readonly<Record<ShiftUnit, number>>> = { month: 1, quarter: 3, year: 12 };

/** The calendar of the group that depends. */
export interface WindowCalendar {
  readonly zone: Zone;
  /**
   * Returns the cut of its grid that lies `count` cuts after an instant, or before it if negative; the
   * furthest that exists if there are fewer.
   */
  cut(instant: EpochMs, count: number): EpochMs;
}

/**
 * Returns the window of time that a dependency asks for: `interval`, widened and shifted. It is empty if it
 * lies in local time that does not exist, such as the hour before an hour in which clocks skipped one, a day
 * later. Pure.
 *
 * Days and longer shift the local times that the interval contains. So both passes of an hour that comes
 * twice ask for the same hour of the day before, and a day that begins after a gap at midnight begins at
 * midnight, as the days before it do.
 */
export function windowOf(
  window: DependencyWindow | undefined,
  interval: Interval,
  calendar: WindowCalendar,
): Interval {
  if (window === undefined) return interval;
  const aligned = window.align === undefined ? interval : widened(interval, window.align, calendar.zone);
  const lower = datable(shifted(aligned, "lower", window.from, calendar));
  return { lower, upper: Math.max(lower, datable(shifted(aligned, "upper", window.to, calendar))) };
}

/** Returns the nearest instant that a `Date` can hold: a window may reach back or ahead a million years. */
function datable(instant: EpochMs): EpochMs {
  return Math.max(FIRST_INSTANT, Math.min(LAST_INSTANT, instant));
}

function shifted(
  interval: Interval,
  bound: "lower" | "upper",
  text: string | undefined,
  { zone, cut }: WindowCalendar,
): EpochMs {
  const shift = text === undefined ? undefined : parseShift(text);
  if (shift === undefined || shift.count === 0) return interval[bound];
  if (shift.unit === "interval") return cut(interval[bound], shift.count);
  const elapsed = elapsedMs(shift.unit);
  if (elapsed !== undefined) return interval[bound] + shift.count * elapsed;
  return zone.toInstant(shiftedLocal(localRange(interval, zone)[bound], shift));
}

/**
 * Returns the range of local times that an interval contains. If it begins as clocks skip some time, that
 * time is its own, because it is whatever begins at midnight, say, on a day that has none.
 */
function localRange({ lower, upper }: Interval, zone: Zone): { lower: LocalMs; upper: LocalMs } {
  let segment = zone.segmentAt(lower);
  const before = segment.from === lower ? zone.before(segment) : undefined;
  const range = {
    lower: lower + Math.min(segment.offset, before?.offset ?? segment.offset),
    upper: Math.min(upper, segment.to) + segment.offset,
  };
  for (let next = zone.after(segment); next !== undefined && next.from < upper; next = zone.after(segment)) {
    range.lower = Math.min(range.lower, next.from + next.offset);
    range.upper = Math.max(range.upper, Math.min(upper, next.to) + next.offset);
    segment = next;
  }
  return range;
}

function shiftedLocal(local: LocalMs, { count, unit }: Shift): LocalMs {
  const months = MONTHS[unit];
  if (months === undefined) return local + count * (unit === "week" ? 7 : 1) * DAY_MS;
  const day = dayNumberAt(local);
  return monthsAfter(dateOf(day), count * months) * DAY_MS + (local - day * DAY_MS);
}

/** Returns the smallest interval of whole units that contains another one. */
function widened({ lower, upper }: Interval, unit: AlignUnit, zone: Zone): Interval {
  const quarter = unit === "quarter";
  const every = { type: "period", every: quarter ? 3 : 1, unit: quarter ? "month" : unit } as const;
  const beginnings = periodTrigger(every, zone, lower);
  return {
    lower: beginnings.previous(lower + 1) ?? lower,
    upper: beginnings.next(upper - 1) ?? upper,
  };
}
