import { describe, expect, it } from "@jest/globals";
import { CronExpressionParser } from "cron-parser";
import fc from "fast-check";
import { compileTrigger } from "../../src/trigger/compile.js";
import type { DstPolicy, TriggerSpec } from "../../src/trigger/trigger-spec.js";
import { zoneOf } from "../../src/trigger/zone/zone.js";
import { ZONES } from "./support.js";

const DAY_MS = 86_400_000;

/** Instants around the days on which clocks change, and anywhere. */
const instant = fc.oneof(
  fc.integer({ min: Date.UTC(1975, 0, 1), max: Date.UTC(2090, 0, 1) }),
  fc
    .constantFrom(
      Date.UTC(2026, 2, 8),
      Date.UTC(2026, 10, 1),
      Date.UTC(2026, 2, 29),
      Date.UTC(2026, 9, 25),
      Date.UTC(2026, 3, 5),
      Date.UTC(2026, 9, 4),
      Date.UTC(2011, 11, 30),
    )
    .chain((day) => fc.integer({ min: day - 2 * DAY_MS, max: day + 2 * DAY_MS })),
);

const field = (min: number, max: number) =>
  fc.oneof(
    fc.constant("*"),
    fc.integer({ min, max }).map(String),
    fc
      .uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 })
      .map((values) => values.join(",")),
    fc.integer({ min: 2, max: Math.max(2, Math.floor((max - min) / 2)) }).map((step) => `*/${step}`),
    fc
      .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
      .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
  );

const expression = fc
  .tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6))
  .map((fields) => fields.join(" "));

const dst: fc.Arbitrary<DstPolicy | "quartz"> = fc.oneof(
  fc.constant("quartz" as const),
  fc.record({
    gap: fc.constantFrom("shift", "skip"),
    fold: fc.constantFrom("first", "last", "both"),
  }) as fc.Arbitrary<DstPolicy>,
);

const spec: fc.Arbitrary<TriggerSpec> = fc.oneof(
  fc.record({ type: fc.constant("cron" as const), expression, dst }),
  fc.record({
    type: fc.constant("period" as const),
    every: fc.integer({ min: 1, max: 40 }),
    unit: fc.constantFrom("second", "minute", "hour", "day", "week", "month", "year"),
    anchor: instant,
    length: fc.constantFrom("calendar", "fixed"),
  }),
) as fc.Arbitrary<TriggerSpec>;

describe("every trigger, in every zone", () => {
  it("has a next and a previous that are inverse and strictly monotonic", () => {
    fc.assert(
      fc.property(spec, fc.constantFrom(...ZONES), instant, (given, zone, from) => {
        const trigger = compileTrigger(given, zone);
        let time = trigger.next(from);
        for (let step = 0; step < 20 && time !== undefined; step += 1) {
          expect(time).toBeGreaterThan(step === 0 ? from : Number.NEGATIVE_INFINITY);
          expect(trigger.previous(time + 1)).toBe(time);
          const following = trigger.next(time);
          if (following === undefined) return;
          expect(following).toBeGreaterThan(time);
          expect(trigger.previous(following)).toBe(time);
          expect(trigger.next(following - 1)).toBe(following);
          time = following;
        }
      }),
      { numRuns: 400 },
    );
  });

  it("cuts years into intervals that tile", () => {
    const from = Date.UTC(2025, 0, 1);
    const to = Date.UTC(2029, 0, 1);
    for (const zone of ZONES) {
      for (const expressionOf of ["30 2 * * *", "0 * * * *", "0 0 * * *", "30 1 * * 0", "15 */3 * * *"]) {
        const trigger = compileTrigger({ type: "cron", expression: expressionOf }, zone);
        let covered = 0;
        let lower = from;
        for (
          let upper = trigger.next(from);
          upper !== undefined && upper <= to;
          upper = trigger.next(upper)
        ) {
          if (upper <= lower) throw new Error(`${expressionOf} in ${zone} goes back at ${lower}`);
          covered += upper - lower;
          lower = upper;
        }
        expect(covered).toBe(lower - from);
        expect(to - lower).toBeLessThan(8 * DAY_MS);
      }
    }
  });
});

describe("cron in UTC", () => {
  it("agrees with cron-parser", () => {
    fc.assert(
      fc.property(expression, instant, (text, from) => {
        const [, , dayOfMonth, , dayOfWeek] = text.split(" ");
        // The two differ where one day field is a step: there a wildcard narrows here, as in Vixie's cron.
        fc.pre(
          !(dayOfMonth!.startsWith("*/") || dayOfWeek!.startsWith("*/")) ||
            dayOfMonth === "*" ||
            dayOfWeek === "*",
        );
        const parser = CronExpressionParser.parse(text, { tz: "UTC", currentDate: new Date(from) });
        const trigger = compileTrigger({ type: "cron", expression: text }, "UTC");
        let time = from;
        for (let step = 0; step < 5; step += 1) {
          time = trigger.next(time)!;
          expect(new Date(time).toISOString()).toBe(parser.next().toDate().toISOString());
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("a zone's table", () => {
  it.each(ZONES)("%s agrees with the time zone database at every hour of forty years", (name) => {
    const zone = zoneOf(name);
    const format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
    const offsetOf = (at: number): number => {
      const text = format.formatToParts(at).find(({ type }) => type === "timeZoneName")!.value;
      const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?/.exec(text)!;
      const ms = (Number(match[2] ?? 0) * 3_600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0)) * 1_000;
      return match[1] === "-" ? -ms : ms;
    };
    for (let at = Date.UTC(2000, 0, 1); at < Date.UTC(2040, 0, 1); at += 37 * 3_600_000) {
      if (zone.segmentAt(at).offset !== offsetOf(at))
        throw new Error(`${name} differs at ${new Date(at).toISOString()}`);
    }
    for (const { at, before, after } of zone.changes(Date.UTC(2000, 0, 1), Date.UTC(2040, 0, 1))) {
      expect([offsetOf(at - 1), offsetOf(at)]).toEqual([before, after]);
    }
  });
});
