import type { EpochMs } from "@tidegate/core";
import { compileTrigger, Grid, type GridSpec } from "@tidegate/core/trigger";
import { calendarTicks } from "./calendar-ticks.js";
import { cronTicks } from "./cron-ticks.js";
import type { CronValues } from "./cron-values.js";
import { elapsedTicks } from "./elapsed-ticks.js";
import { localTime } from "./local-time.js";
import { type Ticks, wholeSeconds } from "./ticks.js";

/** The ticks of a schedule with their bounds. */
export interface BoundedTicks extends Ticks {
  /** The first tick, epoch ms. */
  readonly startMs: EpochMs;
  /** No tick after this, epoch ms; `null` if the schedule has no end. */
  readonly endMs: EpochMs | null;
  /** The schedule's last nominal time, epoch ms; later ticks belong to it as well. */
  readonly lastMs: EpochMs | null;
  /** The last tick before `endMs`, epoch ms; `null` if the schedule has no end. */
  readonly lastTickMs: EpochMs | null;
}

/**
 * Minimum time, in ms, that a timer keeps firing after the last scheduled time: it may drop ticks that it is
 * late for, so some must follow the last.
 */
const TAIL_MS = 30_000;

const UNIT_MS = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
const FIXED_MS = {
  ...UNIT_MS,
  week: 7 * UNIT_MS.day,
  month: 30 * UNIT_MS.day,
  year: 365 * UNIT_MS.day,
} as const;

/** Returns the ticks that fire a schedule in time; `undefined` if its grid has no interval. */
export function ticksOf(spec: GridSpec, finestPeriodMs: number): BoundedTicks | undefined {
  const grid = new Grid(spec);
  const origin = grid.origin();
  const first = origin === undefined ? undefined : grid.next(origin);
  if (first === undefined) return undefined;
  const ticks = unboundedTicks(spec, first.scheduledTime, finestPeriodMs);
  const startMs = wholeSeconds(first.scheduledTime + ticks.offsetMs) * 1_000;
  if (spec.endTime === null) return { ...ticks, startMs, endMs: null, lastMs: null, lastTickMs: null };
  const lastMs = grid.lastClosed(spec.endTime)?.scheduledTime ?? first.scheduledTime;
  const trigger = compileTrigger(spec.trigger, spec.timezone, {
    startTime: spec.startTime,
    endTime: spec.endTime,
  });
  const isNominal = trigger.previous(lastMs + 1) === lastMs;
  const following = trigger.next(lastMs) ?? lastMs;
  return {
    ...ticks,
    crons: isNominal ? ticks.crons : [...ticks.crons, cronAt(lastMs + ticks.offsetMs, ticks.timezone)],
    startMs,
    endMs: wholeSeconds(Math.max(following, lastMs + TAIL_MS) + ticks.offsetMs) * 1_000,
    lastMs,
    lastTickMs: wholeSeconds(following + ticks.offsetMs) * 1_000,
  };
}

function unboundedTicks(spec: GridSpec, firstMs: EpochMs, finestPeriodMs: number): Ticks {
  const { trigger, timezone, delayMs, startTime } = spec;
  if (trigger.type === "cron") return cronTicks(trigger, { timezone, delayMs });
  if (trigger.type === "once") {
    const crons = [cronAt(firstMs + delayMs, "UTC")];
    return { crons, timezone: "UTC", offsetMs: delayMs, waitMs: 0, period: null, isExact: false };
  }
  const anchorMs = compileTrigger(trigger, timezone, { startTime }).next(startTime - 1)!;
  const isCalendar = trigger.unit === "day" || !(trigger.unit in UNIT_MS);
  if (isCalendar && trigger.length !== "fixed")
    return calendarTicks(trigger, anchorMs, { timezone, delayMs });
  return elapsedTicks(anchorMs, trigger.every * FIXED_MS[trigger.unit], { delayMs, finestPeriodMs });
}

/** Returns a cron of one instant; it recurs after a year. */
export function cronAt(instant: EpochMs, timezone: string): CronValues {
  const { second, minute, hour, day, month } = localTime(wholeSeconds(instant) * 1_000, timezone);
  return { seconds: [second], minutes: [minute], hours: [hour], days: [day], months: [month] };
}
