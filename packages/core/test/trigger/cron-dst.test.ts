import { describe, expect, it } from "@jest/globals";
import { compileTrigger } from "../../src/trigger/compile.js";
import { dstNotes } from "../../src/trigger/dst-notes.js";
import type { CronTriggerSpec } from "../../src/trigger/trigger-spec.js";
import { timesBetween } from "./support.js";

const NEW_YORK = "America/New_York";
const cron = (expression: string, rest: Partial<CronTriggerSpec> = {}): CronTriggerSpec => ({
  type: "cron",
  expression,
  ...rest,
});
const times = (spec: CronTriggerSpec, zone: string, from: string, to: string) =>
  timesBetween(compileTrigger(spec, zone), from, to);

describe("a time of day that does not exist", () => {
  const gap = ["2026-03-08T00:00Z", "2026-03-09T12:00Z"] as const;

  it("is shifted to the first instant after the gap", () => {
    expect(times(cron("30 2 * * *"), NEW_YORK, ...gap)).toEqual(["2026-03-08T07:00Z", "2026-03-09T06:30Z"]);
  });

  it("is skipped where the policy says so, and in the quartz preset", () => {
    expect(times(cron("30 2 * * *", { dst: { gap: "skip" } }), NEW_YORK, ...gap)).toEqual([
      "2026-03-09T06:30Z",
    ]);
    expect(times(cron("30 2 * * *", { dst: "quartz" }), NEW_YORK, ...gap)).toEqual(["2026-03-09T06:30Z"]);
  });

  it("stands in once for all that the gap holds, and merges with a time that is there anyway", () => {
    expect(times(cron("0,30 2,3 * * *"), NEW_YORK, "2026-03-08T00:00Z", "2026-03-08T12:00Z")).toEqual([
      "2026-03-08T07:00Z",
      "2026-03-08T07:30Z",
    ]);
  });

  it("keeps a day whose midnight does not exist", () => {
    expect(times(cron("0 0 * * *"), "Asia/Beirut", "2026-03-28T00:00Z", "2026-03-30T12:00Z")).toEqual([
      "2026-03-28T22:00Z",
      "2026-03-29T21:00Z",
    ]);
  });

  it("is shifted by half an hour where the clocks are", () => {
    expect(
      times(cron("15 2 * * *"), "Australia/Lord_Howe", "2026-10-03T00:00Z", "2026-10-04T00:00Z"),
    ).toEqual(["2026-10-03T15:30Z"]);
  });

  it("falls together with the next day's where a whole day is missing", () => {
    expect(times(cron("0 0 * * *"), "Pacific/Apia", "2011-12-28T00:00Z", "2012-01-01T00:00Z")).toEqual([
      "2011-12-28T10:00Z",
      "2011-12-29T10:00Z",
      "2011-12-30T10:00Z",
      "2011-12-31T10:00Z",
    ]);
  });
});

describe("a time that clocks have skipped each year since a law was made", () => {
  const law = cron("0 30 2 ? 3 1#2", { flavour: "quartz", dst: { gap: "skip" } });
  const last = Date.parse("2006-03-12T07:30Z");

  it.each(["2007-01-01T00:00Z", "2026-01-01T00:00Z", "9000-01-01T00:00Z", "+200000-01-01T00:00:00Z"])(
    "never comes again, seen from %s, and came last before it",
    (instant) => {
      const trigger = compileTrigger(law, NEW_YORK);
      expect(trigger.next(Date.parse(instant))).toBeUndefined();
      expect(trigger.previous(Date.parse(instant))).toBe(last);
      expect(trigger.count(last, Date.parse("9000-01-01T00:00Z"))).toBe(0);
    },
  );

  it("is found where the law was another one", () => {
    expect(times(law, NEW_YORK, "2004-01-01T00:00Z", "2007-01-01T00:00Z")).toHaveLength(3);
    expect(times({ ...law, dst: {} }, NEW_YORK, "2026-01-01T00:00Z", "2027-01-01T00:00Z")).toEqual([
      "2026-03-08T07:00Z",
    ]);
  });
});

