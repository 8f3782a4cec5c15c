import type { CoverageRange, Interval, RunReason, RunState, RunTally } from "@tidegate/core";
import { longestRunMs } from "./listings.js";
import type { Statements } from "./statements.js";

interface CoverageRow {
  readonly state: RunState;
  readonly lower: number;
  readonly upper: number;
  readonly runs: number;
  readonly intervals: number;
  readonly rows_read: number;
  readonly rows_written: number;
  readonly rows_dirty: number;
}

/**
 * One scan over a group's cluster. A row begins a range where its state or its lower bound differs from what the row
 * before leads to expect; ranges are then summed up by how many have begun.
 */
const COVERAGE = `
  WITH ordered AS (
    SELECT state, lower, upper, intervals, rows_read, rows_written, rows_dirty,
      lag(state) OVER neighbours IS NOT state OR lag(upper) OVER neighbours IS NOT lower AS begins
    FROM run
    WHERE group_no = ? AND is_superseded = 0 AND lower >= ? AND (lower < ? AND upper > ? OR lower = ? AND upper = ?)
    WINDOW neighbours AS (ORDER BY lower, generation, upper)
  ), numbered AS (
    SELECT *, sum(begins) OVER (ORDER BY lower ROWS UNBOUNDED PRECEDING) AS range_no FROM ordered
  )
  SELECT min(state) AS state, min(lower) AS lower, max(upper) AS upper, count(*) AS runs, sum(intervals) AS intervals,
    total(rows_read) AS rows_read, total(rows_written) AS rows_written, total(rows_dirty) AS rows_dirty
  FROM numbered GROUP BY range_no ORDER BY min(range_no)`;

/** A group's runs, merged where state is the same and bounds meet. */
export function coverage(statements: Statements, no: number, within: Interval | undefined): CoverageRange[] {
  const { lower, upper } = within ?? { lower: Number.MIN_SAFE_INTEGER, upper: Number.MAX_SAFE_INTEGER };
  const first = within === undefined ? lower : lower - longestRunMs(statements, no);
  const isEmpty = lower === upper;
  const rows = statements.all<CoverageRow>(
    COVERAGE,
    no,
    first,
    isEmpty ? lower : upper,
    isEmpty ? upper : lower,
    isEmpty ? lower : null,
    isEmpty ? upper : null,
  );
  return rows.map(({ rows_read, rows_written, rows_dirty, ...row }) => ({
    ...row,
    rowsRead: rows_read,
    rowsWritten: rows_written,
    rowsDirty: rows_dirty,
  }));
}

/** Counts over a group's whole ledger. */
export function tally(statements: Statements, no: number | undefined, lateToleranceMs: number): RunTally {
  const byState: Record<RunState, number> = {
    PLANNED: 0,
    SUBMITTING: 0,
    RUNNING: 0,
    SUCCEEDED: 0,
    FAILED: 0,
    CANCELLED: 0,
    SKIPPED: 0,
  };
  const byReason: Partial<Record<RunReason, number>> = {};
  let late = 0;
  if (no === undefined) return { byState, byReason, late };
  const rows = statements.all<{ state: RunState; reason: RunReason | null; runs: number; intervals: number; late: number }>(
    `SELECT state, reason, count(*) AS runs, sum(intervals) AS intervals,
      sum(kind = 'SCHEDULED' AND planned_at - scheduled_time - (SELECT delay_ms FROM schedule_state WHERE no = ?) > ?) AS late
      FROM run WHERE group_no = ? GROUP BY state, reason`,
    no,
    lateToleranceMs,
    no,
  );
  for (const row of rows) {
    byState[row.state] += row.runs;
    if (row.reason !== null) byReason[row.reason] = (byReason[row.reason] ?? 0) + row.intervals;
    late += row.late;
  }
  return { byState, byReason, late };
}
