import type { CoverageRange, Interval, RunTally } from "@tidegate/core";
import { asTally, type TallyRow } from "@tidegate/store-sql";
import type { Database } from "./database.js";
import { LATE, LATE_MS } from "./migrations/0004-long-ledgers/index.js";

/**
 * Merges a group's runs that have the same state and adjoining bounds.
 *
 * First only runs that follow each other in the order of the index, which needs no sort: that leaves few, of
 * however many runs. Then what is left, state by state.
 */
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
    ), following AS (
      SELECT *, NOT is_apart AND lag(state) OVER runs = state AND lag(upper) OVER runs = lower
          AND NOT lag(is_apart) OVER runs AS follows
        FROM part WINDOW runs AS (ORDER BY lower, generation, upper)
    ), piece AS (
      SELECT *, count(*) FILTER (WHERE follows IS NOT TRUE)
          OVER (ORDER BY lower, generation, upper ROWS UNBOUNDED PRECEDING) AS no
        FROM following
    ), pieces AS MATERIALIZED (
      SELECT no, min(state) AS state, bool_or(is_apart) AS is_apart, min(lower) AS lower, max(upper) AS upper,
          count(*) AS runs, sum(intervals) AS intervals, sum(rows_read) AS rows_read,
          sum(rows_written) AS rows_written, sum(rows_dirty) AS rows_dirty
        FROM piece GROUP BY no
    ), marked AS (
      SELECT *, is_apart OR lag(upper) OVER same IS DISTINCT FROM lower AS is_first
        FROM pieces WINDOW same AS (PARTITION BY state, is_apart ORDER BY no)
    ), numbered AS (
      SELECT *, sum(is_first::int) OVER (PARTITION BY state, is_apart ORDER BY no) AS island FROM marked
    )
    SELECT state, min(lower) AS lower, (array_agg(upper ORDER BY no DESC))[1] AS upper, sum(runs)::int AS runs,
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

/**
 * Counts over a group's whole ledger: see `ScheduleStore.tally`. The runs that have simply succeeded are the
 * group's runs less all others, which have indexes.
 */
export async function tally(
  database: Database,
  s: string,
  groupId: string,
  lateToleranceMs: number,
): Promise<RunTally> {
  const others = (condition: string): string =>
    `SELECT state, reason, intervals FROM ${s}.run WHERE group_id = $1 AND ${condition}`;
  const rows = await database.query<TallyRow>(
    `WITH other AS MATERIALIZED (
      SELECT state, reason, count(*) AS runs, sum(intervals)::bigint AS intervals FROM (
        ${others("failure IS NOT NULL")}
        UNION ALL ${others(`place IN ('waiting', 'gated', 'ready') AND failure IS NULL`)}
        UNION ALL ${others(`place = 'active' AND lease_until IS NOT NULL AND failure IS NULL`)}
        UNION ALL ${others("reason IS NOT NULL AND state = 'SUCCEEDED' AND failure IS NULL")}
      ) r GROUP BY state, reason
    )
    SELECT state, reason, runs, intervals, 0::bigint AS late FROM other
    UNION ALL
    SELECT 'SUCCEEDED', NULL, t.run_count - (SELECT coalesce(sum(runs), 0)::bigint FROM other), 0::bigint, (
        SELECT count(*) FROM ${s}.run r JOIN ${s}.schedule_version v ON v.group_id = r.group_id
            AND v.version = r.schedule_version
          WHERE r.group_id = $1 AND ${lateToleranceMs < LATE_MS ? "kind = 'SCHEDULED'" : LATE}
            AND r.planned_at - r.scheduled_time - v.delay_ms > $2
      ) FROM ${s}.schedule_state t WHERE t.group_id = $1`,
    [groupId, lateToleranceMs],
  );
  return asTally(rows);
}
