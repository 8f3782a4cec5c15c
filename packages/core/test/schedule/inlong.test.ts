import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { fromInlong, type InlongScheduleInfo, toInlong } from "../../src/schedule/inlong.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { at, DAY, HOUR, MINUTE } from "../support/instants.js";
import { gridOf, intervalsOf, specOf } from "../support/schedules.js";

interface WindowCase {
  readonly name: string;
  readonly kind: "cycle" | "cron";
  readonly unit?: string;
  readonly interval?: number;
  readonly cron?: string;
  readonly timezone: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly totalFirings: number;
  readonly firings: readonly (readonly [number, number])[];
}

const { cases, cronValidity } = JSON.parse(
  readFileSync(new URL("../cases/inlong-windows.json", import.meta.url), "utf8"),
) as { cases: WindowCase[]; cronValidity: { cron: string; valid: boolean }[] };

const START = at("2025-01-31T00:00Z");

const monthly: InlongScheduleInfo = {
  inlongGroupId: "orders",
  scheduleType: 0,
  scheduleUnit: "M",
  scheduleInterval: 1,
  startTime: START,
  endTime: START + 365 * DAY,
};
const daily: InlongScheduleInfo = {
  ...monthly,
  scheduleUnit: "D",
  scheduleEngine: "Quartz",
  delayTime: 15,
  selfDepend: 2,
  taskParallelism: 4,
};
const cron: InlongScheduleInfo = {
  inlongGroupId: "orders",
  scheduleType: 1,
  crontabExpression: "0 0 3 * * ?",
  startTime: START,
  endTime: START + 10 * DAY,
};
const inlong = { semantics: "inlong", timezone: "UTC" } as const;
const tidegate = { semantics: "tidegate", timezone: "UTC" } as const;

const asJson = (windows: WindowCase): InlongScheduleInfo => ({
  inlongGroupId: windows.name,
  scheduleType: windows.kind === "cron" ? 1 : 0,
  ...(windows.unit === undefined ? {} : { scheduleUnit: windows.unit }),
  ...(windows.interval === undefined ? {} : { scheduleInterval: windows.interval }),
  ...(windows.cron === undefined ? {} : { crontabExpression: windows.cron }),
  startTime: windows.startMs,
  endTime: windows.endMs,
});

describe("with InLong's semantics, the windows are those that InLong's Quartz sends", () => {
  it.each(cases.map((windows) => [windows.name, windows] as const))("%s", (_, windows) => {
    const info = fromInlong(asJson(windows), { semantics: "inlong", timezone: windows.timezone });
    const intervals = intervalsOf(gridOf(info, windows.startMs), 10_000);
    expect(intervals.slice(0, 16).map(({ lower, upper }) => [lower, upper])).toEqual(windows.firings);
    expect(intervals).toHaveLength(windows.totalFirings);
    expect(intervals.map(({ scheduledTime }) => scheduledTime)).toEqual(intervals.map(({ lower }) => lower));
  });

  it.each(cronValidity)("$cron is valid: $valid", ({ cron: crontabExpression, valid }) => {
    const read = () =>
      gridOf(fromInlong({ ...cron, crontabExpression, endTime: START + 400 * DAY }, inlong), START);
    if (valid) expect(intervalsOf(read(), 1)).toHaveLength(1);
    else expect(read).toThrow(expect.objectContaining({ code: "TRIGGER_INVALID" }));
  });
});

describe("with Tidegate's semantics", () => {
  it("a month is a month, where InLong's has 30 days", () => {
    const days = (info: ScheduleInfo) =>
      intervalsOf(gridOf(info), 3).map(({ lower, upper }) => (upper - lower) / DAY);
    expect(days(fromInlong(monthly, tidegate))).toEqual([28, 31, 30]);
    expect(days(fromInlong(monthly, inlong))).toEqual([30, 30, 30]);
  });

  it("a job runs when its interval is over", () => {
    const [first] = intervalsOf(gridOf(fromInlong(cron, tidegate)), 1);
    expect(first).toEqual({ lower: START, upper: START + 3 * HOUR, scheduledTime: START + 3 * HOUR });
  });

  it("a schedule that ends on a nominal time has no empty interval", () => {
    const info = fromInlong({ ...cron, endTime: START + 27 * HOUR }, tidegate);
    expect(intervalsOf(gridOf(info)).map(({ lower, upper }) => (upper - lower) / HOUR)).toEqual([3, 24]);
  });
});

