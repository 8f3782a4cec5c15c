import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { touchedTogether } from "../../src/dispatch/touched-together.js";
import { contains, toSet } from "../../src/interval/interval-set.js";
import type { TouchedInterval } from "../../src/job/job-outcome.js";

const interval = fc
  .record({ lower: fc.integer({ min: 0, max: 1e6 }), length: fc.integer({ min: 1, max: 50 }) })
  .map(({ lower, length }) => ({ lower, upper: lower + length, rows: 1 }));

describe("the time that several jobs have touched", () => {
  it("names each interval once, with all rows that were counted", () => {
    const hour = { lower: 0, upper: 10 };
    expect(
      touchedTogether([
        {
          intervals: [
            { ...hour, rows: 3 },
            { lower: 20, upper: 30 },
          ],
        },
        { groupId: "facts", intervals: [hour] },
        { intervals: [{ ...hour, rows: 4 }] },
        { groupId: "facts", intervals: [hour] },
        { intervals: [hour] },
      ]),
    ).toEqual([
      {
        intervals: [
          { ...hour, rows: 7 },
          { lower: 20, upper: 30 },
        ],
      },
      { groupId: "facts", intervals: [hour] },
    ]);
  });

  it("is none if none was touched", () => {
    expect(touchedTogether([])).toEqual([]);
  });

  it("has at most 1,000 intervals of a group: those with the smallest gaps between them are joined", () => {
    const intervals = Array.from({ length: 1_001 }, (_, n) => ({
      lower: n * 100,
      upper: n * 100 + 1,
      rows: 1,
    }));
    intervals[500] = { lower: 49_950, upper: 49_951, rows: 1 };
    const [together] = touchedTogether([{ intervals }]);
    expect(together!.intervals).toHaveLength(1_000);
    expect(together!.intervals[499]).toEqual({ lower: 49_900, upper: 49_951, rows: 2 });
  });

  it("leaves out none of it, and no row, however much it is", () => {
    const many = fc.array(interval, { minLength: 1_000, maxLength: 1_300 });
    fc.assert(
      fc.property(many, (intervals: readonly TouchedInterval[]) => {
        const [{ intervals: together }] = touchedTogether([{ intervals }]) as [
          { intervals: TouchedInterval[] },
        ];
        const whole = toSet(together);
        return (
          together.length <= 1_000 &&
          intervals.every((part) => contains(whole, part)) &&
          together.reduce((sum, { rows = 0 }) => sum + rows, 0) === intervals.length
        );
      }),
      { numRuns: 20 },
    );
  });
});
