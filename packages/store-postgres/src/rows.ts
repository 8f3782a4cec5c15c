import type {
  AttemptRecord,
  Backfill,
  BackfillSelect,
  BackfillState,
  JobMetrics,
  Run,
  Schedule,
  ScheduleSpec,
  ScheduleStatus,
} from "@tidegate/core";

/** A row of the table `run`. */
export interface RunRow {
  readonly id: string;
  readonly group_id: string;
  readonly lower: number;
  readonly generation: number;
  readonly upper: number;
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
  readonly is_blocking: boolean;
  readonly is_superseded: boolean;
  readonly is_cancel_requested: boolean;
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
  readonly history: readonly string[] | null;
}

/** The run that a row stands for. */
export function asRun(row: RunRow): Run {
  return {
    id: row.id,
    groupId: row.group_id,
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
    isBlocking: row.is_blocking,
    isSuperseded: row.is_superseded,
    isCancelRequested: row.is_cancel_requested,
    plannedAt: row.planned_at,
    submittedAt: row.submitted_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    jobId: row.job_id,
    jobAddress: row.job_address,
    metrics: metricsOf(row),
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? "" },
    history: (row.history ?? []).map((record) => JSON.parse(record) as AttemptRecord),
  };
}

function metricsOf({ rows_read, rows_written, rows_dirty, bytes_written }: RunRow): JobMetrics | null {
  if (rows_read === null && rows_written === null && rows_dirty === null && bytes_written === null)
    return null;
  return {
    ...(rows_read === null ? {} : { rowsRead: rows_read }),
    ...(rows_written === null ? {} : { rowsWritten: rows_written }),
    ...(rows_dirty === null ? {} : { rowsDirty: rows_dirty }),
    ...(bytes_written === null ? {} : { bytesWritten: bytes_written }),
  };
}

/** A schedule as it is read: of all three tables. */
export interface ScheduleRow {
  readonly group_id: string;
  readonly version: number;
  readonly status: ScheduleStatus;
  readonly status_reason: string | null;
  readonly origin: number;
  readonly watermark: number;
  readonly next_fire_at: number | null;
  readonly admitted_runs: number;
  readonly waiting_runs: number;
  readonly blocking_runs: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly spec: string;
}

/** The columns of a `ScheduleRow`, and what they are of. */
export const selectSchedules = (
  s: string,
): string => `SELECT d.group_id, d.version, d.status, d.status_reason, d.origin,
  d.created_at, d.updated_at, t.watermark, t.next_fire_at, t.admitted_runs, t.waiting_runs, t.blocking_runs, v.spec
  FROM ${s}.schedule d JOIN ${s}.schedule_state t ON t.group_id = d.group_id
  JOIN ${s}.schedule_version v ON v.group_id = d.group_id AND v.version = d.version`;

/** The schedule that a row stands for. */
export function asSchedule(row: ScheduleRow): Schedule {
  return {
    spec: JSON.parse(row.spec) as ScheduleSpec,
    version: row.version,
    status: row.status,
    statusReason: row.status_reason,
    origin: row.origin,
    watermark: row.watermark,
    nextFireAt: row.next_fire_at,
    admittedRuns: row.admitted_runs,
    waitingRuns: row.waiting_runs,
    blockingRuns: row.blocking_runs,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** A row of the table `backfill`. */
export interface BackfillRow {
  readonly id: string;
  readonly group_id: string;
  readonly lower: number;
  readonly upper: number;
  readonly selects: BackfillSelect;
  readonly concurrency: number;
  readonly cursor: number;
  readonly state: BackfillState;
  readonly planned_runs: number;
  readonly open_runs: number;
  readonly created_at: number;
  readonly updated_at: number;
}

/** The backfill that a row stands for. */
export function asBackfill(row: BackfillRow): Backfill {
  return {
    id: row.id,
    groupId: row.group_id,
    lower: row.lower,
    upper: row.upper,
    select: row.selects,
    concurrency: row.concurrency,
    cursor: row.cursor,
    state: row.state,
    plannedRuns: row.planned_runs,
    openRuns: row.open_runs,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
