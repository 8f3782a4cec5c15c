import { describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "@tidegate/core";
import { compileTrigger } from "@tidegate/core/trigger";
import { type CronValues, ticksOf } from "@tidegate/engine-kit";
import { scheduleOf, specOf } from "@tidegate/test-outside";
import fc from "fast-check";
import { crontabOf } from "../src/crontab.js";
import { decoded, definitionOf, encoded } from "../src/definition.js";
import { settingsOf } from "../src/options.js";
import { timingOf } from "../src/timing.js";

const START = Date.UTC(2026, 0, 7, 5, 3, 11);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const SETTINGS = settingsOf({
  url: "http://dolphin/dolphinscheduler",
  token: "none",
  callback: { url: "http://door/engines/dolphinscheduler/callbacks" },
  finestPeriodMs: 1_000,
});

function definition(info: Omit<ScheduleInfo, "groupId">, now = START) {
  return definitionOf(scheduleOf("group", specOf(info, START)), SETTINGS, now);
}

describe("a crontab", () => {
  it.each<[string, string]>([
    ["*/5 * * * *", "0 0/5 * * * ? *"],
    ["0 0 * * MON-FRI", "0 0 0 ? * 2-6 *"],
    ["*/10 * * * * *", "0/10 * * * * ? *"],
    ["0 9,17 * * *", "0 0 9,17 * * ? *"],
    ["0 0 1 */3 *", "0 0 0 1 1/3 ? *"],
    ["0 0 1,15 * *", "0 0 0 1,15 * ? *"],
    ["30 4 1,15 * 5", "0 30 4 * * ? *"],
    ["0 0 12 15W * ?", "0 0 12 * * ? *"],
    ["0 0 12 ? * 6L", "0 0 12 * * ? *"],
    ["5,10,15 3-6 * * *", "0 5,10,15 3-6 * * ? *"],
  ])("of %s is %s", (expression, crontab) => {
    expect(definition({ trigger: { type: "cron", expression } }).crontab).toBe(crontab);
  });

  it("has at least the times of all that it is made of, in 255 characters", () => {
    const values = (max: number, min = 0) =>
      fc.option(fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 12 }), {
        nil: undefined,
      });
    const cron = fc
      .record({
        seconds: fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1, maxLength: 12 }),
        minutes: values(59),
        hours: values(23),
        months: values(12, 1),
        day: fc.constantFrom<Partial<CronValues>>({}, { days: [3, 9] }, { weekdays: [0, 6] }),
      })
      .map(({ day, ...times }): CronValues => sorted({ ...times, ...day }));
    fc.assert(
      fc.property(fc.array(cron, { minLength: 1, maxLength: 2 }), fc.nat(365 * DAY), (crons, offset) => {
        const { text } = crontabOf(crons);
        expect(text.length).toBeLessThanOrEqual(255);
        const union = compileTrigger({ type: "cron", expression: text, flavour: "quartz" }, "UTC");
        for (const each of crons) {
          const next = timeOf(each, START + offset);
          if (next !== undefined) expect(union.next(next - 1)).toBe(next);
        }
      }),
    );
  });
});

