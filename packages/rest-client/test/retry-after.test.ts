import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { retryAfterMs } from "../src/index.js";

const NOW = Date.UTC(2031, 4, 6, 12);
const YEAR_MS = 31_536_000_000;

const asks = (...values: string[]) => retryAfterMs({ "retry-after": values }, NOW);

describe("what Retry-After asks for", () => {
  it.each<[string, number | undefined]>([
    ["120", 120_000],
    ["0", 0],
    ["1.2345", 1_235],
    ["Tue, 06 May 2031 12:02:00 GMT", 120_000],
    ["Tuesday, 06-May-31 12:02:00 GMT", 120_000],
    ["Tue May  6 12:02:00 2031", 120_000],
    ["2031-05-06T14:02:00+02:00", 120_000],
    ["Tue, 06 May 2031 11:00:00 GMT", 0],
    ["99999999999999999999", YEAR_MS],
    ["-5", undefined],
    ["May", undefined],
    ["5 minutes", undefined],
    ["2031-05-06", undefined],
    ["", undefined],
  ])("%j is %j ms", (value, expected) => {
    expect(asks(value)).toBe(expected);
  });

  it("is nothing without the header, and the longest where it stands more than once", () => {
    expect(retryAfterMs({}, NOW)).toBeUndefined();
    expect(asks("1", "30", "soon")).toBe(30_000);
  });

  it("is held against the answer's own time", () => {
    const headers = {
      date: ["Tue, 06 May 2031 09:00:00 GMT"],
      "retry-after": ["Tue, 06 May 2031 09:00:30 GMT"],
    };
    expect(retryAfterMs(headers, NOW)).toBe(30_000);
  });

  it("is between nothing and a year, in whole ms, whatever is said", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.date().map(String)), (value) => {
        const wait = asks(value);
        if (wait === undefined) return;
        expect(Number.isInteger(wait)).toBe(true);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(YEAR_MS);
      }),
    );
  });
});
