import type { Interval, RunTally } from "@tidegate/core";
import type { CoverageRange } from "@tidegate/core/store";
import { asTally, type TallyRow } from "@tidegate/store-kit";
import type { Database } from "./database.js";
import { LATE, LATE_MS } from "./migrations/0005-long-ledgers/index.js";

/** Merges a group's runs that have the same state and adjoining bounds. */
export async function coverage(
  database: Database,
  s: string,
  groupId: string,
  within: Interval | undefined,
): Promise<CoverageRange[]> {
  const { lower, upper } = within ?? { lower: Number.MIN_SAFE_INTEGER, upper: Number.MAX_SAFE_INTEGER };
  // No run that begins earlier can reach the interval.
  const first = `$2::bigint - coalesce((SELECT longest_run_ms FROM ${s}.schedule_state WHERE group_id = $1), 0)`;
  return database.query<CoverageRange>(
    `SELECT its_state AS state, its_lower AS lower, its_upper AS upper, its_runs AS runs, its_intervals AS intervals,
      its_read AS "rowsRead", its_written AS "rowsWritten", its_dirty AS "rowsDirty"
      FROM ${s}.coverage($1, ${first}, $2, $3)`,
    [groupId, lower, upper],
  );
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
