import { describe, expect, it } from "@jest/globals";
import type { EpochMs, ScheduleInfo, TriggerSpec } from "@tidegate/core";
import { compileTrigger, Grid } from "@tidegate/core/trigger";
import { scheduleOf, specOf } from "@tidegate/test-outside";
import fc from "fast-check";
import { type BoundedTicks, type CronValues, instantsOf, ticksOf } from "../src/index.js";

const SECOND = 1_000;
const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 7, 5, 3, 11);

function ticks(info: Omit<ScheduleInfo, "groupId">, finestPeriodMs = 1_000): BoundedTicks {
  return ticksOf(specOf(info, START), finestPeriodMs)!;
}

/** The first tick at or after an instant, by core's own evaluation of the crons. */
function tickFrom({ crons, timezone }: BoundedTicks, from: EpochMs): EpochMs {
  const next = crons.map((cron) => {
    const trigger = { type: "cron", flavour: "seconds", expression: expressionOf(cron) } as const;
    return compileTrigger(trigger, timezone).next(from - 1)!;
  });
  return Math.min(...next);
}

/** A cron of six fields, in which a field with all its values follows elapsed time. */
function expressionOf({ seconds, minutes, hours, days, months, weekdays }: CronValues): string {
  const sizes = [60, 60, 24, 31, 12, 7];
  return [seconds, minutes, hours, days, months, weekdays]
    .map((values, index) => (values === undefined || values.length === sizes[index] ? "*" : values.join(",")))
    .join(" ");
}

/** How late the ticks are for some nominal times, ms. */
function lateness(info: Omit<ScheduleInfo, "groupId">, count: number, finestPeriodMs = 1_000): number[] {
  const grid = new Grid(specOf(info, START));
  const told = ticks(info, finestPeriodMs);
  const late: number[] = [];
  let interval = grid.next(grid.origin()!);
  while (interval !== undefined && late.length < count) {
    const due = grid.fireAt(interval);
    late.push(tickFrom(told, due - told.waitMs) + told.waitMs - due);
    interval = grid.next(interval.upper);
  }
  return late;
}

const UNITS = ["second", "minute", "hour", "day", "week", "month", "year"] as const;

describe("the ticks of a period", () => {
  it.each<[TriggerSpec & { type: "period" }, string]>([
    [{ type: "period", every: 1, unit: "second" }, "* * * * * *"],
    [{ type: "period", every: 20, unit: "second" }, "11,31,51 * * * * *"],
    [{ type: "period", every: 1, unit: "minute" }, "11 * * * * *"],
    [{ type: "period", every: 15, unit: "minute" }, "11 3,18,33,48 * * * *"],
    [{ type: "period", every: 6, unit: "hour" }, "11 3 5,11,17,23 * * *"],
    [{ type: "period", every: 1, unit: "day" }, "11 3 5 * * *"],
    [{ type: "period", every: 1, unit: "week" }, "11 3 5 * * 3"],
    [{ type: "period", every: 1, unit: "month" }, "11 3 5 7 * *"],
    [{ type: "period", every: 3, unit: "month" }, "11 3 5 7 1,4,7,10 *"],
    [{ type: "period", every: 1, unit: "year" }, "11 3 5 7 1 *"],
  ])("are its own times where a cron can say them: %j", (trigger, cron) => {
    const { crons, isExact } = ticks({ trigger, startTime: START });
    expect({ crons: crons.map(expressionOf), isExact }).toEqual({ crons: [cron], isExact: true });
  });

  it("come in time, whatever the period", () => {
    const period = fc.record({
      every: fc.integer({ min: 1, max: 400 }),
      unit: fc.constantFrom(...UNITS),
      startTime: fc.integer({ min: START, max: START + 60 * DAY }),
      delayMs: fc.constantFrom(0, 1, 1_500, 90_000),
    });
    fc.assert(
      fc.property(period, ({ every, unit, startTime, delayMs }) => {
        const trigger = { type: "period", every, unit } as const;
        const lengthMs =
          compileTrigger({ ...trigger, anchor: startTime }, "UTC").next(startTime)! - startTime;
        for (const late of lateness({ trigger, startTime, delayMs }, 20)) {
          expect(late).toBeGreaterThanOrEqual(0);
          expect(late).toBeLessThanOrEqual(SECOND + lengthMs / 60);
        }
      }),
    );
  });

  it("are not finer than the timer may fire", () => {
    const trigger = { type: "period", every: 14, unit: "second" } as const;
    const { crons } = ticks({ trigger, startTime: START }, 10_000);
    expect(crons.map(expressionOf)).toEqual(["1,11,21,31,41,51 * * * * *"]);
  });
});