describe("InLong's fields", () => {
  it("are read: engine, delay in minutes, parallelism", () => {
    expect(fromInlong(daily, { ...tidegate, operator: "http", job: { table: "t" } })).toMatchObject({
      groupId: "orders",
      engine: "quartz",
      operator: "http",
      job: { table: "t" },
      delayMs: 15 * MINUTE,
      overlap: "allow",
      maxActiveRuns: 4,
    });
    expect(fromInlong({ ...daily, selfDepend: 0 }, tidegate).overlap).toBe("queue");
    expect(fromInlong({ ...daily, selfDepend: 0 }, tidegate).dependsOnPast).toBeUndefined();
    const afterItself = fromInlong({ ...daily, selfDepend: 1 }, tidegate);
    expect(afterItself).toMatchObject({ overlap: "queue", dependsOnPast: true });
    expect(toInlong(specOf(afterItself)).selfDepend).toBe(1);
  });

  it("name no engine with None, and give way to the caller's", () => {
    expect(fromInlong({ ...daily, scheduleEngine: "None" }, tidegate)).not.toHaveProperty("engine");
    expect(fromInlong(daily, { ...tidegate, engine: "airflow" }).engine).toBe("airflow");
  });

  it("have none for positions, which the caller gives; the end time then makes no interval of its own", () => {
    const source = { type: "kafka", topic: "orders" };
    expect(fromInlong(cron, { ...inlong, offsets: { source, startAt: "earliest" } })).toMatchObject({
      boundaryType: "OFFSET",
      source,
      startAt: "earliest",
      endRule: "exclusive",
      firstInterval: "first-nominal-time",
    });
    expect(fromInlong(cron, inlong)).not.toHaveProperty("boundaryType");
  });

  it("take units in either case, and null for absent", () => {
    expect(fromInlong({ ...monthly, scheduleUnit: "i", scheduleInterval: null }, tidegate).trigger).toEqual({
      type: "period",
      every: 1,
      unit: "minute",
    });
  });

  it.each<[string, InlongScheduleInfo]>([
    ["a period", daily],
    ["a cron", { ...cron, scheduleEngine: "quartz", delayTime: 0, selfDepend: 0, taskParallelism: 1 }],
    [
      "one round",
      {
        ...daily,
        scheduleUnit: "O",
        scheduleInterval: 1,
        scheduleEngine: "quartz",
        selfDepend: 0,
        taskParallelism: 1,
      },
    ],
  ])("come back as they were: %s", (_, info) => {
    for (const options of [inlong, tidegate]) {
      const back = toInlong(specOf(fromInlong(info, options)), 7);
      expect(back).toEqual({ ...info, scheduleEngine: info.scheduleEngine?.toLowerCase(), version: 7 });
    }
  });

  it.each<[string, string, Record<string, unknown>]>([
    ["inlongGroupId", "no group", { inlongGroupId: "" }],
    ["scheduleType", "an unknown type", { scheduleType: 2 }],
    ["startTime", "a start as text", { startTime: "2025-01-01" }],
    ["endTime", "no end", { endTime: undefined }],
    ["scheduleUnit", "an unknown unit", { scheduleUnit: "Q" }],
    ["scheduleUnit", "a unit that is a key of every object", { scheduleUnit: "constructor" }],
    ["scheduleInterval", "an interval of zero", { scheduleInterval: 0 }],
    ["scheduleInterval", "half an interval", { scheduleInterval: 0.5 }],
    ["delayTime", "a delay below zero", { delayTime: -1 }],
    ["selfDepend", "an unknown dependence", { selfDepend: 3 }],
    ["taskParallelism", "no parallelism", { taskParallelism: 0 }],
    ["crontabExpression", "no expression", { scheduleType: 1, crontabExpression: null }],
  ])("are refused by InLong's name: %s (%s)", (field, _, change) => {
    expect(() => fromInlong({ ...monthly, ...change }, inlong)).toThrow(
      expect.objectContaining({ code: "SCHEDULE_INVALID", field, message: expect.stringContaining(field) }),
    );
  });

  it("have no room for a schedule without an end", () => {
    const spec = specOf({ groupId: "g", trigger: { type: "cron", expression: "0 * * * *" } });
    expect(() => toInlong(spec)).toThrow(
      expect.objectContaining({ code: "SCHEDULE_INVALID", field: "endTime" }),
    );
  });
});
