import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { Grid } from "../../src/schedule/grid.js";
import { fromInlong, toInlong } from "../../src/schedule/inlong.js";
import { normalizeSchedule } from "../../src/schedule/normalize.js";
import { parseScheduleInfo } from "../../src/schedule/parse.js";

interface InlongCase {
  name: string;
  kind: "cycle" | "cron";
  unit?: string;
  interval?: number;
  cron?: string;
  timezone: string;
  startMs: number;
  endMs: number;
  totalFirings: number;
  firings: [number, number][];
}

const { cases } = JSON.parse(
  readFileSync(new URL("../cases/inlong-windows.json", import.meta.url), "utf8"),
) as {
  cases: InlongCase[];
};
const defaults = { engine: "manual", operator: "scripted", now: 0 };

const inlongOf = (given: InlongCase) => ({
  inlongGroupId: given.name,
  scheduleType: given.kind === "cron" ? 1 : 0,
  scheduleUnit: given.unit ?? null,
  scheduleInterval: given.interval ?? null,
  crontabExpression: given.cron ?? null,
  startTime: given.startMs,
  endTime: given.endMs,
});

function specOf(given: InlongCase, semantics: "inlong" | "tidegate") {
  const info = fromInlong(inlongOf(given), { semantics, timezone: given.timezone });
  return normalizeSchedule(parseScheduleInfo(info), defaults);
}

function windows(grid: Grid): [number, number][] {
  const found: [number, number][] = [];
  let lower = grid.origin();
  while (lower !== undefined) {
    const interval = grid.next(lower);
    if (interval === undefined) break;
    found.push([interval.lower, interval.upper]);
    if (interval.lower === interval.upper) break;
    lower = interval.upper;
  }
  return found;
}

describe("InLong's schedules with InLong's semantics", () => {
  it.each(cases)("$name has the windows that InLong sends", (given) => {
    const found = windows(new Grid(specOf(given, "inlong")));
    expect(found.slice(0, 16)).toEqual(given.firings);
    expect(found).toHaveLength(given.totalFirings);
  });
});

describe("InLong's schedules with our semantics", () => {
  it("know months and run when the interval is over", () => {
    const year = cases.find(({ name }) => name === "year-is-365-days")!;
    const spec = specOf(year, "tidegate");
    expect(spec.fireAt).toBe("interval-end");
    expect(windows(new Grid(spec))[0]).toEqual([Date.UTC(2024, 0, 1), Date.UTC(2025, 0, 1)]);
  });

  it("can be written again", () => {
    for (const given of cases) {
      const again = toInlong(specOf(given, "tidegate"));
      expect(again).toMatchObject({
        inlongGroupId: given.name,
        scheduleType: given.kind === "cron" ? 1 : 0,
        startTime: given.startMs,
        endTime: given.endMs,
      });
      if (given.kind === "cron") expect(again.crontabExpression).toBe(given.cron);
    }
  });
});

describe("wrong InLong schedules", () => {
  const sound = inlongOf(cases[0]!);
  it.each([
    ["scheduleUnit", { scheduleUnit: "Q" }],
    ["scheduleUnit", { scheduleUnit: "__proto__" }],
    ["scheduleInterval", { scheduleInterval: 0 }],
    ["scheduleType", { scheduleType: 7 }],
    ["crontabExpression", { scheduleType: 1, crontabExpression: null }],
    ["startTime", { startTime: "soon" }],
  ])("are refused with InLong's name of the field: %s", (field, change) => {
    const read = () => fromInlong({ ...sound, ...change }, { semantics: "inlong", timezone: "UTC" });
    expect(read).toThrow(expect.objectContaining({ code: "SCHEDULE_INVALID", field }));
  });
});
