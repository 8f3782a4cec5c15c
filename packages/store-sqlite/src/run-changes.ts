import {
  AT_ONCE,
  type AttemptRecord,
  type ClaimedRun,
  type ClaimRequest,
  type HeldLease,
  isEnded,
  type LeaseState,
  mayBeRevived,
  type Run,
  type RunChange,
  type RunReason,
} from "@tidegate/core";
import { placeOf } from "./lanes.js";
import { asRun, type RunRow } from "./run-rows.js";
import { standingFor } from "./standing.js";
import type { Statements, Value } from "./statements.js";
import { supersede } from "./supersede.js";
import type { Tables } from "./tables.js";

/** What a claim needs of a run that was never claimed before: all else is as it was inserted. */
type NewlyPlannedRow = Pick<
  RunRow,
  | "group_no"
  | "lower"
  | "generation"
  | "upper"
  | "id"
  | "kind"
  | "intervals"
  | "scheduled_time"
  | "state"
  | "schedule_version"
  | "backfill_id"
  | "attempt"
  | "token"
  | "planned_at"
  | "reason"
>;

const CLAIMABLE = `SELECT group_no, lower, generation, upper, id, kind, intervals, scheduled_time, state, schedule_version,
  backfill_id, attempt, token, planned_at, reason FROM run WHERE wake_at IS NOT NULL AND wake_at <= ? ORDER BY wake_at, id LIMIT ?`;

const CLAIM = `UPDATE run SET state = 'SUBMITTING', attempt = ?, submitted_at = ?, token = ?, wake_at = ?, is_job_open = 1
  WHERE id = ?`;

const RECOVER = "UPDATE run SET token = token + 1, wake_at = ?, is_job_open = 1 WHERE id = ?";

/** Claims runs whose time has come. */
export function claimRuns(
  { statements, groups }: Tables,
  { now, leaseUntil, limit }: ClaimRequest,
): ClaimedRun[] {
  return statements.all<NewlyPlannedRow>(CLAIMABLE, now, limit).map((row) => {
    const token = row.token + 1;
    const isRecovered = row.state !== "PLANNED";
    if (isRecovered) statements.run(RECOVER, leaseUntil, row.id);
    else statements.run(CLAIM, row.attempt + 1, now, token, leaseUntil, row.id);
    const groupId = groups.idOf(row.group_no);
    // What was claimed, cancelled or retried before has more to tell than what it was inserted with.
    if (isRecovered || row.attempt > 0 || row.token > 0) {
      const whole = statements.get<RunRow>("SELECT * FROM run WHERE id = ?", row.id)!;
      return { run: asRun(whole, groupId), token, isRecovered };
    }
    return { run: claimedFirst(row, groupId, now, leaseUntil), token, isRecovered };
  });
}

function claimedFirst(row: NewlyPlannedRow, groupId: string, now: number, leaseUntil: number): Run {
  return {
    id: row.id,
    groupId,
    kind: row.kind,
    lower: row.lower,
    upper: row.upper,
    generation: row.generation,
    intervals: row.intervals,
    scheduledTime: row.scheduled_time,
    state: "SUBMITTING",
    reason: row.reason,
    scheduleVersion: row.schedule_version,
    backfillId: row.backfill_id,
    attempt: 1,
    wakeAt: leaseUntil,
    isBlocking: false,
    isSuperseded: false,
    isCancelRequested: false,
    isJobOpen: true,
    plannedAt: row.planned_at,
    submittedAt: now,
    startedAt: null,
    endedAt: null,
    jobId: null,
    jobAddress: null,
    metrics: null,
    error: null,
    history: [],
  };
}

/** What a change needs to know of the run before. */
type BeforeRow = Pick<
  RunRow,
  | "group_no"
  | "lower"
  | "upper"
  | "generation"
  | "id"
  | "kind"
  | "state"
  | "token"
  | "wake_at"
  | "is_blocking"
  | "is_superseded"
  | "backfill_id"
>;

const BEFORE = `SELECT group_no, lower, upper, generation, id, kind, state, token, wake_at, is_blocking, is_superseded,
  backfill_id FROM run WHERE id = ?`;

/** The fields of a change that are columns of their own, and what they are called there. */
const COLUMNS = [
  ["reason", "reason"],
  ["attempt", "attempt"],
  ["startedAt", "started_at"],
  ["endedAt", "ended_at"],
  ["jobId", "job_id"],
  ["jobAddress", "job_address"],
  ["isJobOpen", "is_job_open"],
  ["scheduleVersion", "schedule_version"],
] as const;

const METRICS = "rows_read = ?, rows_written = ?, rows_dirty = ?, bytes_written = ?";

/** The updates for each combination of fields that a change sets; there are few, and each is prepared once. */
const updates = new Map<number, string>();

