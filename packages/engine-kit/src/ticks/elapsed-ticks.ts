import type { EpochMs } from "@tidegate/core";
import type { CronValues } from "./cron-values.js";
import { type Ticks, wholeSeconds } from "./ticks.js";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

/** Periods that one cron can express, descending, seconds. */
const SAYABLE = [
  WEEK,
  ...[24, 12, 8, 6, 4, 3, 2, 1].map((hours) => hours * HOUR),
  ...[30, 20, 15, 12, 10, 6, 5, 4, 3, 2, 1].map((minutes) => minutes * MINUTE),
  ...[30, 20, 15, 12, 10, 6, 5, 4, 3, 2, 1],
];

/** Maximum number of ticks per nominal time. */
const MOST_TICKS = 60;

/** 1970-01-01 was a Thursday. */
const FIRST_WEEKDAY = 4;

/**
 * Returns the ticks of a period of elapsed time: its own times if a cron can express them; otherwise those of
 * a finer period that divides it; otherwise of one so fine that a fire is late by at most a sixtieth of the
 * period.
 *
 * @param anchorMs - an instant of the period's grid
 */
export function elapsedTicks(
  anchorMs: EpochMs,
  everyMs: number,
  { delayMs, finestPeriodMs }: { readonly delayMs: number; readonly finestPeriodMs: number },
): Ticks {
  const step = stepOf(everyMs / 1_000, finestPeriodMs / 1_000);
  const first = wholeSeconds(anchorMs + delayMs);
  return {
    crons: [valuesOf(step, ((first % step) + step) % step)],
    timezone: "UTC",
    offsetMs: delayMs,
    waitMs: 0,
    period: { anchorMs, everyMs, tickMs: step * 1_000 },
    isExact: step * 1_000 === everyMs,
  };
}

function stepOf(every: number, finest: number): number {
  const dividing = SAYABLE.find((step) => every % step === 0 && step >= finest && every / step <= MOST_TICKS);
  const fine = Math.max(finest, every / MOST_TICKS);
  return dividing ?? SAYABLE.find((step) => step <= fine) ?? 1;
}

/** @param phase - offset of the tick within its step, seconds */
function valuesOf(step: number, phase: number): CronValues {
  const seconds = [phase % MINUTE];
  const minutes = [Math.floor(phase / MINUTE) % 60];
  const hours = [Math.floor(phase / HOUR) % 24];
  if (step < MINUTE) return { seconds: every(step, phase, MINUTE) };
  if (step < HOUR) return { seconds, minutes: every(step / MINUTE, minutes[0]!, 60) };
  if (step < WEEK) return { seconds, minutes, hours: every(step / HOUR, hours[0]!, 24) };
  return { seconds, minutes, hours, weekdays: [(FIRST_WEEKDAY + Math.floor(phase / DAY)) % 7] };
}

function every(step: number, first: number, end: number): number[] {
  return Array.from({ length: end / step }, (_, index) => first + index * step);
}
