import type { CoverageRange, Interval, RunTally } from "@tidegate/core";
import { asTally, sharedTimeOf, type TallyRow } from "@tidegate/store-sql";
import type { Database } from "./database.js";

/** Merges a group's runs that have the same state and adjoining bounds. */
export async function coverage(
  database: Database,
  s: string,
  groupId: string,
  within: Interval | undefined,
): Promise<CoverageRange[]> {
  const { lower, upper } = within ?? { lower: null, upper: null };
  const text = `
    WITH part AS (
      SELECT state, lower, upper, generation, intervals, rows_read, rows_written, rows_dirty,
        CASE WHEN generation = 0 OR state NOT IN ('PLANNED', 'SUBMITTING', 'RUNNING') THEN false ELSE EXISTS (
          SELECT FROM ${s}.run other WHERE other.group_id = run.group_id AND other.lower = run.lower
            AND other.upper = run.upper AND other.state = 'SUCCEEDED' AND NOT other.is_superseded
        ) END AS is_apart
      FROM ${s}.run WHERE group_id = $1 AND NOT is_superseded AND ($2::bigint IS NULL OR CASE WHEN $2 = $3::bigint
        THEN lower = $2 AND upper = $3 ELSE lower < $3 AND upper > $2 END)
      ${within === undefined ? "" : withinReach(s)}
    ), marked AS (
      SELECT *, is_apart OR lag(upper) OVER same IS DISTINCT FROM lower AS is_first,
          row_number() OVER (ORDER BY lower, generation, upper) AS no
        FROM part WINDOW same AS (PARTITION BY state, is_apart ORDER BY lower, generation, upper)
    ), numbered AS (
      SELECT *, sum(is_first::int) OVER (PARTITION BY state, is_apart ORDER BY no) AS island FROM marked
    )
    SELECT state, min(lower) AS lower, (array_agg(upper ORDER BY no DESC))[1] AS upper, count(*)::int AS runs,
      sum(intervals)::bigint AS intervals, coalesce(sum(rows_read), 0)::bigint AS "rowsRead",
      coalesce(sum(rows_written), 0)::bigint AS "rowsWritten", coalesce(sum(rows_dirty), 0)::bigint AS "rowsDirty"
    FROM numbered GROUP BY state, is_apart, island ORDER BY min(no)`;
  return database.query<CoverageRange>(text, [groupId, lower, upper]);
}

/**
 * Limits the scan to lower bounds from which a run can reach the interval, given the length of the group's
 * longest run.
 */
function withinReach(s: string): string {
  return `AND lower <= $3 AND lower >= $2 - (SELECT longest_run_ms FROM ${s}.schedule_state WHERE group_id = $1)`;
}

/** Returns the time that more than one run of a group covers: see `ScheduleStore.sharedTime`. */
export async function sharedTime(
  database: Database,
  s: string,
  groupId: string,
  { lower, upper }: Interval,
): Promise<Interval[]> {
  const runs = `SELECT lower, generation, upper FROM ${s}.run
    WHERE group_id = $1 AND lower < $3 AND upper > $2 ${withinReach(s)}`;
  return database.query<Interval>(sharedTimeOf(runs), [groupId, lower, upper]);
}

/** Counts over a group's whole ledger: see `ScheduleStore.tally`. */
export async function tally(
  database: Database,
  s: string,
  groupId: string,
  lateToleranceMs: number,
): Promise<RunTally> {
  const rows = await database.query<TallyRow>(
    `SELECT r.state, r.reason, count(*) AS runs, sum(r.intervals)::bigint AS intervals,
      count(*) FILTER (WHERE r.kind = 'SCHEDULED' AND r.planned_at - r.scheduled_time - v.delay_ms > $2) AS late
      FROM ${s}.run r JOIN ${s}.schedule_version v ON v.group_id = r.group_id AND v.version = r.schedule_version
      WHERE r.group_id = $1 GROUP BY r.state, r.reason`,
    [groupId, lateToleranceMs],
  );
  return asTally(rows);
}
