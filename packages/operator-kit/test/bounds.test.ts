import { describe, expect, it } from "@jest/globals";
import type { OfflineJobRequest } from "@tidegate/core";
import { boundsOf, timeBoundsOf } from "../src/index.js";

const request = (boundaryType: "time" | "offset", lowerBoundary: string, upperBoundary: string) =>
  ({ boundaryType, lowerBoundary, upperBoundary }) as OfflineJobRequest;

describe("the bounds of a request", () => {
  it("are instants, or positions with more digits than a number keeps", () => {
    expect(boundsOf(request("time", "-1", "0"))).toEqual({ boundaryType: "time", lower: -1n, upper: 0n });
    expect(boundsOf(request("offset", "9007199254740993", "9007199254740994")).lower).toBe(9007199254740993n);
    expect(timeBoundsOf(request("time", "0", "1"))).toEqual({ lower: 0, upper: 1 });
  });

  it.each([
    ["lowerBoundary", request("time", "now", "1")],
    ["lowerBoundary", request("time", "1.5", "2")],
    ["upperBoundary", request("time", "0", "8640000000000001")],
    ["upperBoundary", request("offset", "0", "")],
    ["upperBoundary", request("time", "2", "1")],
  ])("are refused for the %s", (field, given) => {
    expect(() => boundsOf(given)).toThrow(expect.objectContaining({ code: "JOB_INVALID", field }));
  });

  it("are not times if they are positions", () => {
    expect(() => timeBoundsOf(request("offset", "0", "1"))).toThrow(
      expect.objectContaining({ code: "JOB_INVALID", field: "boundaryType" }),
    );
  });
});
