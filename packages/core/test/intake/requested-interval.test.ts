import { describe, expect, it } from "@jest/globals";
import { requestedInterval } from "../../src/intake/requested-interval.js";
import { Grid } from "../../src/schedule/grid.js";
import type { ScheduleSpec } from "../../src/schedule/schedule.js";
import { MINUTE, T0 as START } from "../support/instants.js";
import { specOf } from "../support/schedules.js";

const minute = (n: number) => ({ lower: START + n * MINUTE, upper: START + (n + 1) * MINUTE });
const aSpec = (overrides: Partial<ScheduleSpec> = {}): ScheduleSpec => ({
  ...specOf({ groupId: "orders", trigger: { type: "period", every: 1, unit: "minute" }, startTime: START }),
  ...overrides,
});
const at = (n: number) => START + n * MINUTE;
const asked = (overrides: Partial<ScheduleSpec>, scheduledTime: number) =>
  requestedInterval(new Grid(aSpec(overrides)), START, 0, { scheduledTime }, at(100));

describe("the interval that a scheduler means", () => {
  it("ends at its scheduled time, or began there where runs fire as their interval begins", () => {
    expect(asked({}, at(3))).toMatchObject(minute(2));
    expect(asked({ fireAt: "interval-start" }, at(3))).toMatchObject(minute(3));
  });

  it("is the latest that is due where the scheduled time is between two", () => {
    for (const off of [1, MINUTE - 1]) {
      expect(asked({}, at(3) + off)).toMatchObject(minute(2));
      expect(asked({ fireAt: "interval-start" }, at(3) + off)).toMatchObject(minute(3));
    }
  });

  it("is none before the first is due", () => {
    expect(asked({}, at(1) - 1)).toBeUndefined();
    expect(asked({}, at(1))).toMatchObject(minute(0));
    expect(asked({ fireAt: "interval-start" }, at(0) - 1)).toBeUndefined();
    expect(asked({ fireAt: "interval-start" }, at(0))).toMatchObject(minute(0));
  });

  it("begins with the first nominal time where the schedule does", () => {
    const late: Partial<ScheduleSpec> = { startTime: START + 1, firstInterval: "first-nominal-time" };
    expect(asked(late, at(1))).toBeUndefined();
    expect(asked(late, at(2))).toMatchObject(minute(1));
    expect(asked({ ...late, fireAt: "interval-start" }, at(1))).toMatchObject(minute(1));
  });

  it("is the last one when the schedule has ended", () => {
    expect(asked({ endTime: at(5) }, at(50))).toMatchObject(minute(4));
    expect(asked({ trigger: { type: "once", at: at(5) }, endTime: at(5) }, at(5))).toMatchObject({
      lower: START,
      upper: at(5),
    });
  });

  it("without a scheduled time is the latest whose delay has passed", () => {
    const grid = new Grid(aSpec({ delayMs: 2 * MINUTE }));
    expect(requestedInterval(grid, START, 2 * MINUTE, {}, at(5))).toMatchObject(minute(2));
  });

  it("with boundaries is exactly that one, or what an update has left at the watermark", () => {
    const grid = new Grid(aSpec());
    const between = (lower: number, upper: number, watermark = START) =>
      requestedInterval(grid, watermark, 0, { lowerBoundary: lower, upperBoundary: upper }, at(100));
    expect(between(at(7), at(8))).toMatchObject(minute(7));
    expect(between(at(7) + 5, at(8), at(7) + 5)).toMatchObject({ lower: at(7) + 5, upper: at(8) });
    for (const [lower, upper] of [
      [at(7) + 5, at(8)],
      [at(7), at(9)],
      [at(7), at(8) + 1],
      [at(-1), at(0)],
    ] as const) {
      expect(() => between(lower, upper)).toThrow(expect.objectContaining({ code: "INTERVAL_NOT_ALIGNED" }));
    }
    expect(() => between(at(8), at(8))).toThrow(expect.objectContaining({ code: "INTERVAL_INVALID" }));
  });
});
