import { describe, expect, it } from "@jest/globals";
import { instantOfBound, timeBoundaries } from "../../src/interval/boundaries.js";
import { Bench, hour } from "../support/bench.js";

const EVERY_HOUR = { type: "period", every: 1, unit: "hour" } as const;

describe("the boundaries of a request", () => {
  it("are those of the run's interval", async () => {
    const bench = await Bench.started();
    await bench.client.register({ groupId: "orders", trigger: EVERY_HOUR, startTime: hour(0) });
    await bench.fireAt(1);
    expect(bench.operator.submissions).toEqual([
      expect.objectContaining({
        boundaryType: "TIME",
        lowerBound: String(hour(0)),
        upperBound: String(hour(1)),
      }),
    ]);
    await bench.tidegate.stop();
  });

  it("say that a run which reads everything has no beginning", async () => {
    const bench = await Bench.started();
    const mode = "full" as const;
    await bench.client.register({ groupId: "orders", trigger: EVERY_HOUR, startTime: hour(0), mode });
    await bench.fireAt(1);
    expect(bench.operator.submissions).toEqual([
      expect.objectContaining({ boundaryType: "TIME", lowerBound: "beginning", upperBound: String(hour(1)) }),
    ]);
    await bench.tidegate.stop();
  });
});

describe("a bound", () => {
  it.each([
    ["0", 0],
    ["-1", -1],
    ["beginning", -8_640_000_000_000_000],
    ["8640000000000000", 8_640_000_000_000_000],
    ["8640000000000001", undefined],
    ["1.5", undefined],
    ["1e3", undefined],
    [" 1", undefined],
    ["", undefined],
    ["end", undefined],
    ['{"0":"17"}', undefined],
  ])("%j is the instant %j", (bound, instant) => {
    expect(instantOfBound(bound)).toBe(instant);
  });

  it("is read back as it was written", () => {
    const { lowerBound, upperBound } = timeBoundaries({ lower: -1_500, upper: hour(3) });
    expect([instantOfBound(lowerBound), instantOfBound(upperBound)]).toEqual([-1_500, hour(3)]);
  });
});
