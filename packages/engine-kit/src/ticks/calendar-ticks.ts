import type { EpochMs, PeriodTriggerSpec } from "@tidegate/core";
import type { CronValues } from "./cron-values.js";
import { localTime } from "./local-time.js";
import { type Ticks, wholeSeconds } from "./ticks.js";

/** Every month has these days; a later anchor day may be missing, so the days at the end are used. */
const SHORTEST_MONTH = 28;
const AT_THE_END = [28, 29, 30, 31];

/**
 * Returns the ticks of a calendar period: its time of day in the zone, on its days if a cron can express
 * them, otherwise on more days.
 *
 * @param anchorMs - an instant of the period's grid
 */
export function calendarTicks(
  { every, unit }: PeriodTriggerSpec,
  anchorMs: EpochMs,
  { timezone, delayMs }: { readonly timezone: string; readonly delayMs: number },
): Ticks {
  const anchor = localTime(wholeSeconds(anchorMs) * 1_000, timezone);
  const time = { seconds: [anchor.second], minutes: [anchor.minute], hours: [anchor.hour] };
  const isWhole = anchorMs % 1_000 === 0;
  const ticks = (values: CronValues, isExact: boolean): Ticks => ({
    crons: [{ ...time, ...values }],
    timezone,
    offsetMs: 0,
    waitMs: delayMs,
    period: null,
    isExact: isExact && isWhole,
  });
  if (unit === "day") return ticks({ seconds: time.seconds }, every === 1);
  if (unit === "week") return ticks({ ...time, weekdays: [anchor.weekday] }, every === 1);
  const isLate = anchor.day > SHORTEST_MONTH;
  const days = isLate ? AT_THE_END : [anchor.day];
  const months = unit === "year" ? every * 12 : every;
  return ticks({ ...time, days, months: monthsOf(months, anchor.month) }, !isLate && 12 % months === 0);
}

function monthsOf(step: number, first: number): number[] | undefined {
  if (step % 12 === 0) return [first];
  if (12 % step !== 0) return undefined;
  const months = Array.from({ length: 12 / step }, (_, index) => ((first - 1 + index * step) % 12) + 1);
  return months.sort((a, b) => a - b);
}