/** Changes a run where it is as expected. */
export function changeRun(tables: Tables, change: RunChange): boolean {
  const { statements, lanes } = tables;
  const before = statements.get<BeforeRow>(BEFORE, change.id);
  if (before === undefined || !change.from.includes(before.state)) return false;
  if (!mayWrite(before, change.token)) return false;
  if (isEnded(before.state) && !isEnded(change.state) && !isRevivable(tables, before)) return false;
  const isSuperseded =
    before.is_superseded === 1 || (change.givesBack === true && giveBack(statements, before));
  const blocks =
    change.state === "FAILED" && !isSuperseded && (change.isBlocking ?? before.is_blocking === 1);
  const after: BeforeRow = {
    ...before,
    state: change.state,
    wake_at: isEnded(change.state) ? null : change.wakeAt,
    is_blocking: blocks ? 1 : 0,
    is_superseded: isSuperseded ? 1 : 0,
  };
  update(statements, change, after);
  if (change.attemptRecord !== undefined) appendHistory(statements, change.id, change.attemptRecord);
  if (after.state === "SUCCEEDED" && after.generation > 0) supersede(tables, after, "all");
  lanes.move(after.group_no, after.id, placeOf(before), placeOf(after));
  if (after.backfill_id !== null) countBackfill(statements, before, after);
  return true;
}

function isRevivable({ statements }: Tables, { is_superseded, ...run }: BeforeRow): boolean {
  return mayBeRevived({ ...run, isSuperseded: is_superseded === 1 }, standingFor(statements, run));
}

/** An active run is written by who holds its newest token; any other by anybody who brings none that is outdated. */
function mayWrite({ state, token }: BeforeRow, given: number | undefined): boolean {
  return given === undefined ? state !== "SUBMITTING" && state !== "RUNNING" : given === token;
}

function update(statements: Statements, change: RunChange, after: BeforeRow): void {
  const { metrics, error } = change;
  const values: Value[] = [after.state, after.wake_at, after.is_blocking, after.is_superseded];
  let shape = isEnded(change.state) ? 1 : 0;
  for (const [index, [field]] of COLUMNS.entries()) {
    const value = change[field];
    if (value === undefined) continue;
    shape |= 2 << index;
    values.push(typeof value === "boolean" ? Number(value) : value);
  }
  if (error !== undefined) {
    shape |= 1 << 10;
    values.push(error?.code ?? null, error?.message ?? null);
  }
  if (metrics !== undefined) {
    shape |= 1 << 11;
    const { rowsRead, rowsWritten, rowsDirty, bytesWritten } = metrics ?? {};
    values.push(rowsRead ?? null, rowsWritten ?? null, rowsDirty ?? null, bytesWritten ?? null);
  }
  let text = updates.get(shape);
  if (text === undefined) {
    text = updateText(shape);
    updates.set(shape, text);
  }
  statements.run(text, ...values, change.id);
}

function updateText(shape: number): string {
  const settings = ["state = ?, wake_at = ?, is_blocking = ?, is_superseded = ?"];
  for (const [index, [, column]] of COLUMNS.entries())
    if (shape & (2 << index)) settings.push(`${column} = ?`);
  if (shape & (1 << 10)) settings.push("error_code = ?, error_message = ?");
  if (shape & (1 << 11)) settings.push(METRICS);
  if (shape & 1) settings.push("is_cancel_requested = 0");
  return `UPDATE run SET ${settings.join(", ")} WHERE id = ?`;
}

function appendHistory(statements: Statements, id: string, record: AttemptRecord): void {
  const row = statements.get<Pick<RunRow, "history">>("SELECT history FROM run WHERE id = ?", id);
  const history = JSON.stringify([...JSON.parse(row?.history ?? "[]"), record]);
  statements.run("UPDATE run SET history = ? WHERE id = ?", history, id);
}

/** Sets the watermark back to the run's lower bound, where it is still at its upper one. */
function giveBack(statements: Statements, { group_no, kind, lower, upper }: BeforeRow): boolean {
  if (kind !== "SCHEDULED") return false;
  const text = "UPDATE schedule_state SET watermark = ? WHERE no = ? AND watermark = ?";
  return statements.run(text, lower, group_no, upper) === 1;
}

function countBackfill(statements: Statements, before: BeforeRow, after: BeforeRow): void {
  const step = Number(!isEnded(after.state)) - Number(!isEnded(before.state));
  if (step === 0) return;
  statements.run("UPDATE backfill SET open_runs = open_runs + ? WHERE id = ?", step, after.backfill_id);
}

const ACTIVE = "state IN ('SUBMITTING', 'RUNNING')";

/** Sets the end of a lease that is still held. */
export function renewLease(statements: Statements, { id, token }: HeldLease, leaseUntil: number): LeaseState {
  const row = statements.get<Pick<RunRow, "is_cancel_requested">>(
    `UPDATE run SET wake_at = ? WHERE id = ? AND token = ? AND ${ACTIVE} RETURNING is_cancel_requested`,
    leaseUntil,
    id,
    token,
  );
  return { isHeld: row !== undefined, isCancelRequested: row?.is_cancel_requested === 1 };
}

/** Marks an active run for cancellation. */
export function requestCancel(statements: Statements, id: string, reason: RunReason): boolean {
  const text = `UPDATE run SET is_cancel_requested = 1, reason = ? WHERE id = ? AND ${ACTIVE}`;
  return statements.run(text, reason, id) === 1;
}

/** Makes the runs that a process held when it ended claimable at once. */
export function releaseHeldRuns(statements: Statements): void {
  statements.run(`UPDATE run SET wake_at = ? WHERE wake_at IS NOT NULL AND ${ACTIVE}`, AT_ONCE);
}
