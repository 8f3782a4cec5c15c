import { describe, expect, it } from "@jest/globals";
import { FIRST_INSTANT } from "@tidegate/core/operator";
import fc from "fast-check";
import {
  dateText,
  epochSeconds,
  isoText,
  timestampText,
  zonedTimestampText,
} from "../src/placeholders/time-text.js";
import { timezoneSchema } from "../src/timezone.js";

const instant = fc.integer({ min: Date.UTC(1973, 0, 1), max: Date.UTC(2099, 0, 1) });
const zone = fc.constantFrom(
  "UTC",
  "Asia/Kolkata",
  "America/New_York",
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
);

describe("a timestamp's text", () => {
  it("has milliseconds only where there are any, so that it sorts beside texts without", () => {
    expect(timestampText(Date.UTC(2026, 0, 1), "UTC")).toBe("2026-01-01 00:00:00");
    expect(timestampText(Date.UTC(2026, 0, 1, 0, 0, 0, 5), "UTC")).toBe("2026-01-01 00:00:00.005");
  });

  it("names its instant, with its zone", () => {
    fc.assert(
      fc.property(instant, zone, (at, timezone) => {
        expect(Date.parse(zonedTimestampText(at, timezone).replace(" ", "T"))).toBe(at);
      }),
    );
  });

  it("sorts as instants do", () => {
    fc.assert(
      fc.property(instant, instant, (one, other) => {
        const [a, b] = [timestampText(one, "UTC"), timestampText(other, "UTC")];
        expect(Math.sign(Number(a > b) - Number(a < b))).toBe(Math.sign(one - other));
      }),
    );
  });

  it("shows both hours of a day that has one twice", () => {
    const [first, second] = [Date.UTC(2026, 9, 25, 0), Date.UTC(2026, 9, 25, 1)];
    expect(zonedTimestampText(first, "Europe/Berlin")).toBe("2026-10-25 02:00:00+02:00");
    expect(zonedTimestampText(second, "Europe/Berlin")).toBe("2026-10-25 02:00:00+01:00");
  });

  it("has four digits of year, however early or late", () => {
    expect(timestampText(FIRST_INSTANT, "UTC")).toBe("0001-01-01 00:00:00");
    expect(dateText(FIRST_INSTANT, "Asia/Tokyo")).toBe("0001-01-01");
    expect(timestampText(-FIRST_INSTANT, "America/New_York")).toBe("9999-12-31 23:59:59.999");
  });
});

describe("epoch seconds", () => {
  it("cut rows of whole seconds as the interval's instants do", () => {
    const ms = fc.integer({ min: -10_000, max: 10_000 });
    fc.assert(
      fc.property(ms, ms, fc.integer({ min: -10, max: 10 }), (lower, upper, second) => {
        const at = second * 1_000;
        const isInside = second >= epochSeconds(lower) && second < epochSeconds(upper);
        expect(isInside).toBe(at >= lower && at < upper);
      }),
    );
  });
});

describe("an ISO text", () => {
  it("has four digits of year in every time zone", () => {
    expect(isoText(Date.UTC(2026, 0, 1))).toBe("2026-01-01T00:00:00.000Z");
    expect(isoText(FIRST_INSTANT)).toBe("0001-01-02T00:00:00.000Z");
    expect(isoText(-FIRST_INSTANT)).toBe("9999-12-30T23:59:59.999Z");
  });
});

describe("a time zone", () => {
  it.each([
    ["Europe/Berlin", true],
    ["UTC", true],
    ["Mars/Olympus", false],
    ["", false],
  ])("%s is one: %s", (name, expected) => {
    expect(timezoneSchema.safeParse(name).success).toBe(expected);
  });
});
