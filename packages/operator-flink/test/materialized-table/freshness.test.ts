import { describe, expect, it } from "@jest/globals";
import type { TriggerError } from "@tidegate/core";
import { compileTrigger } from "@tidegate/core/trigger";
import { parseFreshness, refreshModeOfFreshness, triggerOfFreshness } from "../../src/index.js";
import { freshnessMs, freshnessOfCron } from "../../src/materialized-table/freshness.js";

const FACTORS_OF_60 = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30];
const FACTORS_OF_24 = [1, 2, 3, 4, 6, 8, 12];

describe("a freshness", () => {
  it.each([
    ["1 DAY", { interval: 1, unit: "DAY" }],
    ["INTERVAL '1' DAY", { interval: 1, unit: "DAY" }],
    ["interval '30' second", { interval: 30, unit: "SECOND" }],
    [" 2  week ", { interval: 2, unit: "WEEK" }],
  ] as const)("is read from %s", (text, freshness) => {
    expect(parseFreshness(text)).toEqual(freshness);
  });

  it.each([
    ["0 DAY", "The freshness interval currently only supports positive integer type values. But was: 0"],
    ["-1 DAY", "The freshness interval currently only supports positive integer type values. But was: -1"],
    ["1.5 HOUR", "The freshness interval currently only supports positive integer type values. But was: 1.5"],
    [
      "INTERVAL 'x' DAY",
      "The freshness interval currently only supports positive integer type values. But was: x",
    ],
    [
      "2147483648 SECOND",
      "The freshness interval currently only supports positive integer type values. But was: 2147483648",
    ],
    [
      "1 MONTH",
      "Materialized table freshness only supports SECOND, MINUTE, HOUR, DAY, WEEK as the time unit.",
    ],
    ["daily", `must be like "1 DAY" or "INTERVAL '1' DAY", is "daily".`],
  ])("%s is refused in Flink's words", (text, message) => {
    expect(refusalOf(() => parseFreshness(text))).toEqual({
      code: "TRIGGER_INVALID",
      field: "freshness",
      message: `freshness: ${message}`,
    });
  });
});

describe("the trigger of a freshness", () => {
  it.each([
    ...FACTORS_OF_60.map((n) => [`${n} SECOND`, `0/${n} * * * * ? *`] as const),
    ...FACTORS_OF_60.map((n) => [`${n} MINUTE`, `0 0/${n} * * * ? *`] as const),
    ...FACTORS_OF_24.map((n) => [`${n} HOUR`, `0 0 0/${n} * * ? *`] as const),
    ["1 DAY", "0 0 0 * * ? *"] as const,
  ])("of %s is %s, and fires that often", (text, expression) => {
    const spec = triggerOfFreshness(text);
    expect(spec).toEqual({ type: "cron", expression, flavour: "quartz" });
    const trigger = compileTrigger(spec, "UTC");
    const first = trigger.next(Date.UTC(2026, 0, 1))!;
    expect(trigger.next(first)! - first).toBe(freshnessMs(parseFreshness(text)));
    expect(freshnessOfCron(expression)).toEqual(parseFreshness(text));
  });

  it.each([
    ["60 SECOND", "In full refresh mode, freshness must be less than 60 when the time unit is SECOND."],
    ["90 MINUTE", "In full refresh mode, freshness must be less than 60 when the time unit is MINUTE."],
    ["24 HOUR", "In full refresh mode, freshness must be less than 24 when the time unit is HOUR."],
    [
      "7 MINUTE",
      "In full refresh mode, only freshness that are factors of 60 are currently supported when the time unit is MINUTE.",
    ],
    [
      "5 HOUR",
      "In full refresh mode, only freshness that are factors of 24 are currently supported when the time unit is HOUR.",
    ],
    ["2 DAY", "In full refresh mode, freshness must be 1 when the time unit is DAY."],
    ["1 WEEK", "Unknown freshness time unit: WEEK."],
  ])("%s has none, in Flink's words", (text, message) => {
    expect(refusalOf(() => triggerOfFreshness(text)).message).toBe(`freshness: ${message}`);
  });

  it("is not guessed at for other crons", () => {
    for (const cron of [
      "0 0 6 * * ? *",
      "0/7 * * * * ? *",
      "0 0/60 * * * ? *",
      "0 0 0/24 * * ? *",
      "0 0 * * *",
    ]) {
      expect(freshnessOfCron(cron)).toBeUndefined();
    }
  });
});

describe("the refresh mode of a freshness", () => {
  it.each([
    ["29 MINUTE", undefined, "CONTINUOUS"],
    ["30 MINUTE", undefined, "FULL"],
    ["1 DAY", undefined, "FULL"],
    ["20 SECOND", 10_000, "FULL"],
    ["1 HOUR", 86_400_000, "CONTINUOUS"],
  ] as const)("of %s with a threshold of %s ms is %s", (text, thresholdMs, mode) => {
    expect(refreshModeOfFreshness(text, thresholdMs)).toBe(mode);
  });
});

function refusalOf(work: () => unknown): Pick<TriggerError, "code" | "field" | "message"> {
  try {
    work();
  } catch (error) {
    const { code, field, message } = error as TriggerError;
    return { code, field, message };
  }
  throw new Error("It was expected to be refused.");
}
