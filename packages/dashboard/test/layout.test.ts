import { describe, expect, it } from "@jest/globals";
import type { CoverageBucket, Run, Schedule } from "@tidegate/core";
import { layoutOf, rowUnitOf } from "../src/app/heat-map/layout.js";
import { bucketAfterKey } from "../src/app/heat-map/selection.js";
import { lanesOf } from "../src/app/pages/overview/lanes-of.js";
import { unitAround } from "../src/app/time/local.js";

const HOUR = 3_600_000;
const BERLIN = "Europe/Berlin";

const bucket = (lower: number, upper: number, intervals: number | null = 1): CoverageBucket => ({
  lower,
  upper,
  condition: "succeeded",
  succeededShare: 1,
  isStale: false,
  isRerunning: false,
  runId: null,
  intervals,
});

const hours = (from: string, count: number) =>
  Array.from({ length: count }, (_, at) =>
    bucket(Date.parse(from) + at * HOUR, Date.parse(from) + (at + 1) * HOUR),
  );

describe("the layout of a heat map", () => {
  it("has a row for each local day, the newest first, with 23 or 25 cells when the clocks change", () => {
    const spring = layoutOf(hours("2026-03-28T00:00:00+01:00", 71), "day", BERLIN);
    expect(spring.rows.map(({ cells }) => cells.length)).toEqual([24, 23, 24]);
    const autumn = layoutOf(hours("2025-10-25T00:00:00+02:00", 73), "day", BERLIN);
    expect(autumn.rows.map(({ cells }) => cells.length)).toEqual([24, 25, 24]);
    expect(autumn.widthMs).toBe(25 * HOUR);
  });

  it("cuts a merged run at the end of each row", () => {
    const from = Date.parse("2026-01-01T12:00:00Z");
    const { rows } = layoutOf([bucket(from, from + 24 * HOUR, 24)], "day", "UTC");
    expect(rows.map(({ cells }) => cells.map(({ from, to }) => [from / HOUR, to / HOUR]))).toEqual([
      [[0, 12]],
      [[12, 24]],
    ]);
    expect(rows.map(({ cells }) => [cells[0]!.isContinued, cells[0]!.continues])).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  it("takes rows that fit the length of the intervals", () => {
    const of = (ms: number, unit: "interval" | "day" = "interval") => rowUnitOf([bucket(0, ms)], unit);
    expect([1_000, 60_000, HOUR, 24 * HOUR, 31 * 24 * HOUR].map((ms) => of(ms))).toEqual([
      "minute",
      "hour",
      "day",
      "month",
      "year",
    ]);
    expect(of(1_000, "day")).toBe("month");
  });
});

describe("the lanes of the overview", () => {
  const schedule = (groupId: string, nextFireAt: number | null): Schedule =>
    ({ spec: { groupId }, nextFireAt }) as Schedule;
  const run = (groupId: string, endedAt: number | null): Run => ({ groupId, submittedAt: 1, endedAt }) as Run;
  const named = (count: number, prefix: string) =>
    Array.from({ length: count }, (_, at) => `${prefix}-${String(at).padStart(2, "0")}`);

  it("are those of the groups that ran last, wherever they stand in the alphabet, by group", () => {
    const idle = named(40, "a").map((groupId, at) => schedule(groupId, at + 1));
    const busy = named(30, "z").map((groupId, at) => run(groupId, at));
    const { lanes, isWhole } = lanesOf([run("m-running", null), ...busy], idle);
    expect(isWhole).toBe(false);
    expect(lanes.map(({ groupId }) => groupId)).toEqual([...named(9, "a"), "m-running", ...named(30, "z")]);
  });

  it("leave out groups that neither ran nor fire, and say so if there are more", () => {
    const { lanes, isWhole } = lanesOf(
      [run("b", 5), run("b", 7)],
      [schedule("b", null), schedule("a", null)],
    );
    expect(lanes).toMatchObject([{ groupId: "b", nextFireAt: null, runs: [{ endedAt: 5 }, { endedAt: 7 }] }]);
    expect(isWhole).toBe(true);
  });
});

describe("local units", () => {
  it("begin at local midnight also where the offset changes on that day", () => {
    const day = unitAround(Date.parse("2026-03-29T10:00:00Z"), "day", BERLIN);
    expect([new Date(day.lower).toISOString(), new Date(day.upper).toISOString()]).toEqual([
      "2026-03-28T23:00:00.000Z",
      "2026-03-29T22:00:00.000Z",
    ]);
    // Cairo sets its clocks forward at midnight: the day begins at one.
    const cairo = unitAround(Date.parse("2026-04-24T10:00:00Z"), "day", "Africa/Cairo");
    expect((cairo.upper - cairo.lower) / HOUR).toBe(23);
  });

  it("are minutes of elapsed time where an offset has seconds", () => {
    const { lower, upper } = unitAround(Date.parse("2026-01-01T00:00:30Z"), "hour", "Asia/Kathmandu");
    expect([new Date(lower).toISOString(), upper - lower]).toEqual(["2025-12-31T23:15:00.000Z", HOUR]);
  });
});

describe("the keys of a heat map", () => {
  const layout = layoutOf(hours("2026-01-01T00:00:00Z", 60), "day", "UTC");

  it("move along time, and between rows to the cell that is nearest", () => {
    expect(bucketAfterKey(layout, 30, "ArrowLeft")).toBe(29);
    expect(bucketAfterKey(layout, 30, "ArrowRight")).toBe(31);
    expect(bucketAfterKey(layout, 30, "ArrowUp")).toBe(54);
    expect(bucketAfterKey(layout, 30, "ArrowDown")).toBe(6);
    expect(bucketAfterKey(layout, 40, "ArrowUp")).toBe(59);
    expect(bucketAfterKey(layout, 30, "Home")).toBe(24);
    expect(bucketAfterKey(layout, 30, "End")).toBe(47);
  });

  it("stop at the ends, and leave other keys alone", () => {
    expect(bucketAfterKey(layout, 0, "ArrowLeft")).toBe(0);
    expect(bucketAfterKey(layout, 59, "ArrowRight")).toBe(59);
    expect(bucketAfterKey(layout, 59, "ArrowUp")).toBe(59);
    expect(bucketAfterKey(layout, 0, "a")).toBeUndefined();
  });
});
