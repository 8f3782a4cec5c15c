import { describe, expect, it } from "@jest/globals";
import type { DependencyWindow } from "../../src/dependency/dependency.js";
import { windowOf } from "../../src/dependency/window.js";
import type { Interval } from "../../src/interval/boundaries.js";
import { windowCalendarOf } from "../../src/schedule/dependencies-of.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { zoneOf } from "../../src/trigger/zone/zone.js";
import { at, DAY, HOUR, MINUTE } from "../support/instants.js";
import { gridOf, intervalsOf, specOf } from "../support/schedules.js";
import { localTimes, type ModelSegment, modelWindow, segmentsOf } from "./window-model.js";

const from2026 = at("2026-01-01T00:00:00+01:00");

/** The window of a run in Berlin, in ISO 8601. */
function berlin(window: DependencyWindow | undefined, lower: string, upper: string): [string, string] {
  const calendar = windowCalendarOf(
    specOf({
      groupId: "report",
      trigger: { type: "period", every: 1, unit: "day" },
      timezone: "Europe/Berlin",
      startTime: from2026,
    }),
  );
  return texts(windowOf(window, { lower: at(lower), upper: at(upper) }, calendar));
}

function texts({ lower, upper }: Interval): [string, string] {
  const [a, b] = [lower, upper].map((instant) => new Date(instant).toISOString().replace(":00.000Z", "Z"));
  return [a!, b!];
}

