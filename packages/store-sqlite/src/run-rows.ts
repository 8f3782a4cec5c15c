import type { JobMetrics, NewRun, Run } from "@tidegate/core";
import type { Statements } from "./statements.js";

/** A row of the table `run`. */
export interface RunRow {
  readonly group_no: number;
  readonly lower: number;
  readonly generation: number;
  readonly upper: number;
  readonly id: string;
  readonly kind: Run["kind"];
  readonly intervals: number;
  readonly scheduled_time: number;
  readonly state: Run["state"];
  readonly reason: Run["reason"];
  readonly schedule_version: number;
  readonly backfill_id: string | null;
  readonly attempt: number;
  readonly token: number;
  readonly wake_at: number | null;
  readonly is_blocking: number;
  readonly is_superseded: number;
  readonly is_cancel_requested: number;
  readonly planned_at: number;
  readonly submitted_at: number | null;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly job_id: string | null;
  readonly job_address: string | null;
  readonly rows_read: number | null;
  readonly rows_written: number | null;
  readonly rows_dirty: number | null;
  readonly bytes_written: number | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly history: string | null;
}

const INSERT = `INSERT INTO run (group_no, lower, generation, upper, id, kind, intervals, scheduled_time, state, reason,
  schedule_version, backfill_id, attempt, token, wake_at, is_blocking, is_superseded, is_cancel_requested, planned_at, ended_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, 0, 0, 0, ?, ?) ON CONFLICT DO NOTHING`;

/** Inserts a run. `false` where it is there already. */
export function insertRun(
  statements: Statements,
  groupNo: number,
  run: NewRun,
  wakeAt: number | null,
): boolean {
  const isPlanned = run.state === "PLANNED";
  const changes = statements.run(
    INSERT,
    groupNo,
    run.lower,
    run.generation,
    run.upper,
    run.id,
    run.kind,
    run.intervals,
    run.scheduledTime,
    run.state,
    run.reason,
    run.scheduleVersion,
    run.backfillId,
    isPlanned ? wakeAt : null,
    run.plannedAt,
    isPlanned ? null : run.plannedAt,
  );
  return changes === 1;
}

/** The run that a row stands for. */
export function asRun(row: RunRow, groupId: string): Run {
  return {
    id: row.id,
    groupId,
    kind: row.kind,
    lower: row.lower,
    upper: row.upper,
    generation: row.generation,
    intervals: row.intervals,
    scheduledTime: row.scheduled_time,
    state: row.state,
    reason: row.reason,
    scheduleVersion: row.schedule_version,
    backfillId: row.backfill_id,
    attempt: row.attempt,
    wakeAt: row.wake_at,
    isBlocking: row.is_blocking === 1,
    isSuperseded: row.is_superseded === 1,
    isCancelRequested: row.is_cancel_requested === 1,
    plannedAt: row.planned_at,
    submittedAt: row.submitted_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    jobId: row.job_id,
    jobAddress: row.job_address,
    metrics: metricsOf(row),
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? "" },
    history: row.history === null ? [] : (JSON.parse(row.history) as Run["history"]),
  };
}

function metricsOf(row: RunRow): JobMetrics | null {
  const { rows_read, rows_written, rows_dirty, bytes_written } = row;
  if (rows_read === null && rows_written === null && rows_dirty === null && bytes_written === null)
    return null;
  return {
    ...(rows_read === null ? {} : { rowsRead: rows_read }),
    ...(rows_written === null ? {} : { rowsWritten: rows_written }),
    ...(rows_dirty === null ? {} : { rowsDirty: rows_dirty }),
    ...(bytes_written === null ? {} : { bytesWritten: bytes_written }),
  };
}
