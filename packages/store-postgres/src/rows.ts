import type { AttemptRecord, Backfill, Run, Schedule } from "@tidegate/core";
import {
  type BackfillColumns,
  asBackfill as backfillOf,
  type RunColumns,
  asRun as runOf,
  type ScheduleColumns,
  asSchedule as scheduleOf,
} from "@tidegate/store-kit";

/** A row of the table `run`. */
export interface RunRow extends RunColumns {
  readonly group_id: string;
  readonly look_at: number | null;
  readonly look: number;
  /** Each element as JSON. */
  readonly history: readonly string[] | null;
}

/** Converts a row to a run. */
export function asRun(row: RunRow): Run {
  return runOf(
    row,
    row.group_id,
    (row.history ?? []).map((record) => JSON.parse(record) as AttemptRecord),
  );
}

/** A schedule as read from all three tables. */
export interface ScheduleRow extends ScheduleColumns {
  readonly admitted_runs: number;
  readonly gated_runs: number;
  readonly waiting_runs: number;
  readonly blocking_runs: number;
}

/**
 * Selects the columns of a `ScheduleRow` from its tables.
 *
 * @param s - the schema, quoted
 */
export const selectSchedules = (
  s: string,
): string => `SELECT d.group_id, d.version, d.status, d.status_reason, d.engine, d.incarnation, d.origin,
  d.created_at, d.updated_at, t.watermark, t.next_fire_at, t.offsets, t.admitted_runs, t.gated_runs, t.waiting_runs, t.blocking_runs, v.spec
  FROM ${s}.schedule d JOIN ${s}.schedule_state t ON t.group_id = d.group_id
  JOIN ${s}.schedule_version v ON v.group_id = d.group_id AND v.version = d.version`;

/** Converts a row to a schedule. */
export function asSchedule(row: ScheduleRow): Schedule {
  const { admitted_runs, gated_runs, waiting_runs, blocking_runs } = row;
  return scheduleOf(row, {
    admittedRuns: admitted_runs,
    gatedRuns: gated_runs,
    waitingRuns: waiting_runs,
    blockingRuns: blocking_runs,
  });
}

/** A row of the table `backfill`. */
export interface BackfillRow extends BackfillColumns {
  readonly group_id: string;
}

/** Converts a row to a backfill. */
export function asBackfill(row: BackfillRow): Backfill {
  return backfillOf(row, row.group_id);
}