describe("the window of a dependency", () => {
  it.each<[string, DependencyWindow | undefined, [string, string], [string, string]]>([
    [
      "is the run's own interval",
      undefined,
      ["2026-02-01T00:00+01:00", "2026-02-02T00:00+01:00"],
      ["2026-01-31T23:00Z", "2026-02-01T23:00Z"],
    ],
    [
      "is the day before",
      { from: "-1 day", to: "-1 day" },
      ["2026-02-01T00:00+01:00", "2026-02-02T00:00+01:00"],
      ["2026-01-30T23:00Z", "2026-01-31T23:00Z"],
    ],
    [
      "is the last seven days, this one included",
      { from: "-6 days" },
      ["2026-02-01T00:00+01:00", "2026-02-02T00:00+01:00"],
      ["2026-01-25T23:00Z", "2026-02-01T23:00Z"],
    ],
    [
      "is the month before, from any day",
      { align: "month", from: "-1 month", to: "-1 month" },
      ["2026-04-15T00:00+02:00", "2026-04-16T00:00+02:00"],
      ["2026-02-28T23:00Z", "2026-03-31T22:00Z"],
    ],
    [
      "is the month before, from the month's last day",
      { align: "month", from: "-1 month", to: "-1 month" },
      ["2026-03-31T00:00+02:00", "2026-04-01T00:00+02:00"],
      ["2026-01-31T23:00Z", "2026-02-28T23:00Z"],
    ],
    [
      "is the whole week, from Monday on",
      { align: "week" },
      ["2026-02-04T10:00+01:00", "2026-02-04T11:00+01:00"],
      ["2026-02-01T23:00Z", "2026-02-08T23:00Z"],
    ],
    [
      "is the whole quarter",
      { align: "quarter" },
      ["2026-05-04T00:00+02:00", "2026-05-05T00:00+02:00"],
      ["2026-03-31T22:00Z", "2026-06-30T22:00Z"],
    ],
    [
      "ends with a month that lacks its day",
      { from: "-1 month" },
      ["2026-03-31T00:00+02:00", "2026-04-01T00:00+02:00"],
      ["2026-02-27T23:00Z", "2026-03-31T22:00Z"],
    ],
    [
      "is shifted by intervals of the group's own grid",
      { from: "-2 intervals", to: "-1 interval" },
      ["2026-03-30T00:00+02:00", "2026-03-31T00:00+02:00"],
      ["2026-03-27T23:00Z", "2026-03-29T22:00Z"],
    ],
    [
      "is shifted by elapsed time",
      { from: "-90 minutes" },
      ["2026-03-29T03:00+02:00", "2026-03-29T04:00+02:00"],
      ["2026-03-28T23:30Z", "2026-03-29T02:00Z"],
    ],
  ])("%s", (_, window, interval, expected) => {
    expect(berlin(window, ...interval)).toEqual(expected);
  });

  describe("when clocks change", () => {
    const yesterday = { from: "-1 day", to: "-1 day" };

    it("has 23 hours in spring and 25 in autumn", () => {
      expect(berlin(undefined, "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00")).toEqual([
        "2026-03-28T23:00Z",
        "2026-03-29T22:00Z",
      ]);
      expect(berlin(yesterday, "2026-03-30T00:00+02:00", "2026-03-31T00:00+02:00")).toEqual([
        "2026-03-28T23:00Z",
        "2026-03-29T22:00Z",
      ]);
      expect(berlin(yesterday, "2026-10-26T00:00+01:00", "2026-10-27T00:00+01:00")).toEqual([
        "2026-10-24T22:00Z",
        "2026-10-25T23:00Z",
      ]);
    });

    it("is the same hour of the day before, for both passes of an hour that comes twice", () => {
      const hour = ["2026-10-24T00:00Z", "2026-10-24T01:00Z"];
      expect(berlin(yesterday, "2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00")).toEqual(hour);
      expect(berlin(yesterday, "2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00")).toEqual(hour);
    });

    it("asks for both passes, the day after", () => {
      expect(berlin(yesterday, "2026-10-26T02:00+01:00", "2026-10-26T03:00+01:00")).toEqual([
        "2026-10-25T00:00Z",
        "2026-10-25T02:00Z",
      ]);
    });

    it("asks for nothing if the hour did not exist, and leaves out none that did", () => {
      const [lower, upper] = berlin(yesterday, "2026-03-30T02:00+02:00", "2026-03-30T03:00+02:00");
      expect(lower).toBe(upper);
      expect(berlin(yesterday, "2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00")).toEqual([
        "2026-03-28T00:00Z",
        "2026-03-28T01:00Z",
      ]);
      expect(berlin(yesterday, "2026-03-29T03:00+02:00", "2026-03-29T04:00+02:00")).toEqual([
        "2026-03-28T01:00Z",
        "2026-03-28T03:00Z",
      ]);
    });

    it("begins at midnight after a day that begins at one o'clock", () => {
      const info: ScheduleInfo = {
        groupId: "report",
        trigger: { type: "period", every: 1, unit: "day" },
        timezone: "America/Sao_Paulo",
        startTime: at("2018-11-03T00:00:00-03:00"),
      };
      const calendar = windowCalendarOf(specOf(info));
      const [, second, third] = intervalsOf(gridOf(info), 3);
      expect(texts(second!)).toEqual(["2018-11-04T03:00Z", "2018-11-05T02:00Z"]);
      expect(texts(windowOf(yesterday, second!, calendar))).toEqual([
        "2018-11-03T03:00Z",
        "2018-11-04T03:00Z",
      ]);
      expect(texts(windowOf(yesterday, third!, calendar))).toEqual(texts(second!));
    });
  });

  describe("is what brute force finds", () => {
    const WINDOWS: readonly DependencyWindow[] = [
      { from: "-1 day", to: "-1 day" },
      { from: "-6 days" },
      { from: "-1 week", to: "-1 day" },
      { from: "-1 month", to: "-1 month" },
      { to: "+1 day" },
      { from: "-90 minutes", to: "+1 hour" },
      { align: "hour" },
      { align: "day", from: "-1 day", to: "-1 day" },
      { align: "week", from: "-1 week", to: "-1 week" },
      { align: "month", from: "-1 month", to: "-1 month" },
      { align: "quarter" },
      { align: "year", to: "-1 year", from: "-1 year" },
    ];
    /** Intervals around a change of the clocks: offsets of both bounds from it, ms. */
    const AROUND: readonly (readonly [number, number])[] = [
      [-HOUR, 0],
      [0, HOUR],
      [HOUR, 2 * HOUR],
      [-30 * MINUTE, 30 * MINUTE],
      [-DAY, 0],
      [-12 * HOUR, 13 * HOUR],
      [DAY - 30 * MINUTE, DAY + 45 * MINUTE],
    ];
    const ODD = [
      ["Australia/Lord_Howe", "2026-04-04T15:00Z"],
      ["Pacific/Apia", "2011-12-30T10:00Z"],
      ["America/St_Johns", "2006-10-29T02:31Z"],
      ["America/Sao_Paulo", "2018-11-04T03:00Z"],
      ["America/Havana", "2026-11-01T05:00Z"],
      ["Antarctica/Troll", "2026-03-29T01:00Z"],
    ] as const;
    const isWhole = process.env.TIDEGATE_ALL_ZONES !== undefined;
    const [FROM, TO] = [Date.UTC(2000, 0, 1), Date.UTC(2038, 0, 1)];
    /** Windows reach further than the intervals, ms. */
    const BEYOND = 3 * 366 * DAY;
    /** Far from most changes. */
    const ORDINARY = Array.from(
      { length: Math.floor((TO - FROM) / (97 * DAY)) },
      (_, n) => FROM + n * 97 * DAY,
    );

    /** Rules of clocks that change, by the first zone that has them: reading those of one takes a moment. */
    function rulesOf(names: readonly string[]): ReadonlyMap<string, readonly ModelSegment[]> {
      const known = new Set<string>();
      const rules = new Map<string, readonly ModelSegment[]>();
      for (const name of names) {
        const segments = segmentsOf(name, FROM - BEYOND, TO + BEYOND);
        const key = JSON.stringify(segments);
        if (changesOf(segments).length === 0 || known.has(key)) continue;
        known.add(key);
        rules.set(name, segments);
      }
      return rules;
    }

    function changesOf(segments: readonly ModelSegment[]): readonly number[] {
      return segments.map(({ from }) => from).filter((from) => from > FROM && from < TO);
    }

    /** Some of all, through zones, years and seasons, and the oddest: gaps at midnight, half hours, a lost day. */
    function isSampled(name: string, change: number, index: number): boolean {
      return index % 31 === 0 || ODD.some(([zone, day]) => zone === name && Math.abs(change - at(day)) < DAY);
    }

    const rules = rulesOf(
      Intl.supportedValuesOf("timeZone").filter(
        (name, index) => isWhole || index % 29 === 0 || ODD.some(([zone]) => zone === name),
      ),
    );

    it("knows rules by which clocks change", () => {
      expect(rules.size).toBeGreaterThan(isWhole ? 100 : 10);
    });

    it(isWhole
      ? "around every change by every rule, and on other days"
      : "around some changes by some rules, and on other days", () => {
      let count = 0;
      const wrong: string[] = [];
      for (const [index, [name, segments]] of [...rules].entries()) {
        const calendar = { zone: zoneOf(name), cut: (instant: number) => instant };
        const localAt = localTimes(segments);
        const isOf = (change: number, number: number): boolean =>
          isWhole || isSampled(name, change, index * 131 + number * 37);
        const intervals = [
          ...changesOf(segments)
            .filter(isOf)
            .flatMap((change) => AROUND.map(([before, after]) => [change + before, change + after] as const)),
          ...ORDINARY.filter(isOf).map((day) => [day, day + DAY] as const),
        ];
        for (const [lower, upper] of intervals) {
          for (const window of WINDOWS) {
            const found = windowOf(window, { lower, upper }, calendar);
            const expected = modelWindow(window, { lower, upper }, localAt);
            count += 1;
            if (found.lower === expected.lower && found.upper === expected.upper) continue;
            const where = `${name} ${JSON.stringify(window)} ${texts({ lower, upper }).join(" ")}`;
            wrong.push(`${where}: ${texts(found).join(" ")}, not ${texts(expected).join(" ")}`);
          }
        }
      }
      expect(wrong.slice(0, 10)).toEqual([]);
      expect(count).toBeGreaterThan(isWhole ? 500_000 : 1_000);
    }, 600_000);
  });
});
