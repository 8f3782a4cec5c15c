import type { Interval } from "../../interval/boundaries.js";
import type { CoverageRange } from "../schedule-store.js";
import type { RunRow } from "./run-table.js";

/** Merges runs that are not superseded, in order, where state is the same and bounds meet. */
export function mergeCoverage(rows: Iterable<RunRow>, within: Interval | undefined): CoverageRange[] {
  const ranges: { -readonly [Field in keyof CoverageRange]: CoverageRange[Field] }[] = [];
  for (const row of rows) {
    if (row.isSuperseded || !intersects(row, within)) continue;
    const { rowsRead = 0, rowsWritten = 0, rowsDirty = 0 } = row.metrics ?? {};
    const last = ranges.at(-1);
    if (last !== undefined && last.state === row.state && last.upper === row.lower) {
      last.upper = row.upper;
      last.runs += 1;
      last.intervals += row.intervals;
      last.rowsRead += rowsRead;
      last.rowsWritten += rowsWritten;
      last.rowsDirty += rowsDirty;
    } else {
      const { state, lower, upper, intervals } = row;
      ranges.push({ state, lower, upper, runs: 1, intervals, rowsRead, rowsWritten, rowsDirty });
    }
  }
  return ranges;
}

/** Whether a run's interval has time in common with another, or equals it where that is empty. */
export function intersects({ lower, upper }: Interval, within: Interval | undefined): boolean {
  if (within === undefined) return true;
  if (within.lower === within.upper) return lower === within.lower && upper === within.upper;
  return lower < within.upper && upper > within.lower;
}
