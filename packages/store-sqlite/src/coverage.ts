import type { DatabaseSync } from "node:sqlite";
import type { Interval, RunState, RunTally } from "@tidegate/core";
import type { CoverageRange } from "@tidegate/core/store";
import { asTally, type TallyRow } from "@tidegate/store-kit";
import { countLate } from "./late-runs.js";
import { longestRunMs } from "./longest-run.js";
import type { Statements } from "./statements.js";

/**
 * One scan over a group's runs in order. SQLite walks the index and the rows; a function here receives each
 * row and merges it with the last range of its state. A run in progress for an interval that has succeeded
 * before stays separate. This is three times as fast as window functions. `LIMIT -1` keeps the inner order
 * from being optimized away.
 */
const SCAN = `
  SELECT sum(tidegate_merge(state, lower, upper, intervals, rows_read, rows_written, rows_dirty, is_apart)) FROM (
    SELECT state, lower, upper, intervals, rows_read, rows_written, rows_dirty,
      CASE WHEN generation = 0 OR state NOT IN ('PLANNED', 'SUBMITTING', 'RUNNING') THEN 0 ELSE EXISTS (
        SELECT 1 FROM run other WHERE other.group_no = run.group_no AND other.lower = run.lower
          AND other.upper = run.upper AND other.state = 'SUCCEEDED' AND other.is_superseded = 0
      ) END AS is_apart
    FROM run
    WHERE group_no = ? AND is_superseded = 0 AND lower >= ? AND (lower < ? AND upper > ? OR lower = ? AND upper = ?)
    ORDER BY lower, generation, upper LIMIT -1
  )`;

type MutableRange = { -readonly [Field in keyof CoverageRange]: CoverageRange[Field] };

/** Merges a group's runs that have the same state and adjoining bounds. */
export class CoverageScan {
  readonly #statements: Statements;
  #ranges: MutableRange[] = [];
  readonly #lastOfState = new Map<RunState, MutableRange>();

  constructor(database: DatabaseSync, statements: Statements) {
    this.#statements = statements;
    database.function("tidegate_merge", { directOnly: true, varargs: true }, (...row: unknown[]) =>
      this.#merge(row as MergedRow),
    );
  }

  run(no: number, within: Interval | undefined): CoverageRange[] {
    const { lower, upper } = within ?? { lower: Number.MIN_SAFE_INTEGER, upper: Number.MAX_SAFE_INTEGER };
    const first = within === undefined ? lower : lower - longestRunMs(this.#statements, no);
    const isEmpty = lower === upper;
    this.#ranges = [];
    this.#statements.get(
      SCAN,
      no,
      first,
      isEmpty ? lower : upper,
      isEmpty ? upper : lower,
      isEmpty ? lower : null,
      isEmpty ? upper : null,
    );
    const ranges = this.#ranges;
    this.#ranges = [];
    this.#lastOfState.clear();
    return ranges;
  }

  #merge([state, lower, upper, intervals, read, written, dirty, isApart]: MergedRow): number {
    const last = isApart === 1 ? undefined : this.#lastOfState.get(state);
    if (last === undefined || last.upper !== lower) {
      const rows = { rowsRead: read ?? 0, rowsWritten: written ?? 0, rowsDirty: dirty ?? 0 };
      const range = { state, lower, upper, runs: 1, intervals, ...rows };
      this.#ranges.push(range);
      if (isApart === 0) this.#lastOfState.set(state, range);
      return 1;
    }
    last.upper = upper;
    last.runs += 1;
    last.intervals += intervals;
    if (read !== null) last.rowsRead += read;
    if (written !== null) last.rowsWritten += written;
    if (dirty !== null) last.rowsDirty += dirty;
    return 0;
  }
}

type MergedRow = [
  state: RunState,
  lower: number,
  upper: number,
  intervals: number,
  rowsRead: number | null,
  rowsWritten: number | null,
  rowsDirty: number | null,
  isApart: 0 | 1,
];

const OTHERS = (index: string, condition: string): string =>
  `SELECT state, reason, intervals FROM run INDEXED BY ${index} WHERE group_no = ?1 AND ${condition}`;

/** The runs that have not simply succeeded: each of these uses an index without those that have. */
const OTHER = `SELECT state, reason, count(*) AS runs, sum(intervals) AS intervals, 0 AS late FROM (
    ${OTHERS("run_failed", "failure IS NOT NULL")}
    UNION ALL ${OTHERS("run_ready", "place = 'ready'")}
    UNION ALL ${OTHERS("run_gated", "place = 'gated'")}
    UNION ALL ${OTHERS("run_waiting", "place = 'waiting'")}
    UNION ALL ${OTHERS("run_held", "lease_until IS NOT NULL")}
    UNION ALL ${OTHERS("run_with_reason", "reason IS NOT NULL AND state = 'SUCCEEDED'")}
  ) GROUP BY state, reason`;

/**
 * Counts over a group's whole ledger: see `ScheduleStore.tally`. The runs that have simply succeeded are the
 * group's runs less all others, which have indexes.
 */
export function tally(statements: Statements, no: number | undefined, lateToleranceMs: number): RunTally {
  if (no === undefined) return asTally([]);
  const others = statements.all<TallyRow>(OTHER, no);
  const { runs } = statements.get<{ runs: number }>(
    "SELECT run_count AS runs FROM schedule_state WHERE no = ?",
    no,
  )!;
  const succeeded = runs - others.reduce((sum, row) => sum + row.runs, 0);
  return asTally([
    ...others,
    {
      state: "SUCCEEDED",
      reason: null,
      runs: succeeded,
      intervals: 0,
      late: countLate(statements, no, lateToleranceMs),
    },
  ]);
}
