import type { EpochMs, Run, RunWait } from "@tidegate/core";
import {
  CLAIM_QUEUES,
  type ClaimQueue,
  failureOf,
  GATINGS,
  type Gating,
  type NewReportedRun,
  type NewRun,
} from "@tidegate/core/store";
import { type RunColumns, asRun as runOf } from "@tidegate/store-kit";
import { OffsetTexts } from "./offset-texts.js";
import type { Statements } from "./statements.js";

/** A row of the table `run`. */
export interface RunRow extends RunColumns {
  readonly no: number;
  readonly group_no: number;
  /** Its index in `CLAIM_QUEUES`; more by their number if it is chosen by pools or a priority. */
  readonly queue: number;
  /** Its index in `GATINGS`. */
  readonly gating: number;
  /** When it is due to be asked about while it is gated. */
  readonly look_at: number | null;
  readonly look: number;
  readonly is_blocking: number;
  readonly is_superseded: number;
  readonly is_cancel_requested: number;
  readonly is_job_open: number;
  /** As JSON. */
  readonly history: string | null;
}

const INSERT = `INSERT INTO run (group_no, lower, generation, upper, id, kind, intervals, scheduled_time, state, reason,
  schedule_version, backfill_id, operator, attempt, token, gating, place, queue, ready_at, wait, look_at, is_blocking,
  is_superseded, is_cancel_requested, planned_at, ended_at, failure)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?, ?, ?) ON CONFLICT DO NOTHING`;

const INSERT_WITH_OFFSETS = withOffsets(INSERT);

/** As `INSERT` does it, a scheduled run that is ready: few values are bound, since each costs time. */
const INSERT_READY = `INSERT INTO run (group_no, lower, generation, upper, id, kind, intervals, scheduled_time, state,
  schedule_version, operator, attempt, token, gating, place, queue, ready_at, is_blocking, is_superseded,
  is_cancel_requested, planned_at)
  VALUES (?, ?, ?, ?, ?, 'SCHEDULED', ?, ?, 'PLANNED', ?, ?, 0, 0, ?, 'ready', ?, ?, 0, 0, 0, ?)
  ON CONFLICT DO NOTHING`;

const INSERT_READY_WITH_OFFSETS = withOffsets(INSERT_READY);

/** Returns an insertion of a run with one more value, its positions. */
export function withOffsets(insert: string): string {
  return insert.replace(/\)\s+VALUES/, ", offsets$&").replace(/\)\s+ON CONFLICT/, ", ?$&");
}

/** Where an inserted run stands: admitted at an instant to a queue, waiting for something, or gated. */
export type Entry =
  | { readonly place: "ready"; readonly queue: ClaimQueue; readonly readyAt: EpochMs }
  | { readonly place: "waiting"; readonly wait: RunWait }
  | {
      readonly place: "gated";
      readonly queue: ClaimQueue;
      readonly wait: RunWait;
      readonly lookAt: EpochMs;
    }
  | { readonly place: "none" };

/** Inserts a run. `false` if it exists already. */
export function insertRun(
  statements: Statements,
  groupNo: number,
  run: NewRun | NewReportedRun,
  entry: Entry,
  texts = new OffsetTexts(),
): boolean {
  if (entry.place === "ready" && isPlain(run)) return insertReady(statements, groupNo, run, entry, texts);
  const offsets = "offsets" in run && run.offsets !== undefined ? [texts.ofRun(run.offsets)] : [];
  const changes = statements.run(
    offsets.length === 0 ? INSERT : INSERT_WITH_OFFSETS,
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
    gatingNo("gating" in run ? run.gating : undefined),
    entry.place,
    // A run that waits may be cancelled and revived without passing its lane.
    queueNo("queue" in entry ? entry.queue : run.kind === "BACKFILL" ? "rest" : "live"),
    entry.place === "ready" ? entry.readyAt : null,
    "wait" in entry ? JSON.stringify(entry.wait) : null,
    entry.place === "gated" ? entry.lookAt : null,
    run.plannedAt,
    run.state === "PLANNED" ? null : run.plannedAt,
    failureOf(run.state),
    ...offsets,
  );
  if (changes === 1 && "snapshot" in run && run.snapshot !== undefined)
    statements.run("UPDATE run SET snapshot = ? WHERE id = ?", JSON.stringify(run.snapshot), run.id);
  if (changes === 1 && "isPooled" in run && run.isPooled === true)
    statements.run(`UPDATE run SET ${POOLING_OF_ITS_VERSION} WHERE id = ?`, run.id);
  return changes === 1;
}

function isPlain(run: NewRun | NewReportedRun): run is NewRun {
  if (run.kind !== "SCHEDULED" || run.state !== "PLANNED" || run.reason !== null) return false;
  const { backfillId, snapshot, isPooled } = run as NewRun;
  return backfillId === null && snapshot === undefined && isPooled !== true;
}

function insertReady(
  statements: Statements,
  groupNo: number,
  run: NewRun,
  { queue, readyAt }: Entry & { readonly place: "ready" },
  texts: OffsetTexts,
): boolean {
  const { offsets } = run;
  const changes = statements.run(
    offsets === undefined ? INSERT_READY : INSERT_READY_WITH_OFFSETS,
    groupNo,
    run.lower,
    run.generation,
    run.upper,
    run.id,
    run.intervals,
    run.scheduledTime,
    run.scheduleVersion,
    run.operator,
    gatingNo(run.gating),
    queueNo(queue),
    readyAt,
    run.plannedAt,
    ...(offsets === undefined ? [] : [texts.ofRun(offsets)]),
  );
  return changes === 1;
}

/** A run is chosen by the pools and the priority of its version; then its queue is one of those of pools. */
export const POOLING_OF_ITS_VERSION = `(pool_needs, pool_priority, pool_key, pool_weight, queue) = (
  SELECT max(v.pool_needs), max(v.pool_priority), max(v.pool_key), max(v.pool_weight),
      run.queue % ${CLAIM_QUEUES.length} + ${CLAIM_QUEUES.length} * (max(v.pool_needs) IS NOT NULL)
    FROM schedule_version v WHERE v.schedule_no = run.group_no AND v.version = run.schedule_version)`;

/** The number of a queue as SQL, for a run that stays with its pools or without. */
export const inItsQueues = (no: string | number): string =>
  `${no} + ${CLAIM_QUEUES.length} * (queue >= ${CLAIM_QUEUES.length})`;

/** Returns the stored number of a queue. */
export function queueNo(queue: ClaimQueue): number {
  return CLAIM_QUEUES.indexOf(queue);
}

/** Returns the stored number of a gating. */
export function gatingNo(gating: Gating = "none"): number {
  return GATINGS.indexOf(gating);
}

/** Converts a row to a run. */
export function asRun(row: RunRow, groupId: string): Run {
  return runOf(row, groupId, row.history === null ? [] : (JSON.parse(row.history) as Run["history"]));
}
