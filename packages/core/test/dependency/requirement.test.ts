import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { toleranceMs } from "../../src/dependency/requirement.js";

const MINUTE = 60_000;
const CENTURY_MS = 100 * 365 * 24 * 60 * MINUTE;

describe("how much of a window may be missing", () => {
  it.each([
    ["100%", 25 * MINUTE, 0],
    ["80%", 25 * MINUTE, 5 * MINUTE],
    ["90%", 10 * MINUTE, MINUTE],
    ["99.9%", 1_000, 1],
    ["99.999999%", 100_000_000, 1],
    ["33.333333%", 3_000, 2_000],
    ["0.000001%", CENTURY_MS, CENTURY_MS - CENTURY_MS / 100_000_000],
  ])("by %s of %d ms is %d ms", (atLeast, lengthMs, tolerance) => {
    expect(toleranceMs({ atLeast }, lengthMs)).toBe(Math.floor(tolerance));
  });

  it("is exact for each whole percentage: so many hundredths of the window are enough, and a millisecond less is not", () => {
    const parts = {
      percent: fc.integer({ min: 1, max: 100 }),
      partMs: fc.integer({ min: 1, max: CENTURY_MS / 100 }),
    };
    fc.assert(
      fc.property(fc.record(parts), ({ percent, partMs }) => {
        expect(toleranceMs({ atLeast: `${percent}%` }, 100 * partMs)).toBe((100 - percent) * partMs);
      }),
    );
  });
});
