import type { DependencyWindow } from "../../src/dependency/dependency.js";
import type { Interval } from "../../src/interval/boundaries.js";

/**
 * A second reading of how windows are computed, by brute force: it asks the runtime how far a zone's
 * clocks are ahead, looks at the local times of minutes, shifts them with `Date`, and shares no code with the library.
 * Intervals have whole minutes.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A stretch of time in which a zone's clocks are this far ahead of UTC, ms; from an instant, epoch ms. */
export interface ModelSegment {
  readonly from: number;
  readonly ahead: number;
}

/**
 * Returns the segments of a zone between two instants, as the runtime tells them: it is asked once a day, and where
 * two answers differ, the minute of the change is searched.
 */
export function segmentsOf(timeZone: string, from: number, to: number): readonly ModelSegment[] {
  const aheadAt = aheadIn(timeZone);
  const segments: ModelSegment[] = [{ from, ahead: aheadAt(from) }];
  for (let day = from; day < to; day += DAY) {
    let ahead = aheadAt(day);
    if (aheadAt(day + DAY) === ahead) continue;
    // Minute by minute, once the hour is known: no zone changes its clocks twice in an hour.
    for (let hour = day; hour < day + DAY; hour += HOUR) {
      if (aheadAt(hour + HOUR) === ahead) continue;
      let minute = hour + MINUTE;
      while (aheadAt(minute) === ahead) minute += MINUTE;
      ahead = aheadAt(minute);
      segments.push({ from: minute, ahead });
    }
  }
  return segments;
}

function aheadIn(timeZone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  const known = new Map<number, number>();
  return (instant) => {
    let ahead = known.get(instant);
    if (ahead === undefined) {
      const [month, day, year, hour, minute, second] = format.format(instant).split(/\D+/).map(Number);
      ahead = Date.UTC(year!, month! - 1, day, hour, minute, second) - instant;
      known.set(instant, ahead);
    }
    return ahead;
  };
}

/** Returns the local time of each instant, as the epoch ms that it would have in UTC. */
export function localTimes(segments: readonly ModelSegment[]): Locals {
  // Instants that are asked for one after another mostly lie in one segment.
  let last = 0;
  const isIn = (index: number, instant: number): boolean =>
    instant >= segments[index]!.from && (segments[index + 1]?.from ?? Number.POSITIVE_INFINITY) > instant;
  return (instant) => {
    if (!isIn(last, instant)) {
      last = 0;
      while (last < segments.length - 1 && !isIn(last, instant)) last += 1;
    }
    return instant + segments[last]!.ahead;
  };
}

type Locals = (instant: number) => number;

/** Returns the first instant whose local time has reached `local`. */
function firstReaching(local: number, localAt: Locals): number {
  let from = local - 15 * HOUR;
  // Clocks never jump by less than a minute here, and never back by more than a day.
  for (const step of [HOUR, MINUTE]) {
    while (localAt(from + step) < local && !reachesWithin(from, step, local, localAt)) from += step;
  }
  return from + MINUTE;
}

/** Whether a local time is reached somewhere within a step, although not at its end: clocks went back. */
function reachesWithin(from: number, step: number, local: number, localAt: Locals): boolean {
  if (step === MINUTE || localAt(from + step) - localAt(from) >= step) return false;
  for (let at = from + MINUTE; at < from + step; at += MINUTE) if (localAt(at) >= local) return true;
  return false;
}

/** Returns the window that a run of `interval` asks for, without shifts by intervals. */
export function modelWindow(window: DependencyWindow, interval: Interval, localAt: Locals): Interval {
  const wide = window.align === undefined ? interval : aligned(window.align, interval, localAt);
  const lower = bound(window.from, wide, "lower", localAt);
  return { lower, upper: Math.max(lower, bound(window.to, wide, "upper", localAt)) };
}

function bound(text: string | undefined, interval: Interval, side: keyof Interval, localAt: Locals): number {
  const [count, unit] = (text ?? "0 day").split(" ") as [string, string];
  const by = Number(count);
  if (by === 0) return interval[side];
  if (/second|minute|hour/.test(unit)) {
    return interval[side] + by * (unit.startsWith("h") ? HOUR : unit.startsWith("m") ? MINUTE : 1_000);
  }
  const locals: number[] = [];
  for (let at = interval.lower; at < interval.upper; at += MINUTE) {
    // Clocks go back by at most two hours, so only minutes near the bounds can be the first or the last.
    if (at - interval.lower > 3 * HOUR && interval.upper - at > 3 * HOUR) at = interval.upper - 3 * HOUR;
    locals.push(localAt(at));
  }
  const skippedTo = localAt(interval.lower);
  const skippedFrom = localAt(interval.lower - MINUTE) + MINUTE;
  const first = Math.min(skippedFrom, skippedTo, ...locals);
  const last = Math.max(...locals) + MINUTE;
  return firstReaching(shiftedBy(side === "lower" ? first : last, by, unit.replace(/s$/, "")), localAt);
}

function shiftedBy(local: number, count: number, unit: string): number {
  if (unit === "day") return local + count * DAY;
  if (unit === "week") return local + count * 7 * DAY;
  const date = new Date(local);
  const months = count * (unit === "month" ? 1 : unit === "quarter" ? 3 : 12);
  const lastOfMonth = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months + 1, 0));
  const day = Math.min(date.getUTCDate(), lastOfMonth.getUTCDate());
  const timeOfDay = ((local % DAY) + DAY) % DAY;
  return Date.UTC(lastOfMonth.getUTCFullYear(), lastOfMonth.getUTCMonth(), day) + timeOfDay;
}

function aligned(unit: string, { lower, upper }: Interval, localAt: Locals): Interval {
  if (unit === "hour") {
    const offset = localAt(lower) - lower;
    const floor = (instant: number) => Math.floor((instant + offset) / HOUR) * HOUR - offset;
    return { lower: floor(lower), upper: floor(upper - 1) + HOUR };
  }
  const begins = (from: number, to: number): number[] => {
    const starts: number[] = [];
    for (let day = Math.floor(from / DAY) * DAY; day <= to; day += DAY) {
      const date = new Date(day);
      const isFirst = date.getUTCDate() === 1;
      const isBeginning =
        unit === "day" ||
        (unit === "week" && date.getUTCDay() === 1) ||
        (unit === "month" && isFirst) ||
        (unit === "quarter" && isFirst && date.getUTCMonth() % 3 === 0) ||
        (unit === "year" && isFirst && date.getUTCMonth() === 0);
      if (isBeginning) starts.push(firstReaching(day, localAt));
    }
    return starts;
  };
  const length = { day: 3, week: 9, month: 33, quarter: 94, year: 368 }[unit]! * DAY;
  return {
    lower: Math.max(...begins(lower - length, lower + 2 * DAY).filter((at) => at <= lower)),
    upper: Math.min(...begins(upper - 2 * DAY, upper + length).filter((at) => at >= upper)),
  };
}