describe("the ticks of a cron", () => {
  it.each<[string, string, boolean]>([
    ["*/5 * * * *", "0 0,5,10,15,20,25,30,35,40,45,50,55 * * * *", true],
    ["0 0 * * MON-FRI", "0 0 0 * * 1,2,3,4,5", true],
    ["30 4 1,15 * 5", "0 30 4 1,15 * 5", true],
    ["0 0 */2 * *", "0 0 0 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31 * *", true],
    ["*/10 * * * * *", "0,10,20,30,40,50 * * * * *", true],
    ["0 0 12 ? * 6#3", "0 0 12 * * *", false],
    ["0 0 12 L * ?", "0 0 12 * * *", false],
    ["0 0 12 15W * ?", "0 0 12 * * *", false],
    ["0 0 12 1 1 ? 2030", "0 0 12 1 1 *", false],
  ])("of %s are %s", (expression, cron, isExact) => {
    const told = ticks({ trigger: { type: "cron", expression } });
    expect({ crons: told.crons.map(expressionOf), isExact: told.isExact }).toEqual({
      crons: [cron],
      isExact,
    });
  });

  it("come in time where Quartz's signs are", () => {
    for (const expression of [
      "0 15 10 L * ?",
      "0 15 10 LW * ?",
      "0 15 10 ? * 6L",
      "0 15 10 ? * 2#1 2026-2040",
    ]) {
      const late = lateness({ trigger: { type: "cron", expression }, timezone: "Europe/Berlin" }, 40);
      expect(new Set(late)).toEqual(new Set([0]));
    }
  });

  it("know the nominal times that they are finer than", () => {
    const spec = specOf({ trigger: { type: "cron", expression: "0 0 12 L * ?" }, startTime: START }, START);
    const instants = instantsOf(scheduleOf("group", spec), 200);
    expect(instants.slice(0, 2)).toEqual([Date.UTC(2026, 0, 31, 12), Date.UTC(2026, 1, 28, 12)]);
    expect(instants).toHaveLength(200);
  });
});

describe("the bounds", () => {
  const trigger = { type: "period", every: 1, unit: "hour" } as const;

  it("begin with the first time that is due", () => {
    expect(ticks({ trigger, startTime: START, delayMs: 500 }).startMs).toBe(START + 3_600_000 + 1_000);
    expect(ticks({ trigger, startTime: START, fireAt: "interval-start" }).startMs).toBe(START);
  });

  it("end behind the last, so that one tick may be missed", () => {
    const endTime = START + 3 * 3_600_000;
    const bounded = ticks({ trigger, startTime: START, endTime });
    expect(bounded).toMatchObject({ lastMs: endTime, endMs: endTime + 3_600_000 });
    expect(bounded.crons).toHaveLength(1);
  });

  it("have a tick for an end that is off the grid", () => {
    const endTime = START + 2.5 * 3_600_000;
    const bounded = ticks({ trigger, startTime: START, endTime });
    expect(bounded.lastMs).toBe(endTime);
    expect(tickFrom(bounded, endTime)).toBe(endTime);
  });

  it("are one tick of a schedule that runs once", () => {
    const at = START + 12_345;
    const bounded = ticks({ trigger: { type: "once", at }, startTime: START });
    expect(tickFrom(bounded, START)).toBe(START + 13_000);
    expect(bounded).toMatchObject({ startMs: START + 13_000, lastMs: at });
  });
});
