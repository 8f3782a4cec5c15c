import type { Duration } from "./dependency.js";

/** A unit of a shift. `interval`: of the grid of the group that depends. */
export type ShiftUnit =
  | "second"
  | "minute"
  | "hour"
  | "day"
  | "week"
  | "month"
  | "quarter"
  | "year"
  | "interval";

/** A shift as it is computed with. */
export interface Shift {
  readonly count: number;
  readonly unit: ShiftUnit;
}

/** The form of a `CalendarShift`. */
export const SHIFT = /^([+-]?\d{1,6}) (second|minute|hour|day|week|month|quarter|year|interval)s?$/;

/** The form of a `Duration`. */
export const DURATION = /^(\d{1,6}) (second|minute|hour|day|week)s?$/;

/** Lengths of the units of a duration, ms. */
const LENGTH_MS = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 };

/**
 * Reads a `CalendarShift`. Days and longer are units of the calendar: a day may have 23 or 25 hours, and a
 * month without the day in question ends earlier. Hours and shorter are elapsed time.
 */
export function parseShift(text: string): Shift {
  const [, count = "0", unit = "second"] = SHIFT.exec(text) ?? [];
  return { count: Number(count), unit: unit as ShiftUnit };
}

/** Returns the length of a `Duration`, ms. */
export function durationMs(text: Duration): number {
  const [, count = "0", unit = "second"] = DURATION.exec(text) ?? [];
  return Number(count) * LENGTH_MS[unit as keyof typeof LENGTH_MS];
}

/** Returns the length of a unit of elapsed time, ms; `undefined` for units of the calendar. */
export function elapsedMs(unit: ShiftUnit): number | undefined {
  return unit === "second" || unit === "minute" || unit === "hour" ? LENGTH_MS[unit] : undefined;
}
