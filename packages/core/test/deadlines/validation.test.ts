import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { intervalsFrom, onlyVersion, passedUpTo } from "../../src/deadlines/grid-intervals.js";
import { refuseEarlyDeadline, timesOf } from "../../src/schedule/deadline-times.js";
import { parseScheduleInfo } from "../../src/schedule/parse.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { at, DAY, HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly, specOf } from "../support/schedules.js";
import { closed, ScriptedGate } from "../support/scripted-gate.js";
import { World } from "../support/world.js";

const daily = (more: Partial<ScheduleInfo>): Partial<ScheduleInfo> => ({
  trigger: { type: "cron", expression: "0 0 * * *" },
  timezone: "Europe/Berlin",
  startTime: at("2026-01-01T00:00:00+01:00"),
  ...more,
});

describe("a deadline before the run can be due", () => {
  it.each<[string, Partial<ScheduleInfo>, string]>([
    [
      "as long after the interval as the delay",
      { deadline: { afterMs: MINUTE }, delayMs: MINUTE },
      "deadline.afterMs",
    ],
    [
      "before the earliest start",
      { deadline: { afterMs: HOUR }, notBefore: { afterMs: 2 * HOUR } },
      "deadline.afterMs",
    ],
    ["before an interval of the same day ends", { deadline: { at: "06:00" } }, "deadline.at"],
    [
      "before the earliest start of its day",
      daily({ deadline: { at: "05:59:59" }, notBefore: { at: "06:00" } }),
      "deadline.at",
    ],
    [
      "before the day on which it may start",
      daily({ deadline: { at: "09:00" }, notBefore: { at: "06:00", days: 1 } }),
      "deadline.at",
    ],
    [
      "after the interval, but not after the delay",
      daily({ deadline: { at: "06:00" }, delayMs: 7 * HOUR }),
      "deadline.at",
    ],
  ])("is refused: %s", (_, more, field) => {
    const spec = specOf(hourly("orders", more));
    expect(() => refuseEarlyDeadline(spec, T0)).toThrow(
      expect.objectContaining({ code: "DEADLINE_BEFORE_DUE", field }),
    );
  });

  it.each<[Partial<ScheduleInfo>]>([
    [{ deadline: { afterMs: MINUTE + 1 }, delayMs: MINUTE }],
    [{ deadline: { at: "00:00", days: 2 } }],
    [daily({ deadline: { at: "06:00:01" }, notBefore: { at: "06:00" } })],
    [{ deadline: { afterMs: 1 }, fireAt: "interval-start" }],
  ])("is not: %j", (more) => {
    expect(() => refuseEarlyDeadline(specOf(hourly("orders", more)), T0)).not.toThrow();
  });

  it("leaves no trace, in an update either", async () => {
    const world = await World.start();
    const early = hourly("orders", { deadline: { at: "06:00" } });
    const refusal = { code: "DEADLINE_BEFORE_DUE", field: "deadline.at" };
    await expect(world.client.register(early)).rejects.toMatchObject(refusal);
    await world.client.register(hourly("orders"));
    await expect(world.client.update(early, { version: 1 })).rejects.toMatchObject(refusal);
    expect((await world.client.get("orders")).version).toBe(1);
    expect(await world.store.getWatches(["orders"])).toEqual([undefined]);
  });
});

describe("the shape of a deadline", () => {
  it.each([
    [{ afterMs: 0 }],
    [{ afterMs: 1.5 }],
    [{ at: "24:00" }],
    [{ at: "06:00", days: 367 }],
    [{ at: "06:00", afterMs: 5 }],
    [{ afterMs: HOUR, warnBeforeMs: 0 }],
    [{ afterMs: HOUR, whilePaused: "ignore" }],
    [{}],
    ["06:00"],
  ])("is not %j", (deadline) => {
    expect(() => parseScheduleInfo({ ...hourly("orders"), deadline })).toThrow(
      expect.objectContaining({ code: "SCHEDULE_INVALID", field: expect.stringMatching(/^deadline/) }),
    );
  });

  it.each([[{}], [{ maxLagMs: 0 }], [{ maxLagMs: HOUR, at: "06:00" }]])(
    "of freshness is not %j",
    (freshness) => {
      expect(() => parseScheduleInfo({ ...hourly("orders"), freshness })).toThrow(
        expect.objectContaining({ code: "SCHEDULE_INVALID", field: expect.stringMatching(/^freshness/) }),
      );
    },
  );

  it("is read back as written", () => {
    const spec = specOf(
      hourly("orders", {
        deadline: { at: "06:00", days: 1, warnBeforeMs: HOUR, whilePaused: "alert" },
        freshness: { maxLagMs: DAY, whilePaused: "excuse" },
      }),
    );
    expect(parseScheduleInfo(spec)).toEqual(spec);
    expect(specOf(hourly("orders"))).toMatchObject({ deadline: null, freshness: null });
  });
});

describe("the last interval whose deadline had passed", () => {
  it("is found by bisection as by walking, in all zones and over changes of the clock", () => {
    const deadlines = [
      { afterMs: 1 },
      { afterMs: 90 * MINUTE },
      { afterMs: 40 * DAY },
      { at: "00:00", days: 2 },
      { at: "02:30", days: 2 },
      { at: "23:59:59", days: 30 },
    ] as const;
    const triggers = [
      { type: "period", every: 1, unit: "hour" },
      { type: "period", every: 1, unit: "month" },
      { type: "cron", expression: "30 2 * * *" },
      { type: "cron", expression: "0 9,17 * * 1-5" },
    ] as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...deadlines),
        fc.constantFrom(...triggers),
        fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"),
        fc.integer({ min: at("2026-02-01T00:00:00Z"), max: at("2026-11-15T00:00:00Z") }),
        fc.integer({ min: 0, max: 60 * 24 }),
        (deadline, trigger, timezone, startTime, hours) => {
          const spec = specOf({ ...hourly("orders"), trigger, timezone, startTime, deadline });
          const now = startTime + hours * HOUR;
          let expected = startTime;
          for (const interval of intervalsFrom(
            onlyVersion({ spec, origin: startTime } as never),
            startTime,
          )) {
            if (timesOf(spec, deadline, interval).deadlineAt > now) break;
            expected = interval.upper;
          }
          expect(passedUpTo(spec, deadline, startTime, now)).toBe(expected);
        },
      ),
    );
  });
});

describe("a run that waits", () => {
  it("at a gate is missed at its deadline", async () => {
    const gate = new ScriptedGate();
    gate.answer = () => closed();
    const world = await World.start({ gates: [gate] });
    await world.client.register(hourly("orders", { deadline: { afterMs: HOUR }, gates: { door: {} } }));
    await world.fireAt("orders", T0 + HOUR);
    await world.advance(HOUR);
    expect(await world.runs("orders")).toMatchObject([{ place: "gated" }]);
    expect(world.eventsOf("deadline-missed")).toMatchObject([{ lower: T0, state: "MISSED" }]);
  });
});
