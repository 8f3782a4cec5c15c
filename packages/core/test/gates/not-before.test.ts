import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { earliestStart } from "../../src/schedule/not-before.js";
import { parseScheduleInfo } from "../../src/schedule/parse.js";
import { zoneOf } from "../../src/trigger/zone/zone.js";
import { at, DAY, HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly, specOf } from "../support/schedules.js";
import { World } from "../support/world.js";

const BERLIN = zoneOf("Europe/Berlin");

describe("the earliest start of a run", () => {
  it("is so long after the end of its interval", () => {
    expect(earliestStart({ afterMs: 2 * HOUR }, T0, BERLIN)).toBe(T0 + 2 * HOUR);
  });

  it.each([
    ["06:00", undefined, "2026-01-02T00:00:00+01:00", "2026-01-02T06:00:00+01:00"],
    ["06:00:30", 0, "2026-01-02T00:00:00+01:00", "2026-01-02T06:00:30+01:00"],
    ["06:00", 1, "2026-01-02T00:00:00+01:00", "2026-01-03T06:00:00+01:00"],
    ["06:00", 0, "2026-01-02T14:00:00+01:00", "2026-01-02T06:00:00+01:00"],
    ["00:00", 0, "2026-01-01T23:30:00+01:00", "2026-01-01T00:00:00+01:00"],
    ["02:30", 0, "2026-03-29T00:00:00+01:00", "2026-03-29T03:00:00+02:00"],
    ["02:30", 0, "2026-10-25T00:00:00+02:00", "2026-10-25T02:30:00+02:00"],
    ["06:00", 1, "2026-03-28T00:00:00+01:00", "2026-03-29T06:00:00+02:00"],
  ])("at %s, %s days after the day of %s, is %s", (time, days, upper, expected) => {
    const notBefore = days === undefined ? { at: time } : { at: time, days };
    expect(earliestStart(notBefore, at(upper), BERLIN)).toBe(at(expected));
  });

  it("is on the local day of the interval's end, or on the day after where that has no such time", () => {
    const zones = ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: at("2000-01-01T00:00:00Z"), max: at("2037-01-01T00:00:00Z") }),
        fc.nat(1_439),
        (name, upper, minutes) => {
          const zone = zoneOf(name);
          const time = new Date(minutes * MINUTE).toISOString().slice(11, 16);
          const start = zone.toLocal(earliestStart({ at: time }, upper, zone));
          const wanted = Math.floor(zone.toLocal(upper) / DAY) * DAY + minutes * MINUTE;
          expect(start).toBeGreaterThanOrEqual(wanted);
          expect(start - wanted).toBeLessThanOrEqual(name === "Pacific/Apia" ? DAY : 2 * HOUR);
        },
      ),
    );
  });
});

describe("notBefore", () => {
  it("holds a run until its time, and says so", async () => {
    const world = await World.start();
    const trigger = { type: "cron", expression: "0 0 * * *" } as const;
    const startTime = at("2026-01-01T00:00:00+01:00");
    await world.client.register({
      groupId: "orders",
      trigger,
      timezone: "Europe/Berlin",
      startTime,
      notBefore: { at: "06:00" },
    });
    await world.fireAt("orders", startTime + DAY);
    const [run] = await world.runs("orders");
    expect(run).toMatchObject({ state: "PLANNED", place: "gated", plannedAt: startTime + DAY });
    expect((await world.client.explain(run!.id)).reasons).toEqual([
      "It is held by a gate since 2026-01-01T23:00:00.000Z: not before 2026-01-02T06:00:00 Europe/Berlin (notBefore). Asked again by 2026-01-02T05:00:00.000Z.",
    ]);
    await world.advance(6 * HOUR - 1);
    expect(world.operator.submissions).toEqual([]);
    await world.advance(1);
    expect(await world.runs("orders")).toMatchObject([
      { state: "SUCCEEDED", submittedAt: startTime + DAY + 6 * HOUR },
    ]);
  });

  it("lets a run begin at once whose time has passed", async () => {
    const world = await World.start();
    await world.client.register(hourly("orders", { notBefore: { afterMs: HOUR } }));
    await world.fireAt("orders", T0 + 2 * HOUR);
    expect((await world.runs("orders")).map(({ state }) => state)).toEqual(["SUCCEEDED", "PLANNED"]);
    await world.advance(HOUR);
    expect((await world.runs("orders")).map(({ state }) => state)).toEqual(["SUCCEEDED", "SUCCEEDED"]);
  });

  it("moves with an update that planned runs adopt", async () => {
    const world = await World.start();
    await world.client.register(hourly("orders", { notBefore: { afterMs: DAY } }));
    await world.fireAt("orders", T0 + HOUR);
    const earlier = hourly("orders", { notBefore: { afterMs: MINUTE } });
    await world.client.update(earlier, { version: 1, plannedRuns: "adopt" });
    await world.advance(MINUTE);
    expect(await world.runs("orders")).toMatchObject([{ state: "SUCCEEDED", scheduleVersion: 2 }]);
  });

  it("is none unless given, and read back as written", () => {
    expect(specOf(hourly("orders"))).toMatchObject({ notBefore: null, gates: {} });
    const spec = specOf(hourly("orders", { notBefore: { at: "23:59:59", days: 366 } }));
    expect(parseScheduleInfo(spec)).toEqual(spec);
  });

  it.each([
    [{ at: "6:00" }],
    [{ at: "24:00" }],
    [{ at: "06:60" }],
    [{ at: "06:00", days: -1 }],
    [{ at: "06:00", days: 367 }],
    [{ at: "06:00", afterMs: 5 }],
    [{ afterMs: -1 }],
    [{ afterMs: 1.5 }],
    [{}],
    ["06:00"],
    [3_600_000],
  ])("refuses %j", (notBefore) => {
    const info = { ...hourly("orders"), notBefore };
    expect(() => parseScheduleInfo(info)).toThrow(
      expect.objectContaining({ code: "SCHEDULE_INVALID", field: expect.stringMatching(/^notBefore/) }),
    );
  });

  it.each([
    [{ "a b": 1 }],
    [{ door: undefined }],
    [[]],
    [Object.fromEntries(Array.from({ length: 17 }, (_, n) => [n, 1]))],
  ])("refuses gates as %j", (gates) => {
    expect(() => parseScheduleInfo({ ...hourly("orders"), gates })).toThrow(
      expect.objectContaining({ code: "SCHEDULE_INVALID", field: expect.stringMatching(/^gates/) }),
    );
  });
});
