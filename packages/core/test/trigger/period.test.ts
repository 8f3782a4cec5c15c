import { describe, expect, it } from "@jest/globals";
import { compileTrigger } from "../../src/trigger/compile.js";
import type { TriggerSpec } from "../../src/trigger/trigger-spec.js";
import { timesBetween } from "./support.js";

const at = (text: string) => Date.parse(text);

describe("periods", () => {
  it("of hours and shorter go by elapsed time from their anchor, and before it", () => {
    const trigger = compileTrigger(
      { type: "period", every: 90, unit: "minute", anchor: at("2026-01-01T00:10Z") },
      "UTC",
    );
    expect(timesBetween(trigger, "2025-12-31T22:00Z", "2026-01-01T03:20Z")).toEqual([
      "2025-12-31T22:40Z",
      "2026-01-01T00:10Z",
      "2026-01-01T01:40Z",
      "2026-01-01T03:10Z",
    ]);
  });

  it("of days keep their time of day, so that a day has 23 or 25 hours", () => {
    const trigger = compileTrigger({ type: "period", every: 1, unit: "day" }, "America/New_York");
    expect(timesBetween(trigger, "2026-03-07T00:00Z", "2026-03-10T00:00Z")).toEqual([
      "2026-03-07T05:00Z",
      "2026-03-08T05:00Z",
      "2026-03-09T04:00Z",
    ]);
  });

  it("of weeks begin on Monday by default", () => {
    const trigger = compileTrigger({ type: "period", every: 1, unit: "week" }, "Europe/London");
    expect(timesBetween(trigger, "2026-03-20T00:00Z", "2026-04-01T00:00Z")).toEqual([
      "2026-03-23T00:00Z",
      "2026-03-29T23:00Z",
    ]);
  });

  it("of months count from the anchor's day, the last of a shorter month", () => {
    const trigger = compileTrigger(
      { type: "period", every: 1, unit: "month", anchor: at("2026-01-31T06:00Z") },
      "UTC",
    );
    expect(timesBetween(trigger, "2026-01-01T00:00Z", "2026-06-01T00:00Z")).toEqual([
      "2026-01-31T06:00Z",
      "2026-02-28T06:00Z",
      "2026-03-31T06:00Z",
      "2026-04-30T06:00Z",
      "2026-05-31T06:00Z",
    ]);
  });

  it("of years keep 29 February where there is one", () => {
    const trigger = compileTrigger(
      { type: "period", every: 2, unit: "year", anchor: at("2024-02-29T00:00Z") },
      "UTC",
    );
    expect(timesBetween(trigger, "2024-01-01T00:00Z", "2030-01-01T00:00Z")).toEqual([
      "2024-02-29T00:00Z",
      "2026-02-28T00:00Z",
      "2028-02-29T00:00Z",
    ]);
  });

  it("of fixed length are InLong's: a month has 30 days", () => {
    const trigger = compileTrigger(
      { type: "period", every: 1, unit: "month", anchor: at("2026-01-31T00:00Z"), length: "fixed" },
      "America/New_York",
    );
    expect(timesBetween(trigger, "2026-01-31T00:00Z", "2026-04-02T00:00Z")).toEqual([
      "2026-01-31T00:00Z",
      "2026-03-02T00:00Z",
      "2026-04-01T00:00Z",
    ]);
  });

  it("shift a time that falls in a gap, and take the first of two", () => {
    const trigger = compileTrigger(
      { type: "period", every: 1, unit: "day", anchor: at("2026-01-01T07:30Z") },
      "America/New_York",
    );
    expect(timesBetween(trigger, "2026-03-08T00:00Z", "2026-03-09T12:00Z")).toEqual([
      "2026-03-08T07:00Z",
      "2026-03-09T06:30Z",
    ]);
  });
});

describe("the days of a zone that has skipped one", () => {
  it.each([
    ["Pacific/Apia", "2011-12-25T00:00Z", "2012-01-05T00:00Z", 11],
    ["Pacific/Fakaofo", "2011-12-25T00:00Z", "2012-01-05T00:00Z", 11],
    ["Pacific/Kiritimati", "1994-12-25T00:00Z", "1995-01-05T00:00Z", 11],
    ["Pacific/Kwajalein", "1993-08-15T00:00Z", "1993-08-26T00:00Z", 11],
    ["Asia/Manila", "1844-12-25T00:00Z", "1845-01-05T00:00Z", 11],
  ])("%s are counted as they are listed", (zone, from, to, days) => {
    const trigger = compileTrigger({ type: "period", every: 1, unit: "day" }, zone);
    expect(timesBetween(trigger, from, to)).toHaveLength(days);
    expect(trigger.count(at(from), at(to))).toBe(days);
  });
});

describe("periods without an anchor", () => {
  const REFERENCE = at("2026-03-01T12:00Z");
  const NAMES = [...Intl.supportedValuesOf("timeZone"), "UTC", "UTC+5:45"];
  const localTime = (zone: string, instant: number): string =>
    zone.startsWith("UTC+")
      ? new Date(instant + 345 * 60_000).toISOString().slice(11, 19)
      : new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "medium" }).format(instant);

  it("are on the hour in every zone, whatever its offset was in 1970", () => {
    const hourly = { type: "period", every: 1, unit: "hour" } as const;
    const off = NAMES.filter((zone) => {
      const trigger = compileTrigger(hourly, zone, { startTime: REFERENCE });
      return !localTime(zone, trigger.previous(REFERENCE + 1)!).endsWith(":00:00");
    });
    expect(off).toEqual([]);
  });

  it.each(["hour", "day"] as const)("that divide the day have one at midnight: of a fixed %s", (unit) => {
    const every = unit === "hour" ? 6 : 1;
    const off = NAMES.filter((zone) => {
      const trigger = compileTrigger({ type: "period", every, unit, length: "fixed" }, zone, {
        startTime: REFERENCE,
      });
      const day = timesBetween(trigger, "2026-03-01T12:00Z", "2026-03-02T12:00Z");
      return !day.some((time) => localTime(zone, at(time)) === "00:00:00");
    });
    expect(off).toEqual([]);
  });

  it("of days and longer begin at midnight in every zone", () => {
    for (const unit of ["day", "week", "month", "year"] as const) {
      const off = NAMES.filter((zone) => {
        const trigger = compileTrigger({ type: "period", every: 1, unit }, zone);
        return localTime(zone, trigger.previous(at("2026-02-15T12:00Z"))!) !== "00:00:00";
      });
      expect(off).toEqual([]);
    }
  });
});

describe("the end of all dates", () => {
  it.each<TriggerSpec>([
    { type: "period", every: 1_000_000, unit: "hour" },
    { type: "period", every: 1_000, unit: "day", anchor: at("2026-01-01T00:00Z") },
    { type: "period", every: 1_000_000, unit: "year", anchor: at("2026-01-01T00:00Z") },
    { type: "period", every: 7, unit: "month" },
    { type: "period", every: 1_000_000, unit: "year", length: "fixed" },
    { type: "cron", expression: "0 0 29 2 *" },
  ])("%j has no time beyond it", (spec) => {
    const trigger = compileTrigger(spec, "America/New_York");
    expect(trigger.next(8_640_000_000_000_000)).toBeUndefined();
    expect(trigger.previous(-8_640_000_000_000_000)).toBeUndefined();
    const last = trigger.previous(8_640_000_000_000_000);
    expect(last === undefined ? undefined : trigger.next(last - 1)).toBe(last);
  });
});
