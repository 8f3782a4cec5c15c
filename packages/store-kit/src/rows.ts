import type {
  AttemptRecord,
  Backfill,
  BackfillSelect,
  BackfillState,
  Run,
  Schedule,
  ScheduleStatus,
} from "@tidegate/core";
import type { JobMetrics } from "@tidegate/core/operator";
import { readSpec } from "@tidegate/core/store";

/** A boolean as the database returns it: 0 or 1 if it has no booleans. */
export type Flag = boolean | number;

/** The columns of a run except its group and its history, which databases store differently. */
export interface RunColumns {
  readonly id: string;
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
  readonly operator: string;
  readonly place: Run["place"];
  readonly ready_at: number | null;
  readonly lease_until: number | null;
  /** As JSON. */
  readonly wait: string | null;
  /** As JSON. */
  readonly marked_ready: string | null;
  readonly is_blocking: Flag;
  readonly is_superseded: Flag;
  readonly is_cancel_requested: Flag;
  readonly is_job_open: Flag;
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
  /** As JSON. */
  readonly inputs: string | null;
  readonly stale_at: number | null;
  /** As JSON. */
  readonly report: string | null;
  /** As JSON. */
  readonly offsets: string | null;
}

const NO_INPUTS: Run["inputs"] = Object.freeze([]);

/** Converts a row to a run. */
export function asRun(row: RunColumns, groupId: string, history: readonly AttemptRecord[]): Run {
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
    operator: row.operator,
    attempt: row.attempt,
    place: row.place,
    readyAt: row.ready_at,
    leaseUntil: row.lease_until,
    wait: row.wait === null ? null : (JSON.parse(row.wait) as Run["wait"]),
    markedReady: row.marked_ready === null ? null : (JSON.parse(row.marked_ready) as Run["markedReady"]),
    isBlocking: Boolean(row.is_blocking),
    isSuperseded: Boolean(row.is_superseded),
    isCancelRequested: Boolean(row.is_cancel_requested),
    isJobOpen: Boolean(row.is_job_open),
    plannedAt: row.planned_at,
    submittedAt: row.submitted_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    jobId: row.job_id,
    jobAddress: row.job_address,
    metrics: metricsOf(row),
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? "" },
    history,
    inputs: row.inputs === null ? NO_INPUTS : (JSON.parse(row.inputs) as Run["inputs"]),
    staleAt: row.stale_at,
    report: row.report === null ? null : (JSON.parse(row.report) as Run["report"]),
    offsets: row.offsets === null ? null : (JSON.parse(row.offsets) as Run["offsets"]),
  };
}

function metricsOf({ rows_read, rows_written, rows_dirty, bytes_written }: RunColumns): JobMetrics | null {
  if (rows_read === null && rows_written === null && rows_dirty === null && bytes_written === null)
    return null;
  return {
    ...(rows_read === null ? {} : { rowsRead: rows_read }),
    ...(rows_written === null ? {} : { rowsWritten: rows_written }),
    ...(rows_dirty === null ? {} : { rowsDirty: rows_dirty }),
    ...(bytes_written === null ? {} : { bytesWritten: bytes_written }),
  };
}

/** The columns of a schedule and of its newest version. */
export interface ScheduleColumns {
  readonly group_id: string;
  readonly version: number;
  readonly status: ScheduleStatus;
  readonly status_reason: string | null;
  readonly engine: string;
  readonly incarnation: string;
  readonly origin: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly watermark: number;
  readonly next_fire_at: number | null;
  /** As JSON. */
  readonly offsets: string | null;
  /** As JSON. */
  readonly spec: string;
}

/** How many runs stand in each part of a lane. */
export type LaneCounts = Pick<Schedule, "admittedRuns" | "gatedRuns" | "waitingRuns" | "blockingRuns">;

/** Converts a row and its lane to a schedule. */
export function asSchedule(row: ScheduleColumns, lane: LaneCounts): Schedule {
  return {
    ...readSpec(row.spec, { groupId: row.group_id, engine: row.engine, origin: row.origin }),
    version: row.version,
    status: row.status,
    statusReason: row.status_reason,
    incarnation: row.incarnation,
    origin: row.origin,
    watermark: row.watermark,
    nextFireAt: row.next_fire_at,
    offsets: row.offsets === null ? null : (JSON.parse(row.offsets) as Schedule["offsets"]),
    admittedRuns: lane.admittedRuns,
    gatedRuns: lane.gatedRuns,
    waitingRuns: lane.waitingRuns,
    blockingRuns: lane.blockingRuns,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** The columns of a backfill except its group. */
export interface BackfillColumns {
  readonly id: string;
  readonly lower: number;
  readonly upper: number;
  readonly selects: BackfillSelect;
  readonly concurrency: number;
  readonly cursor: number;
  readonly state: BackfillState;
  readonly reason: string | null;
  readonly planned_runs: number;
  readonly open_runs: number;
  readonly created_at: number;
  readonly updated_at: number;
}

/** Converts a row to a backfill. */
export function asBackfill(row: BackfillColumns, groupId: string): Backfill {
  return {
    id: row.id,
    groupId,
    lower: row.lower,
    upper: row.upper,
    select: row.selects,
    concurrency: row.concurrency,
    cursor: row.cursor,
    state: row.state,
    reason: row.reason,
    plannedRuns: row.planned_runs,
    openRuns: row.open_runs,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
