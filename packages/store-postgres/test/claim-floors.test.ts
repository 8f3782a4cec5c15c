import { describe, expect, it } from "@jest/globals";
import { ClaimFloors, type FoundRun, type ScanOutcome } from "../src/claim-floors.js";

const OPERATORS = ["duckdb", "http"];
const LOWEST = Number.MIN_SAFE_INTEGER;
const MARGIN = 500;
const WHOLE = { lease: LOWEST, ready: Array.from({ length: 6 }, () => LOWEST) };

const found = (dueAt: number, queue: number | null = 0): FoundRun => ({ operator: "duckdb", queue, dueAt });
const outcome = (of: Partial<ScanOutcome> = {}): ScanOutcome => ({
  runs: [],
  limit: 8,
  entriesRead: 10_000,
  ...of,
});

/** Makes a claim at an instant. */
function scanned(floors: ClaimFloors, now: number, of: Partial<ScanOutcome> = {}): void {
  floors.end(floors.begin(OPERATORS, now), outcome(of));
}

/** Floors after a costly whole scan at 10,000. */
function costly(): ClaimFloors {
  const floors = new ClaimFloors();
  scanned(floors, 10_000);
  return floors;
}

describe("the floors of claims", () => {
  it("are none while whole scans read little more than they return", () => {
    const floors = new ClaimFloors();
    scanned(floors, 10_000, { entriesRead: 900 });
    expect(floors.of(OPERATORS)).toEqual(WHOLE);
    expect(floors.begin(OPERATORS, 10_001)).toMatchObject({ ...WHOLE, isWhole: true });
  });

  it("follow the claims by a margin after a costly scan, and are shared by the look for the next run", () => {
    const floors = costly();
    expect(floors.begin(OPERATORS, 10_100)).toMatchObject({
      lease: 9_500,
      ready: WHOLE.ready.map(() => 9_500),
    });
    scanned(floors, 11_000, { entriesRead: 10 });
    expect(floors.of(OPERATORS)).toEqual({ lease: 10_500, ready: WHOLE.ready.map(() => 10_500) });
  });

  it("rise to the last run of a queue where the claim had no room for more, and no other queue's", () => {
    const floors = new ClaimFloors();
    scanned(floors, 10_000, { limit: 2, runs: [found(9_000, 1), found(8_000, 1)] });
    expect(floors.of(OPERATORS)).toEqual({ lease: 9_500, ready: WHOLE.ready.with(1, 9_000 - MARGIN) });
  });

  it.each([
    [1_100, 1_000],
    [10_000, 5_000],
    [1_000_000, 30_000],
  ])("are left for a whole scan that reads %i entries after %i ms", (entriesRead, ms) => {
    const floors = new ClaimFloors();
    scanned(floors, 10_000, { entriesRead });
    expect(floors.begin(OPERATORS, 10_000 + ms - 1).isWhole).toBe(false);
    expect(floors.begin(OPERATORS, 10_000 + ms).isWhole).toBe(true);
  });

  it("end when a whole scan is cheap again", () => {
    const floors = costly();
    scanned(floors, 15_000, { entriesRead: 3 });
    expect(floors.of(OPERATORS)).toEqual(WHOLE);
  });

  it("do not outlast a clock that steps back", () => {
    const floors = costly();
    expect(floors.begin(OPERATORS, 9_000).isWhole).toBe(true);
  });

  it("are lowered at once by this process's writes, also by those that end while a claim is in progress", () => {
    const floors = costly();
    floors.wrote(3_000);
    expect(floors.of(OPERATORS)).toEqual({ lease: 3_000, ready: WHOLE.ready.map(() => 3_000) });
    const scan = floors.begin(OPERATORS, 11_000);
    floors.wrote(2_000);
    floors.end(scan, outcome());
    expect(floors.of(OPERATORS)).toEqual({ lease: 2_000, ready: WHOLE.ready.map(() => 2_000) });
    scanned(floors, 12_000);
    expect(floors.of(OPERATORS).lease).toBe(11_500);
  });

  it("keep twice the distance if a whole scan finds a run below them", () => {
    const floors = costly();
    scanned(floors, 15_000, { runs: [found(9_200)] });
    const margin = 2 * (MARGIN + 300);
    expect(floors.of(OPERATORS).lease).toBe(15_000 - margin);
  });

  it("of leases do not depend on the order of operators, and those of other operators are their own", () => {
    const floors = costly();
    expect(floors.of(OPERATORS.toReversed()).lease).toBe(9_500);
    expect(floors.of(["flink"])).toEqual({ lease: LOWEST, ready: [LOWEST, LOWEST, LOWEST] });
  });
});
