import { describe, expect, it } from "@jest/globals";
import { type AuditReport, auditCoverage } from "../../src/client/audit.js";
import type { Interval } from "../../src/interval/boundaries.js";
import type { RunState } from "../../src/run/run.js";
import type { CoverageRange } from "../../src/store/run-ledger.js";

const range = (state: RunState, lower: number, upper: number, rowsRead = 0): CoverageRange => ({
  state,
  lower,
  upper,
  runs: 1,
  intervals: upper - lower,
  rowsRead,
  rowsWritten: rowsRead,
  rowsDirty: 0,
});

const NO_DOUBTS: readonly Interval[] = [];

const audit = (coverage: readonly CoverageRange[], closedUpTo = 10, doubts = NO_DOUBTS): AuditReport =>
  auditCoverage({
    groupId: "g",
    range: { lower: 0, upper: 10 },
    coverage,
    doubts,
    closedUpTo,
    watermark: 10,
  });

const parts = ({ succeeded, active, failed, cancelled, skipped }: AuditReport) =>
  [succeeded, active, failed, cancelled, skipped].map(({ ms }) => ms);

describe("an audit", () => {
  it("is complete where all has succeeded, and sums what was read", () => {
    const report = audit([range("SUCCEEDED", 0, 4, 40), range("SUCCEEDED", 4, 10, 60)]);
    expect(report).toMatchObject({ isSound: true, isComplete: true, gaps: [], overlaps: [], owed: null });
    expect(report.succeeded).toEqual({ runs: 2, intervals: 10, ms: 10 });
    expect(report.rowsRead).toBe(100);
  });

  it("accounts for every millisecond once", () => {
    const report = audit([
      range("SUCCEEDED", 0, 2),
      range("RUNNING", 2, 3),
      range("PLANNED", 3, 4),
      range("FAILED", 4, 6),
      range("CANCELLED", 6, 7),
      range("SKIPPED", 7, 10),
    ]);
    expect(parts(report)).toEqual([2, 2, 2, 1, 3]);
    expect(report).toMatchObject({ isSound: true, isComplete: false });
  });

  it("lets the better condition account for what several do", () => {
    expect(parts(audit([range("FAILED", 0, 10), range("SUCCEEDED", 0, 6)]))).toEqual([6, 0, 4, 0, 0]);
  });

  it("shows a gap to the millisecond", () => {
    const report = audit([range("SUCCEEDED", 0, 4), range("SUCCEEDED", 5, 10)]);
    expect(report).toMatchObject({ gaps: [{ lower: 4, upper: 5 }], isSound: false, isComplete: false });
  });

  it("shows an overlap of what succeeded, and of what is about to", () => {
    const done = audit([range("SUCCEEDED", 0, 6), range("SUCCEEDED", 5, 10)]);
    expect(done).toMatchObject({ overlaps: [{ lower: 5, upper: 6 }], isSound: false });
    const running = audit([range("SUCCEEDED", 0, 6), range("RUNNING", 5, 10)]);
    expect(running).toMatchObject({ overlaps: [{ lower: 5, upper: 6 }], isSound: false });
  });

  it("takes a re-run on purpose for no overlap, but two of them for one", () => {
    const succeeded = range("SUCCEEDED", 0, 10);
    expect(audit([succeeded, range("RUNNING", 2, 4)]).overlaps).toEqual([]);
    const twice = audit([succeeded, range("RUNNING", 2, 4), range("PLANNED", 3, 5)]);
    expect(twice.overlaps).toEqual([{ lower: 3, upper: 4 }]);
  });

  it("takes failed and skipped time that ran later for no overlap", () => {
    const report = audit([range("FAILED", 0, 5), range("SKIPPED", 5, 10), range("SUCCEEDED", 0, 10)]);
    expect(report).toMatchObject({ overlaps: [], isComplete: true });
  });

  it("counts only the part within its range", () => {
    expect(parts(audit([range("SUCCEEDED", -5, 15)]))).toEqual([10, 0, 0, 0, 0]);
  });

  it("tells what is owed and not planned", () => {
    expect(audit([range("SUCCEEDED", 0, 10)], 13).owed).toEqual({ lower: 10, upper: 13 });
  });
});
