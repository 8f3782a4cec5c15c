import type { Interval } from "../../interval/boundaries.js";
import { isEnded } from "../../run/lane.js";
import type { RunState } from "../../run/run.js";
import type { CoverageRange } from "../run-ledger.js";
import type { MutableRun, RunRow } from "./rows.js";
import type { RunIndex } from "./run-index.js";

type MutableRange = { -readonly [Field in keyof CoverageRange]: CoverageRange[Field] };

/** Merges a group's runs that are not superseded: see `ScheduleStore.coverage`. */
export function coverageOf(runs: RunIndex<RunRow>, within: Interval | undefined): CoverageRange[] {
  const ranges: MutableRange[] = [];
  const lastOfState = new Map<RunState, MutableRange>();
  for (const { run } of runs.rows({ within })) {
    if (run.isSuperseded) continue;
    const isApart = isRerun(runs, run);
    const last = isApart ? undefined : lastOfState.get(run.state);
    if (last?.upper === run.lower) {
      extend(last, run);
      continue;
    }
    const range = rangeOf(run);
    ranges.push(range);
    if (!isApart) lastOfState.set(run.state, range);
  }
  return ranges;
}

/** Returns whether a run is in progress for an interval that has succeeded before. */
function isRerun(runs: RunIndex<RunRow>, run: MutableRun): boolean {
  if (run.generation === 0 || isEnded(run.state)) return false;
  for (const { run: other } of runs.ofInterval(run)) {
    if (other.state === "SUCCEEDED" && !other.isSuperseded) return true;
  }
  return false;
}

function rangeOf({ state, lower, upper, intervals, metrics }: MutableRun): MutableRange {
  const { rowsRead = 0, rowsWritten = 0, rowsDirty = 0 } = metrics ?? {};
  return { state, lower, upper, runs: 1, intervals, rowsRead, rowsWritten, rowsDirty };
}

function extend(range: MutableRange, { upper, intervals, metrics }: MutableRun): void {
  const { rowsRead = 0, rowsWritten = 0, rowsDirty = 0 } = metrics ?? {};
  range.upper = upper;
  range.runs += 1;
  range.intervals += intervals;
  range.rowsRead += rowsRead;
  range.rowsWritten += rowsWritten;
  range.rowsDirty += rowsDirty;
}
