import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Interval } from "../../src/interval/boundaries.js";
import {
  contains,
  type IntervalSet,
  intersect,
  measure,
  overlapsOf,
  subtract,
  toSet,
} from "../../src/interval/interval-set.js";

const SPAN = 40;
const interval = fc
  .tuple(fc.integer({ min: 0, max: SPAN }), fc.integer({ min: 0, max: SPAN }))
  .map(([a, b]): Interval => ({ lower: Math.min(a, b), upper: Math.max(a, b) }));
const intervals = fc.array(interval, { maxLength: 12 });

/** How many of the intervals cover each unit of the span: the plain model that the algebra is held against. */
const depths = (some: readonly Interval[]) =>
  Array.from(
    { length: SPAN },
    (_, at) => some.filter(({ lower, upper }) => lower <= at && at < upper).length,
  );
const units = (some: readonly Interval[]) => depths(some).map((depth) => depth > 0);

function isNormal(set: IntervalSet): boolean {
  return set.every(
    ({ lower, upper }, index) => lower < upper && (index === 0 || set[index - 1]!.upper < lower),
  );
}

describe("interval sets", () => {
  it("are the union: ascending, apart, and nothing but what was given", () => {
    fc.assert(
      fc.property(intervals, (some) => {
        const set = toSet(some);
        expect(isNormal(set)).toBe(true);
        expect(units(set)).toEqual(units(some));
        expect(toSet(set)).toEqual(set);
      }),
    );
  });

  it("subtract, intersect and measure as sets of units do", () => {
    fc.assert(
      fc.property(intervals, intervals, (some, others) => {
        const [a, b] = [toSet(some), toSet(others)];
        const [inA, inB] = [units(a), units(b)];
        expect(units(subtract(a, b))).toEqual(inA.map((is, index) => is && !inB[index]));
        expect(units(intersect(a, b))).toEqual(inA.map((is, index) => is && inB[index] === true));
        expect(isNormal(subtract(a, b)) && isNormal(intersect(a, b))).toBe(true);
        expect(measure(a)).toBe(inA.filter(Boolean).length);
        expect(measure(subtract(a, b)) + measure(intersect(a, b))).toBe(measure(a));
      }),
    );
  });

  it("find what is covered more than once, whatever the order", () => {
    fc.assert(
      fc.property(intervals, (some) => {
        expect(units(overlapsOf(some))).toEqual(depths(some).map((depth) => depth > 1));
        expect(overlapsOf([...some].reverse())).toEqual(overlapsOf(some));
      }),
    );
  });

  it("contain an interval only as a whole", () => {
    fc.assert(
      fc.property(intervals, interval, (some, part) => {
        fc.pre(part.lower < part.upper);
        const set = toSet(some);
        expect(contains(set, part)).toBe(subtract([part], set).length === 0);
      }),
    );
  });
});
