import type { NewRun, Run } from "@tidegate/core";
import { type RunColumns, asRun as runOf } from "@tidegate/store-sql";
import type { Statements } from "./statements.js";

/** A row of the table `run`. */
export interface RunRow extends RunColumns {
  readonly group_no: number;
  readonly is_blocking: number;
  readonly is_superseded: number;
  readonly is_cancel_requested: number;
  readonly is_job_open: number;
  /** As JSON. */
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
  return runOf(row, groupId, row.history === null ? [] : (JSON.parse(row.history) as Run["history"]));
}
