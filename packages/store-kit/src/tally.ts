import type { RunReason, RunState, RunTally } from "@tidegate/core";
import { NO_RUNS } from "@tidegate/core/store";

/** Runs of one state that ended for one reason, as counted by a database. */
export interface TallyRow {
  readonly state: RunState;
  readonly reason: RunReason | null;
  readonly runs: number;
  readonly intervals: number;
  /** How many of the scheduled ones were planned late. */
  readonly late: number;
}

/** Sums the counts; no rows mean a ledger without runs. */
export function asTally(rows: readonly TallyRow[]): RunTally {
  const byState = { ...NO_RUNS };
  const byReason: Partial<Record<RunReason, number>> = {};
  let late = 0;
  for (const row of rows) {
    byState[row.state] += row.runs;
    if (row.reason !== null) byReason[row.reason] = (byReason[row.reason] ?? 0) + row.intervals;
    late += row.late;
  }
  return { byState, byReason, late };
}
