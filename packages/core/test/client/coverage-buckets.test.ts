import { describe, expect, it } from "@jest/globals";
import { bucketsBetween, bucketsOfRuns, type ConditionPart } from "../../src/client/coverage-buckets.js";
import type { Run } from "../../src/run/run.js";

const run = (lower: number, upper: number, fields: Partial<Run>): Run =>
  ({
    id: `${lower}-${upper}-${fields.generation ?? 0}`,
    lower,
    upper,
    intervals: 1,
    staleAt: null,
    ...fields,
  }) as Run;

const part = (condition: ConditionPart["condition"], lower: number, upper: number): ConditionPart => ({
  condition,
  lower,
  upper,
});

describe("buckets of runs", () => {
  it("are one for each interval, with the run that it stands for", () => {
    const buckets = bucketsOfRuns([
      run(0, 10, { state: "SUCCEEDED" }),
      run(10, 30, { state: "FAILED", intervals: 2 }),
      run(30, 40, { state: "SKIPPED" }),
    ]);
    expect(buckets).toMatchObject([
      { lower: 0, upper: 10, condition: "succeeded", succeededShare: 1, runId: "0-10-0", intervals: 1 },
      { lower: 10, upper: 30, condition: "failed", succeededShare: 0, runId: "10-30-0", intervals: 2 },
      { lower: 30, upper: 40, condition: "skipped", succeededShare: 0 },
    ]);
  });

  it("keep an interval's coverage while it runs again, or if that has failed", () => {
    const before = run(0, 10, { state: "SUCCEEDED" });
    expect(bucketsOfRuns([before, run(0, 10, { state: "RUNNING", generation: 1 })])).toMatchObject([
      { condition: "succeeded", isRerunning: true, runId: "0-10-0" },
    ]);
    expect(bucketsOfRuns([before, run(0, 10, { state: "FAILED", generation: 1 })])).toMatchObject([
      { condition: "succeeded", isRerunning: false },
    ]);
  });

  it("are stale only while the stale run is what covers them", () => {
    const stale = run(0, 10, { state: "SUCCEEDED", staleAt: 5 });
    expect(bucketsOfRuns([stale])).toMatchObject([{ isStale: true }]);
    expect(bucketsOfRuns([{ ...stale, state: "FAILED" }])).toMatchObject([{ isStale: false }]);
  });
});

describe("buckets between cuts", () => {
  it("have the share that has succeeded, and the condition that needs a person most", () => {
    const uncovered = [{ lower: 15, upper: 20 }];
    const parts = [part("skipped", 15, 18), part("failed", 18, 20)];
    expect(bucketsBetween([0, 10, 20, 30], uncovered, parts, [])).toMatchObject([
      { lower: 0, upper: 10, condition: "succeeded", succeededShare: 1 },
      { lower: 10, upper: 20, condition: "failed", succeededShare: 0.5 },
      { lower: 20, upper: 30, condition: "succeeded", succeededShare: 1 },
    ]);
  });

  it("are missing where no run has the time, unless something worse is there", () => {
    const uncovered = [{ lower: 0, upper: 20 }];
    const parts = [part("active", 0, 8), part("failed", 10, 12)];
    const conditions = bucketsBetween([0, 10, 20], uncovered, parts, []).map(({ condition }) => condition);
    expect(conditions).toEqual(["missing", "failed"]);
  });

  it("ignore what a later generation has covered", () => {
    expect(bucketsBetween([0, 10], [], [part("failed", 0, 10)], [])).toMatchObject([
      { condition: "succeeded", succeededShare: 1 },
    ]);
  });

  it("are stale if any of their time is", () => {
    const buckets = bucketsBetween([0, 10, 20, 30], [], [], [{ lower: 19, upper: 21 }]);
    expect(buckets.map(({ isStale }) => isStale)).toEqual([false, true, true]);
  });
});
