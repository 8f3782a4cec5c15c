import {
  CLAIM_QUEUES,
  type ClaimQueue,
  type EpochMs,
  type NewRun,
  type Run,
  type RunWait,
} from "@tidegate/core";
import { type RunColumns, asRun as runOf } from "@tidegate/store-sql";
import type { Statements } from "./statements.js";

/** A row of the table `run`. */
export interface RunRow extends RunColumns {
  readonly no: number;
  readonly group_no: number;
  /** Its index in `CLAIM_QUEUES`. */
  readonly queue: number;
  readonly is_blocking: number;
  readonly is_superseded: number;
  readonly is_cancel_requested: number;
  readonly is_job_open: number;
  /** As JSON. */
  readonly history: string | null;
}

const INSERT = `INSERT INTO run (group_no, lower, generation, upper, id, kind, intervals, scheduled_time, state, reason,
  schedule_version, backfill_id, operator, attempt, token, place, queue, ready_at, wait, is_blocking, is_superseded,
  is_cancel_requested, planned_at, ended_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, 0, 0, 0, ?, ?) ON CONFLICT DO NOTHING`;

/** Where an inserted run stands: admitted at an instant to a queue, or waiting for something. */
export type Entry =
  | { readonly place: "ready"; readonly queue: ClaimQueue; readonly readyAt: EpochMs }
  | { readonly place: "waiting"; readonly wait: RunWait }
  | { readonly place: "none" };

/** Inserts a run. `false` if it exists already. */
export function insertRun(statements: Statements, groupNo: number, run: NewRun, entry: Entry): boolean {
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
    run.operator,
    entry.place,
    entry.place === "ready" ? queueNo(entry.queue) : 0,
    entry.place === "ready" ? entry.readyAt : null,
    entry.place === "waiting" ? JSON.stringify(entry.wait) : null,
    run.plannedAt,
    run.state === "PLANNED" ? null : run.plannedAt,
  );
  return changes === 1;
}

/** Returns the stored number of a queue. */
export function queueNo(queue: ClaimQueue): number {
  return CLAIM_QUEUES.indexOf(queue);
}

/** Converts a row to a run. */
export function asRun(row: RunRow, groupId: string): Run {
  return runOf(row, groupId, row.history === null ? [] : (JSON.parse(row.history) as Run["history"]));
}
