import { describe, expect, it } from "@jest/globals";
import { compileTrigger } from "../../src/trigger/compile.js";
import { parseCron } from "../../src/trigger/cron/parse.js";
import type { CronFlavour } from "../../src/trigger/trigger-spec.js";

const refusal = (code: string, ...parts: string[]) =>
  expect.objectContaining({ code, message: expect.stringMatching(new RegExp(parts.join(".*"))) });

describe("a wrong expression", () => {
  it.each<[string, CronFlavour | undefined, ...string[]]>([
    ["60 * * * *", undefined, "minute", '"60"', "0-59"],
    ["* 24 * * *", undefined, "hour", '"24"', "0-23"],
    ["* * 0 * *", undefined, "day of month", '"0"', "1-31"],
    ["* * * 13 *", undefined, "month", '"13"', "JAN-DEC"],
    ["* * * * 8", undefined, "day of week", '"8"', "0-7"],
    ["* * * * MOO", undefined, "day of week", '"MOO"', "SUN-SAT"],
    ["* * * * __proto__", undefined, "day of week"],
    ["*/0 * * * *", undefined, "minute"],
    ["*/90 * * * *", undefined, "minute"],
    ["1,,2 * * * *", undefined, "minute"],
    ["0 0 0 L-31 * ?", "quartz", "day of month", "L-31"],
    ["0 0 0 32W * ?", "quartz", "day of month", "32W"],
    ["0 0 0 ? * 6#6", "quartz", "day of week", "6#6"],
    ["0 0 0 ? * 0", "quartz", "day of week", "1 is Sunday"],
    ["0 0 0 * * *", "quartz", "exactly one", "\\?"],
    ["0 0 0 * * ? 1969", "quartz", "year", "1970-2099"],
    ["* * * *", undefined, "4 field", "minute hour"],
    ["@daily", "quartz", "1 field"],
    ["@fortnightly", undefined, "1 field"],
    ["", undefined, "field"],
  ])("%j in %s names the field and what is allowed", (expression, flavour, ...parts) => {
    const parse = () => parseCron(flavour === undefined ? { expression } : { expression, flavour });
    expect(parse).toThrow(refusal("TRIGGER_INVALID", ...parts));
    expect(parse).toThrow(expect.objectContaining({ field: "trigger.expression" }));
  });

  it("is refused before it is read when it is long, and not echoed", () => {
    const expression = "9".repeat(10_000_000);
    const message = expect.not.stringContaining("9".repeat(100));
    expect(() => parseCron({ expression })).toThrow(
      expect.objectContaining({ code: "TRIGGER_INVALID", message }),
    );
  });

  it("that no day matches is exhausted at once, and years that have passed are merely over", () => {
    expect(() => compileTrigger({ type: "cron", expression: "0 0 30 2 *" }, "UTC")).toThrow(
      refusal("TRIGGER_EXHAUSTED"),
    );
    const over = compileTrigger({ type: "cron", expression: "0 0 0 1 1 ? 2024" }, "UTC");
    expect(over.next(Date.UTC(2026, 0, 1))).toBeUndefined();
    expect(over.previous(Date.UTC(2026, 0, 1))).toBe(Date.UTC(2024, 0, 1));
  });
});

describe("a wrong zone or time", () => {
  it.each(["Mars/Olympus", "", "local", "system", "__proto__", "America/New_York; DROP"])(
    "%j is unknown",
    (zone) => {
      const spec = { type: "period", every: 1, unit: "day" } as const;
      expect(() => compileTrigger(spec, zone)).toThrow(refusal("TIMEZONE_UNKNOWN"));
    },
  );

  it("once needs a time or an end", () => {
    expect(() => compileTrigger({ type: "once" }, "UTC")).toThrow(
      expect.objectContaining({ field: "trigger.at" }),
    );
    expect(compileTrigger({ type: "once" }, "UTC", { endTime: 5 }).next(0)).toBe(5);
  });
});
