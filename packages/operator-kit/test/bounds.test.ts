import { describe, expect, it } from "@jest/globals";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import { boundsOf, timeBoundsOf } from "../src/index.js";

const request = (boundaryType: "TIME" | "OFFSET", lowerBound: string, upperBound: string) =>
  ({ boundaryType, lowerBound, upperBound }) as OfflineJobRequest;

describe("the bounds of a request", () => {
  it("are instants, or positions with more digits than a number keeps", () => {
    expect(boundsOf(request("TIME", "-1", "0"))).toEqual({ boundaryType: "TIME", lower: -1n, upper: 0n });
    expect(boundsOf(request("OFFSET", "9007199254740993", "9007199254740994")).lower).toBe(9007199254740993n);
    expect(timeBoundsOf(request("TIME", "0", "1"))).toEqual({ lower: 0, upper: 1 });
  });

  it("may have no beginning, which comes before every instant", () => {
    const { lower, upper } = timeBoundsOf(request("TIME", "beginning", "0"));
    expect(upper).toBe(0);
    expect(new Date(lower).toISOString()).toBe("-271821-04-20T00:00:00.000Z");
    expect(() => boundsOf(request("OFFSET", "beginning", "0"))).toThrow(
      expect.objectContaining({ code: "JOB_INVALID", field: "lowerBound" }),
    );
  });

  it.each([
    ["lowerBound", request("TIME", "now", "1")],
    ["lowerBound", request("TIME", "1.5", "2")],
    ["upperBound", request("TIME", "0", "8640000000000001")],
    ["upperBound", request("OFFSET", "0", "")],
    ["upperBound", request("TIME", "2", "1")],
  ])("are refused for the %s", (field, given) => {
    expect(() => boundsOf(given)).toThrow(expect.objectContaining({ code: "JOB_INVALID", field }));
  });

  it("are not times if they are positions", () => {
    expect(() => timeBoundsOf(request("OFFSET", "0", "1"))).toThrow(
      expect.objectContaining({ code: "JOB_INVALID", field: "boundaryType" }),
    );
  });
});