describe("a definition", () => {
  it("is read as it was written, and not where it was edited", () => {
    const told = definition({ trigger: { type: "period", every: 7, unit: "minute" }, startTime: START });
    const text = encoded(told);
    expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(decoded(text)).toEqual(told);
    const edited = Buffer.from(text, "base64url").toString().replace('"wait":false', '"wait":true');
    expect(decoded(Buffer.from(edited).toString("base64url"))).toBeUndefined();
    expect(decoded("nonsense")).toBeUndefined();
  });

  it("tells the nominal times where ticks are finer", () => {
    const monthly = { trigger: { type: "cron", expression: "0 0 12 L * ?" }, startTime: START } as const;
    const { instants } = definition(monthly);
    expect(instants.slice(0, 2)).toEqual([Date.UTC(2026, 0, 31, 12), Date.UTC(2026, 1, 28, 12)]);
    expect(definition({ trigger: { type: "cron", expression: "0 12 * * *" } }).instants).toEqual([]);
  });

  it("has a tick for an end that is off the grid", () => {
    const endTime = START + 2.5 * HOUR;
    const trigger = { type: "period", every: 1, unit: "hour" } as const;
    const told = definition({ trigger, startTime: START, endTime });
    const crontab = compileTrigger(
      { type: "cron", expression: told.crontab!, flavour: "quartz" },
      told.timezone,
    );
    expect(crontab.next(endTime - 1)).toBe(endTime);
    expect(told.lastMs).toBe(endTime);
  });

  it("has ticks soon where all are past, one and more for a server that is late", () => {
    const now = START + DAY;
    const told = definition({ trigger: { type: "once", at: START + HOUR }, startTime: START }, now);
    const crontab = compileTrigger(
      { type: "cron", expression: told.crontab!, flavour: "quartz" },
      told.timezone,
    );
    const first = crontab.next(now)!;
    const later = crontab.next(first + 40_000)!;
    expect(first - now).toBeLessThan(10_000);
    expect(later - now).toBeLessThan(MINUTE);
    expect(told.endMs).toBeGreaterThan(later);
    expect(told.instants).toEqual([START + HOUR]);
  });

  it("of a schedule that has ended fires nothing", () => {
    const spec = specOf({ trigger: { type: "once", at: START + HOUR }, startTime: START }, START);
    const ended = { ...scheduleOf("group", spec), nextFireAt: null };
    const told = definitionOf(ended, SETTINGS, START + DAY);
    expect(told.crontab).toBeNull();
    expect(timingOf(told, START)).toBeUndefined();
  });
});

describe("the timing", () => {
  it("is what a clock in the zone shows, and begins now where the schedule began before", () => {
    const trigger = { type: "cron", expression: "0 12 * * *" } as const;
    const endTime = Date.UTC(2026, 6, 2, 16);
    const told = definition({ trigger, startTime: START, endTime, timezone: "America/New_York" });
    expect(timingOf(told, START + 30 * DAY)).toEqual({
      crontab: "0 0 12 * * ? *",
      timezoneId: "America/New_York",
      startTime: "2026-02-06 00:03:11",
      endTime: "2026-07-03 12:00:00",
    });
    expect(timingOf(told, START)).toMatchObject({ startTime: "2026-01-07 12:00:00" });
  });
});

describe("the ticks of a period", () => {
  it("are one crontab that comes in time, whatever the period", () => {
    const units = ["second", "minute", "hour", "day", "week", "month", "year"] as const;
    const period = fc.record({
      every: fc.integer({ min: 1, max: 400 }),
      unit: fc.constantFrom(...units),
      startTime: fc.integer({ min: START, max: START + 60 * DAY }),
    });
    fc.assert(
      fc.property(period, ({ every, unit, startTime }) => {
        const spec = specOf({ trigger: { type: "period", every, unit }, startTime }, START);
        const { crons, startMs, timezone } = ticksOf(spec, 1_000)!;
        const { text } = crontabOf(crons);
        const crontab = compileTrigger({ type: "cron", expression: text, flavour: "quartz" }, timezone);
        const late = crontab.next(startMs - 1)! - startMs;
        expect(late).toBeLessThanOrEqual((startMs - startTime) / 60 + 1_000);
        expect(text.length).toBeLessThanOrEqual(255);
      }),
    );
  });
});

/** Every list ascending, as `CronValues` are. */
function sorted(values: CronValues): CronValues {
  const entries = Object.entries(values).map(([field, list]) => [
    field,
    list?.toSorted((a: number, b: number) => a - b),
  ]);
  return Object.fromEntries(entries);
}

/** A time of a cron after an instant, by looking at each minute of two days; `undefined` where there is none. */
function timeOf(
  { seconds, minutes, hours, days, months, weekdays }: CronValues,
  after: number,
): number | undefined {
  const first = Math.ceil(after / MINUTE) * MINUTE;
  for (let minute = first; minute < first + 2 * DAY; minute += MINUTE) {
    const at = new Date(minute);
    const isIn = (list: readonly number[] | undefined, value: number) => list?.includes(value) ?? true;
    const isDay = isIn(days, at.getUTCDate()) && isIn(weekdays, at.getUTCDay());
    const isTime = isIn(minutes, at.getUTCMinutes()) && isIn(hours, at.getUTCHours());
    if (isDay && isTime && isIn(months, at.getUTCMonth() + 1)) return minute + seconds[0]! * 1_000;
  }
  return undefined;
}