describe("a time of day that comes twice", () => {
  const fold = ["2026-11-01T00:00Z", "2026-11-01T12:00Z"] as const;
  it.each([
    [{}, ["2026-11-01T05:30Z"]],
    [{ dst: { fold: "last" } }, ["2026-11-01T06:30Z"]],
    [{ dst: { fold: "both" } }, ["2026-11-01T05:30Z", "2026-11-01T06:30Z"]],
    [{ dst: "quartz" }, ["2026-11-01T06:30Z"]],
  ] as const)("with %j is taken at %j", (rest, expected) => {
    expect(times(cron("30 1 * * *", rest as Partial<CronTriggerSpec>), NEW_YORK, ...fold)).toEqual(expected);
  });
});

describe("an expression that goes by elapsed time", () => {
  it("has nothing stand in for the gap and counts both passes of the fold", () => {
    expect(times(cron("0 * * * *"), NEW_YORK, "2026-03-08T05:00Z", "2026-03-08T09:00Z")).toHaveLength(4);
    expect(times(cron("0 * * * *"), NEW_YORK, "2026-11-01T04:00Z", "2026-11-01T08:00Z")).toHaveLength(4);
    expect(times(cron("0 */2 * * *"), NEW_YORK, "2026-03-08T05:00Z", "2026-03-08T12:00Z")).toEqual([
      "2026-03-08T05:00Z",
      "2026-03-08T08:00Z",
      "2026-03-08T10:00Z",
    ]);
    expect(times(cron("*/30 1-2 * * *"), NEW_YORK, "2026-11-01T04:00Z", "2026-11-01T12:00Z")).toHaveLength(6);
  });

  it("drops an hour in the quartz preset, as Quartz does", () => {
    const hourly = cron("0 0 * * * ?", { dst: "quartz" });
    expect(times(hourly, NEW_YORK, "2026-11-01T04:00Z", "2026-11-01T08:00Z")).toEqual([
      "2026-11-01T04:00Z",
      "2026-11-01T06:00Z",
      "2026-11-01T07:00Z",
    ]);
  });
});

describe("day fields", () => {
  it("widen each other when both are lists, and narrow when one begins with a wildcard", () => {
    const from = "2026-02-01T00:00Z";
    const to = "2026-03-01T00:00Z";
    expect(times(cron("0 0 13 * 5"), "UTC", from, to)).toEqual([
      "2026-02-06T00:00Z",
      "2026-02-13T00:00Z",
      "2026-02-20T00:00Z",
      "2026-02-27T00:00Z",
    ]);
    expect(times(cron("0 0 */13 * 5"), "UTC", from, to)).toEqual(["2026-02-27T00:00Z"]);
  });

  it("know the last, the nearest weekday and the n-th", () => {
    const year = ["2026-01-01T00:00Z", "2026-05-01T00:00Z"] as const;
    expect(times(cron("0 0 0 LW * ?"), "UTC", ...year)).toEqual([
      "2026-01-30T00:00Z",
      "2026-02-27T00:00Z",
      "2026-03-31T00:00Z",
      "2026-04-30T00:00Z",
    ]);
    expect(times(cron("0 0 0 1W * ?"), "UTC", ...year)).toEqual([
      "2026-01-01T00:00Z",
      "2026-02-02T00:00Z",
      "2026-03-02T00:00Z",
      "2026-04-01T00:00Z",
    ]);
    expect(times(cron("0 0 0 ? * 6#5"), "UTC", ...year)).toEqual(["2026-01-30T00:00Z"]);
    expect(times(cron("0 0 0 ? * 6L"), "UTC", ...year)).toHaveLength(4);
  });
});

describe("notes on daylight saving", () => {
  const year = [Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1)] as const;

  it("say what happens to this trigger on each day", () => {
    expect(
      dstNotes(cron("30 2 * * *"), NEW_YORK, ...year).map(
        ({ localDate, effect }) => `${localDate} ${effect}`,
      ),
    ).toEqual(["2026-03-08 02:30 does not exist; it runs at 03:00 instead."]);
    expect(
      dstNotes(cron("30 1 * * *"), NEW_YORK, ...year).map(
        ({ localDate, effect }) => `${localDate} ${effect}`,
      ),
    ).toEqual(["2026-11-01 01:30 comes twice; the first is taken."]);
  });

  it("are none where nothing differs", () => {
    expect(dstNotes(cron("30 12 * * *"), NEW_YORK, ...year)).toEqual([]);
    expect(dstNotes(cron("30 2 * * *"), "Asia/Shanghai", ...year)).toEqual([]);
    expect(dstNotes({ type: "period", every: 1, unit: "hour" }, NEW_YORK, ...year)).toEqual([]);
  });
});
