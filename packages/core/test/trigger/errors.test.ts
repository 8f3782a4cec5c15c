import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { TriggerError } from "../../src/errors/errors.js";
import { compileTrigger } from "../../src/trigger/compile.js";
import { parseCron } from "../../src/trigger/cron/parse.js";
import type { CronFlavour } from "../../src/trigger/trigger-spec.js";
import { timesBetween } from "./support.js";

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
    ["0 0 0 1 1 ? 2030-2025", "quartz", "year", "2030-2025"],
    ["0 0 0 1 1 ? 2026,2030-2025/2", "quartz", "year", "2030-2025"],
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
  it.each([
    "Mars/Olympus",
    "",
    "local",
    "system",
    "__proto__",
    "America/New_York; DROP",
    "UTC+99",
    "UTC-99",
    "UTC+05:99",
    "UTC+00:60",
    "UTC+15",
    "UTC+14:01",
    "UTC-13",
    "UTC+5h",
    "+05:30",
    "+99:99",
  ])("%j is unknown", (zone) => {
    const spec = { type: "period", every: 1, unit: "day" } as const;
    expect(() => compileTrigger(spec, zone)).toThrow(refusal("TIMEZONE_UNKNOWN"));
  });

  it.each([
    ["UTC", 0],
    ["utc+5", 5],
    ["UTC-12", -12],
    ["UTC+14:00", 14],
    ["UTC-0330", -3.5],
    ["UTC+5:45", 5.75],
  ])("%s is a zone of its own, %d hours from UTC", (zone, hours) => {
    const daily = compileTrigger({ type: "period", every: 1, unit: "day" }, zone);
    expect(daily.previous(Date.UTC(2026, 0, 2, 12) - hours * 3_600_000)).toBe(
      Date.UTC(2026, 0, 2) - hours * 3_600_000,
    );
  });

  it("once needs a time or an end", () => {
    expect(() => compileTrigger({ type: "once" }, "UTC")).toThrow(
      expect.objectContaining({ field: "trigger.at" }),
    );
    expect(compileTrigger({ type: "once" }, "UTC", { endTime: 5 }).next(0)).toBe(5);
  });
});

describe("an expression that is nearly right", () => {
  const word = fc.constantFrom(
    ..."* ? L W LW L-3 15W 1 5 9-17 17-9 0 60 7 8 SUN FRI-MON JAN DEC-FEB */5 1/0 0/7 5-5/2 # 6#3 5L - / , 2030 2030-2026 1,1 1,JAN".split(
      " ",
    ),
  );
  const part = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(","));
  const right = fc.constantFrom("*", "1", "5", "1-5", "*/2", "1,1", "2-4,3", "5-2");
  const noisy = fc.tuple(part, fc.string({ maxLength: 2 })).map(([text, noise]) => text + noise);
  const field = fc.oneof({ weight: 6, arbitrary: right }, { weight: 2, arbitrary: part }, noisy);
  const expression = fc
    .tuple(fc.array(field, { minLength: 3, maxLength: 7 }), fc.constantFrom([], ["?"], ["?", "2030"]))
    .map(([parts, end]) => [...parts, ...end].join(" "));
  const flavour = fc.constantFrom<CronFlavour | undefined>("unix", "seconds", "quartz", undefined);

  it("is read, or refused with a code and a field", () => {
    let read = 0;
    fc.assert(
      fc.property(expression, flavour, (text, given) => {
        try {
          const spec = {
            type: "cron",
            expression: text,
            ...(given === undefined ? {} : { flavour: given }),
          } as const;
          const trigger = compileTrigger(spec, "UTC");
          trigger.next(trigger.previous(Date.UTC(2026, 0, 1)) ?? 0);
          read += 1;
        } catch (error) {
          expect(error).toBeInstanceOf(TriggerError);
          expect(error).toMatchObject({
            code: expect.stringMatching(/^TRIGGER_(INVALID|EXHAUSTED)$/),
            field: "trigger.expression",
          });
        }
      }),
      { numRuns: 3_000 },
    );
    expect(read).toBeGreaterThan(0);
  });
});

describe("lists whose parts overlap", () => {
  const DAY = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"] as const;
  const YEAR = ["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"] as const;
  it.each<[string, string, readonly [string, string], CronFlavour]>([
    ["0 9-17,12 * * *", "0 9-17 * * *", DAY, "unix"],
    ["1,1 * * * *", "1 * * * *", DAY, "unix"],
    ["0-30/10,20 * * * *", "0,10,20,30 * * * *", DAY, "unix"],
    ["0 8-10,10-12 * * *", "0 8-12 * * *", DAY, "unix"],
    ["*/15,*/30,45 * * * *", "*/15 * * * *", DAY, "unix"],
    ["5,0-10/5 0 0 * * *", "0,5,10 0 0 * * *", DAY, "seconds"],
    ["0 0 1 1,JAN *", "0 0 1 1 *", YEAR, "unix"],
    ["0 0 1 11-2,1-3 *", "0 0 1 1,2,3,11,12 *", YEAR, "unix"],
    ["0 0 1-5,3,L * *", "0 0 1,2,3,4,5,L * *", YEAR, "unix"],
    ["0 0 * * 1-5,MON,7,0", "0 0 * * 0-5", YEAR, "unix"],
    ["0 0 9-17,12 * * ?", "0 0 9-17 * * ?", DAY, "quartz"],
    ["0 0 0 ? * MON-FRI,3,MON", "0 0 0 ? * 2-6", YEAR, "quartz"],
    ["0 0 0 1 1 ? 2026-2028,2027", "0 0 0 1 1 ? 2026-2028", YEAR, "quartz"],
  ])("%s is %s", (overlapping, plain, [from, to], flavour) => {
    const times = (expression: string) =>
      timesBetween(compileTrigger({ type: "cron", expression, flavour }, "UTC"), from, to);
    expect(times(plain)).not.toEqual([]);
    expect(times(overlapping)).toEqual(times(plain));
  });
});
