import { describe, expect, it } from "@jest/globals";
import { CronExpressionParser } from "cron-parser";
import fc from "fast-check";
import { LAST_INSTANT } from "../../src/clock/clock.js";
import { compileTrigger } from "../../src/trigger/compile.js";
import { CronTrigger } from "../../src/trigger/cron/cron-trigger.js";
import type { DstPolicy, TriggerSpec } from "../../src/trigger/trigger-spec.js";
import { Zone, zoneOf } from "../../src/trigger/zone/zone.js";
import { timesBetween, ZONES } from "./support.js";

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

  it.each<[DstPolicy["fold"], string[]]>([
    ["first", ["2026-10-29T20:00Z"]],
    ["last", ["2026-10-29T21:00Z"]],
    ["both", ["2026-10-29T20:00Z", "2026-10-29T21:00Z"]],
  ])("finds a time that comes twice at the end of its last day (%s)", (fold, expected) => {
    // In Cairo the hour from 23:00 on is repeated, and the expression has nothing after it for most of a year.
    const trigger = compileTrigger(
      { type: "cron", expression: "0 23 29 10 *", dst: { fold: fold! } },
      "Africa/Cairo",
    );
    expect(timesBetween(trigger, "2026-10-01T00:00Z", "2027-01-01T00:00Z")).toEqual(expected);
    expect(trigger.previous(Date.UTC(2027, 0, 1))).toBe(Date.parse(expected.at(-1)!));
    const between = Date.UTC(2026, 9, 29, 20, 30);
    expect(trigger.next(between)).toBe(
      fold === "first" ? Date.UTC(2027, 9, 29, 21) : Date.UTC(2026, 9, 29, 21),
    );
    expect(trigger.previous(between)).toBe(
      fold === "last" ? Date.UTC(2025, 9, 29, 20) : Date.UTC(2026, 9, 29, 20),
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

describe("a zone's table of the far future", () => {
  it.each(ZONES)("%s agrees with the time zone database", (name) => {
    const zone = zoneOf(name);
    const format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
    const instant = fc.integer({ min: Date.UTC(2_190, 0, 1), max: LAST_INSTANT });
    fc.assert(
      fc.property(instant, (at) => {
        const { from, to, offset } = zone.segmentAt(at);
        expect(at >= from && at < to).toBe(true);
        const text = `GMT${offset < 0 ? "-" : "+"}${new Date(Math.abs(offset)).toISOString().slice(11, 16)}`;
        expect(format.format(at).split(", ")[1]!.replace(/GMT$/, "GMT+00:00")).toBe(text);
      }),
    );
  });
});

describe("a thousand leap days in a zone with daylight saving", () => {
  it("read the time zone database of some two hundred years", () => {
    let reads = 0;
    const newYork = zoneOf("America/New_York");
    const zone = new Zone("counted", (at) => {
      reads += 1;
      return newYork.segmentAt(at).offset;
    });
    const trigger = new CronTrigger({ type: "cron", expression: "0 0 29 2 *" }, zone);
    let time = Date.UTC(2026, 0, 1);
    for (let count = 0; count < 1_000; count += 1) time = trigger.next(time)!;
    expect(new Date(time).toISOString()).toBe("6148-02-29T05:00:00.000Z");
    expect(reads).toBeLessThan(210 * 450);
  });
});
