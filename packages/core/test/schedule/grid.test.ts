import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { NominalInterval } from "../../src/schedule/grid.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import type { CronTriggerSpec } from "../../src/trigger/trigger-spec.js";
import { at, DAY, HOUR, MINUTE, T0 } from "../support/instants.js";
import { gridOf, hourly, intervalsOf } from "../support/schedules.js";

const bounds = (intervals: readonly { lower: number; upper: number }[]) =>
  intervals.map(({ lower, upper }) => [(lower - T0) / MINUTE, (upper - T0) / MINUTE]);

const everyHalfPast: ScheduleInfo["trigger"] = { type: "cron", expression: "30 * * * *" };

describe("a grid", () => {
  it("tiles time: each interval begins where the one before ended", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("*/7 * * * *", "0 0 * * *", "30 1 * * *", "15 3 1,15 * *", "0 */5 * * MON-FRI"),
        fc.constantFrom("UTC", "America/New_York", "Australia/Lord_Howe"),
        fc.integer({ min: 0, max: 300 * DAY }),
        (expression, timezone, offset) => {
          const startTime = T0 + offset;
          const grid = gridOf({ groupId: "g", trigger: { type: "cron", expression }, timezone, startTime });
          const intervals = intervalsOf(grid, 20);
          expect(intervals).toHaveLength(20);
          expect(intervals[0]?.lower).toBe(startTime);
          for (const [index, { lower, upper }] of intervals.entries()) {
            expect(upper).toBeGreaterThan(lower);
            if (index > 0) expect(lower).toBe(intervals[index - 1]?.upper);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it("names each interval by its end, where it is due", () => {
    const grid = gridOf(hourly("g", { delayMs: 5 * MINUTE }));
    const first = grid.next(T0)!;
    expect(first).toEqual({ lower: T0, upper: T0 + HOUR, scheduledTime: T0 + HOUR });
    expect(grid.fireAt(first)).toBe(T0 + HOUR + 5 * MINUTE);
  });

  it("names each interval by its beginning with fireAt interval-start, and the bounds stay", () => {
    const grid = gridOf(hourly("g", { fireAt: "interval-start", delayMs: MINUTE }));
    const first = grid.next(T0)!;
    expect(first).toEqual({ lower: T0, upper: T0 + HOUR, scheduledTime: T0 });
    expect(grid.fireAt(first)).toBe(T0 + MINUTE);
  });

  it("continues from any watermark to the next nominal time", () => {
    expect(gridOf(hourly("g")).next(T0 + 10 * MINUTE)).toEqual({
      lower: T0 + 10 * MINUTE,
      upper: T0 + HOUR,
      scheduledTime: T0 + HOUR,
    });
  });
});

describe("the first interval", () => {
  it("begins at the start time and is short where that is between nominal times", () => {
    const grid = gridOf({ groupId: "g", trigger: everyHalfPast, startTime: T0 });
    expect(bounds(intervalsOf(grid, 2))).toEqual([
      [0, 30],
      [30, 90],
    ]);
  });

  it("begins at the first nominal time where the schedule says so", () => {
    const grid = gridOf({
      groupId: "g",
      trigger: everyHalfPast,
      startTime: T0,
      firstInterval: "first-nominal-time",
    });
    expect(bounds(intervalsOf(grid, 2))).toEqual([
      [30, 90],
      [90, 150],
    ]);
  });

  it("of first-nominal-time begins at the start itself where that is nominal", () => {
    const grid = gridOf({
      groupId: "g",
      trigger: everyHalfPast,
      startTime: T0 + 30 * MINUTE,
      firstInterval: "first-nominal-time",
    });
    expect(grid.origin()).toBe(T0 + 30 * MINUTE);
  });

  it("begins at the last nominal time before now where no start is given", () => {
    const grid = gridOf({ groupId: "g", trigger: everyHalfPast }, T0 + 45 * MINUTE);
    expect(grid.origin()).toBe(T0 + 30 * MINUTE);
  });
});

describe("the end", () => {
  it("cuts the last interval off", () => {
    const grid = gridOf(hourly("g", { endTime: T0 + 90 * MINUTE }));
    expect(bounds(intervalsOf(grid))).toEqual([
      [0, 60],
      [60, 90],
    ]);
    expect(grid.next(T0 + 90 * MINUTE)).toBeUndefined();
    expect(grid.next(T0 + 3 * HOUR)).toBeUndefined();
  });

  it("on a nominal time makes no further interval by default, and an empty one where it is inclusive", () => {
    const ending = { endTime: T0 + 2 * HOUR };
    expect(bounds(intervalsOf(gridOf(hourly("g", ending))))).toEqual([
      [0, 60],
      [60, 120],
    ]);
    expect(bounds(intervalsOf(gridOf(hourly("g", { ...ending, endRule: "inclusive" }))))).toEqual([
      [0, 60],
      [60, 120],
      [120, 120],
    ]);
  });

  it("between nominal times makes no empty interval even where it is inclusive", () => {
    const grid = gridOf(hourly("g", { endTime: T0 + 90 * MINUTE, endRule: "inclusive" }));
    expect(bounds(intervalsOf(grid))).toEqual([
      [0, 60],
      [60, 90],
    ]);
  });

  it("before the first nominal time leaves nothing of a first-nominal-time schedule", () => {
    const grid = gridOf({
      groupId: "g",
      trigger: everyHalfPast,
      startTime: T0,
      endTime: T0 + 20 * MINUTE,
      firstInterval: "first-nominal-time",
    });
    expect(grid.origin()).toBeUndefined();
  });
});

describe("a single time", () => {
  it("is one interval from the start to it", () => {
    const grid = gridOf({ groupId: "g", trigger: { type: "once", at: T0 + DAY }, startTime: T0 });
    expect(bounds(intervalsOf(grid))).toEqual([[0, 1_440]]);
  });

  it("takes the end time where it has none of its own", () => {
    const grid = gridOf({ groupId: "g", trigger: { type: "once" }, startTime: T0, endTime: T0 + HOUR });
    expect(bounds(intervalsOf(grid))).toEqual([[0, 60]]);
  });
});

describe("the last closed interval", () => {
  const grid = gridOf(hourly("g", { endTime: T0 + 3 * HOUR + 30 * MINUTE }));

  it.each([
    ["before the first end", T0 + 59 * MINUTE, undefined],
    ["at the first end", T0 + HOUR, [0, 60]],
    ["between two ends", T0 + 2 * HOUR + 1, [60, 120]],
    ["at the cut-off end", T0 + 3 * HOUR + 30 * MINUTE, [180, 210]],
    ["long after the end", T0 + 9 * DAY, [180, 210]],
  ])("%s", (_, instant, expected) => {
    const closed = grid.lastClosed(instant);
    expect(closed && bounds([closed])[0]).toEqual(expected);
  });
});

describe("cuts", () => {
  it("are the start, the nominal times and the end, and nothing else", () => {
    const grid = gridOf({
      groupId: "g",
      trigger: everyHalfPast,
      startTime: T0,
      endTime: T0 + 100 * MINUTE,
    });
    const cuts = [-30, 0, 10, 30, 60, 90, 100, 150].filter((minute) => grid.isCut(T0 + minute * MINUTE));
    expect(cuts).toEqual([0, 30, 90, 100]);
  });

  it("go with the calendar of the zone: a day in March has 23 hours", () => {
    const grid = gridOf({
      groupId: "g",
      trigger: { type: "period", every: 1, unit: "day" },
      timezone: "America/New_York",
      startTime: "2026-03-07T00:00-05:00",
    });
    expect(intervalsOf(grid, 3).map(({ lower, upper }) => (upper - lower) / HOUR)).toEqual([24, 23, 24]);
    expect(grid.isCut(at("2026-03-09T04:00Z"))).toBe(true);
    expect(grid.isCut(at("2026-03-09T05:00Z"))).toBe(false);
  });
});

describe("what is due", () => {
  const trigger = fc.oneof<fc.Arbitrary<ScheduleInfo["trigger"]>[]>(
    fc.record({
      type: fc.constant("cron" as const),
      expression: fc.constantFrom(
        "*/7 * * * *",
        "0 0 * * *",
        "30 1,2 * * *",
        "15 3 1,15 * *",
        "0 */5 * * MON-FRI",
        "0 0 29 2 *",
        "10 20 5 1,L * ? 2025-2027",
        "0 30 2 ? * SUN#2 *",
      ),
      dst: fc.constantFrom<NonNullable<CronTriggerSpec["dst"]>>(
        "quartz",
        {},
        { gap: "skip", fold: "both" },
        { fold: "last" },
      ),
    }),
    fc.record({
      type: fc.constant("period" as const),
      every: fc.integer({ min: 1, max: 40 }),
      unit: fc.constantFrom("minute", "hour", "day", "week", "month", "year"),
    }),
    fc.constant({ type: "once" as const, at: T0 + 40 * DAY }),
  );

  it("is what walking from interval to interval finds", () => {
    let found = 0;
    fc.assert(
      fc.property(
        trigger,
        fc.record({
          timezone: fc.constantFrom("UTC", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"),
          fireAt: fc.constantFrom("interval-end", "interval-start"),
          firstInterval: fc.constantFrom("start-time", "first-nominal-time"),
          endRule: fc.constantFrom("exclusive", "inclusive"),
          delayMs: fc.constantFrom(0, HOUR),
          startTime: fc.integer({ min: T0, max: T0 + 400 * DAY }),
        }),
        fc.constantFrom(null, 10 * DAY, 40 * DAY, 400 * DAY),
        fc.integer({ min: -DAY, max: 400 * DAY }),
        fc.constantFrom(0, 7 * MINUTE),
        fc.array(fc.oneof(fc.integer({ min: -DAY, max: 40 * DAY }), fc.constantFrom(0, 1, HOUR)), {
          maxLength: 4,
        }),
        (given, rest, span, sinceStart, offGrid, moments) => {
          const startTime = rest.startTime - (rest.startTime % MINUTE);
          fc.pre(given.type !== "once" || span !== null || given.at! > startTime);
          const endTime = span === null ? {} : { endTime: startTime + span };
          const info = { groupId: "g", trigger: given, ...rest, startTime, ...endTime } as ScheduleInfo;
          const grid = gridOf(info);
          const from = (grid.origin() ?? startTime) + offGrid;
          const now = startTime + sinceStart;
          let count = 0;
          let newest: NominalInterval | undefined;
          let following = grid.next(from);
          while (following !== undefined && grid.fireAt(following) <= now && count < 20_000) {
            count += 1;
            newest = following;
            following = newest.upper === newest.lower ? undefined : grid.next(newest.upper);
          }
          fc.pre(count < 20_000);
          expect(grid.due(from, now)).toEqual(
            newest === undefined ? undefined : { count, newest, following },
          );
          if (count > 1) found += 1;
          // A grid that has been asked before answers as one that has not.
          for (const moment of moments)
            expect(grid.due(from, now + moment)).toEqual(gridOf(info).due(from, now + moment));
        },
      ),
      { numRuns: 1_000 },
    );
    expect(found).toBeGreaterThan(100);
  });

  it("ends with the last time of an expression that has years, if runs start with their interval", () => {
    const expression = "10 20 5 1,L * ? 2025-2027";
    const startTime = Date.UTC(2027, 1, 1);
    const grid = gridOf({
      groupId: "g",
      trigger: { type: "cron", expression },
      fireAt: "interval-start",
      startTime,
    });
    const last = Date.UTC(2027, 11, 31, 5, 20, 10);
    expect(grid.due(grid.origin()!, last + 10 * DAY)).toEqual({
      count: 22,
      newest: {
        lower: Date.UTC(2027, 11, 1, 5, 20, 10),
        upper: last,
        scheduledTime: Date.UTC(2027, 11, 1, 5, 20, 10),
      },
      following: undefined,
    });
  });

  it("is counted from the beginning of time on", () => {
    const seconds = { groupId: "g", trigger: { type: "cron", expression: "* * * * * *" } } as const;
    const startTime = -8_640_000_000_000_000;
    expect(gridOf({ ...seconds, startTime }).due(startTime, T0)?.count).toBe((T0 - startTime) / 1_000);
    const daily = { groupId: "g", trigger: { type: "period", every: 1, unit: "day" } } as const;
    expect(gridOf({ ...daily, startTime }).due(startTime, T0)?.count).toBe((T0 - startTime) / DAY);
  });
});
