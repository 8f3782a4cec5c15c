import { dayNumberOf, daysInMonth, weekdayOf } from "../civil.js";
import type { CronQuirks } from "../trigger-spec.js";

/** The matching days of a month: bit n stands for day n. */
export type DayMask = number;

/** A part of the day-of-month field. If `fromEnd`, `day` counts from the month's end: 0 is the last. */
export interface MonthDayPart {
  readonly day: number;
  readonly fromEnd: boolean;
  /** Matches the nearest weekday within the month instead. */
  readonly isNearestWeekday: boolean;
}

/** A part of the day-of-week field: every such weekday, or only the n-th or the last of the month. */
export interface WeekdayPart {
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly nth?: number | "last";
}

/** The two day fields. */
export interface DayRule {
  /** `undefined`: unrestricted. */
  readonly monthDays: readonly MonthDayPart[] | undefined;
  readonly weekdays: readonly WeekdayPart[] | undefined;
  /** Whether a day has to satisfy both fields, or either, if both are restricted. */
  readonly combine: "and" | "or";
  readonly quirks: CronQuirks | undefined;
}

const SATURDAY = 6;
const SUNDAY = 0;

/** Returns the days of a month that match. */
export function monthMask(rule: DayRule, year: number, month: number): DayMask {
  const length = daysInMonth(year, month);
  const firstWeekday = weekdayOf(dayNumberOf(year, month, 1));
  const all = maskUpTo(length);
  const byMonthDay =
    rule.monthDays && union(rule.monthDays, (part) => monthDayMask(part, rule, length, firstWeekday));
  const byWeekday = rule.weekdays && union(rule.weekdays, (part) => weekdayMask(part, length, firstWeekday));
  if (byMonthDay === undefined) return byWeekday ?? all;
  if (byWeekday === undefined) return byMonthDay;
  return rule.combine === "or" ? byMonthDay | byWeekday : byMonthDay & byWeekday;
}

function monthDayMask(part: MonthDayPart, rule: DayRule, length: number, firstWeekday: number): DayMask {
  const { quirks } = rule;
  const missesShortMonths = quirks === "quartz-2.5.0" || quirks === "quartz-2.5";
  if (part.fromEnd && missesShortMonths && length < 31) return 0;
  const day = part.fromEnd ? length - part.day : part.day;
  if (day < 1 || day > length) return 0;
  if (!part.isNearestWeekday) return 1 << day;
  const nearest = nearestWeekday(day, length, firstWeekday);
  return nearest > day && quirks !== undefined ? 0 : 1 << nearest;
}

/** Returns the weekday nearest to a day, without leaving the month. */
function nearestWeekday(day: number, length: number, firstWeekday: number): number {
  const weekday = (firstWeekday + day - 1) % 7;
  if (weekday === SATURDAY) return day === 1 ? day + 2 : day - 1;
  if (weekday === SUNDAY) return day === length ? day - 2 : day + 1;
  return day;
}

function weekdayMask({ weekday, nth }: WeekdayPart, length: number, firstWeekday: number): DayMask {
  const first = 1 + ((weekday - firstWeekday + 7) % 7);
  if (nth === "last") return 1 << (first + 7 * Math.floor((length - first) / 7));
  if (nth !== undefined) return first + 7 * (nth - 1) <= length ? 1 << (first + 7 * (nth - 1)) : 0;
  let mask = 0;
  for (let day = first; day <= length; day += 7) mask |= 1 << day;
  return mask;
}

function union<T>(parts: readonly T[], maskOf: (part: T) => DayMask): DayMask {
  return parts.reduce((mask, part) => mask | maskOf(part), 0);
}

/** Sets bits 1 to `length`, as a signed number, since day 31 is the sign bit. */
function maskUpTo(length: number): DayMask {
  return length === 31 ? -2 : (1 << (length + 1)) - 2;
}
