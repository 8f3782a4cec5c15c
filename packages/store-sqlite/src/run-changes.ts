import type { AttemptRecord } from "@tidegate/core";
import {
  failureOf,
  GATINGS,
  isEnded,
  mayBeRevived,
  type Placement,
  placementAfter,
  type RunChange,
} from "@tidegate/core/store";
import { partOf } from "./lanes.js";
import { inItsQueues, POOLING_OF_ITS_VERSION, queueNo, type RunRow } from "./run-rows.js";
import { standingFor } from "./standing.js";
import type { Statements, Value } from "./statements.js";
import { supersede } from "./supersede.js";
import type { Tables } from "./tables.js";

/** The fields that a change needs of the run before it. */
type BeforeRow = Pick<
  RunRow,
  | "no"
  | "group_no"
  | "lower"
  | "upper"
  | "generation"
  | "id"
  | "kind"
  | "state"
  | "token"
  | "place"
  | "lease_until"
  | "is_blocking"
  | "is_superseded"
  | "backfill_id"
  | "gating"
>;

const BEFORE = `SELECT no, group_no, lower, upper, generation, id, kind, state, token, place, lease_until, is_blocking,
  is_superseded, backfill_id, gating FROM run WHERE id = ?`;

/**
 * The fields that every change sets. A run that was claimed before waits for its next attempt in the `retry`
 * queue.
 */
const ALWAYS = `state = ?, place = ?, ready_at = ?, lease_until = ?, wait = ?, is_blocking = ?,
  queue = CASE WHEN token > 0 THEN ${inItsQueues(queueNo("retry"))} ELSE queue END`;

/** The columns of those fields of a change that have their own. */
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

/** A run's operator and its gating are those of its version. */
export const OF_ITS_VERSION = `(operator, gating) = (
  SELECT coalesce(max(lower(json_extract(v.spec, '$.operator'))), run.operator), coalesce(max(CASE WHEN run.place = 'gated' AND v.gating = 0 THEN run.gating ELSE v.gating END), run.gating)
    FROM schedule_version v WHERE v.schedule_no = run.group_no AND v.version = run.schedule_version)`;

const METRICS = "rows_read = ?, rows_written = ?, rows_dirty = ?, bytes_written = ?";

/** The update for each combination of fields that a change sets; there are few, and each is prepared once. */
const updates = new Map<number, string>();

/** Changes a run if it is as expected. */
export function changeRun(tables: Tables, change: RunChange): boolean {
  const { statements, groups, lanes, sleepers, inputs, pools } = tables;
  const before = statements.get<BeforeRow>(BEFORE, change.id);
  if (before === undefined || !change.from.includes(before.state)) return false;
  if (!mayWrite(before, change.token)) return false;
  if (isEnded(before.state) && !isEnded(change.state) && !isRevivable(tables, before)) return false;
  const isSuperseded = before.is_superseded === 1;
  const { kind, lease_until: leaseUntil } = before;
  const isBlocking = before.is_blocking === 1;
  if (change.scheduleVersion !== undefined) {
    statements.run("UPDATE run SET schedule_version = ? WHERE no = ?", change.scheduleVersion, before.no);
    statements.run(`UPDATE run SET ${OF_ITS_VERSION} WHERE no = ?`, before.no);
    if (pools.isUsed) statements.run(`UPDATE run SET ${POOLING_OF_ITS_VERSION} WHERE no = ?`, before.no);
  }
  const gating =
    GATINGS[change.scheduleVersion === undefined ? before.gating : gatingOf(statements, before.no)];
  const placement = placementAfter(
    {
      kind,
      leaseUntil,
      isBlocking,
      isSuperseded,
      isHeld: lanes.holds(before.group_no, kind),
      ...(gating === undefined ? {} : { gating }),
    },
    change,
  );
  const after: BeforeRow = { ...before, state: change.state, place: placement.place };
  update(statements, before, change, placement);
  if (change.attemptRecord !== undefined) appendHistory(statements, before.no, change.attemptRecord);
  if (after.state === "SUCCEEDED" && after.generation > 0) supersede(tables, after, "all", change.at);
  if (after.state === "SUCCEEDED" && (after.generation > 0 || inputs.isAwaited))
    inputs.mark(groups.idOf(after.group_no), after, change.at);
  if (isEnded(after.state) && !sleepers.isEmpty) sleepers.wake(groups.idOf(after.group_no));
  if (placement.place === "gated" && placement.wait !== null) sleepers.add(after.id, placement.wait);
  lanes.move(after.group_no, after.id, partOf(before), partOf(after), change.at);
  if (after.backfill_id !== null) countBackfill(statements, before, after);
  return true;
}

function isRevivable({ statements }: Tables, { is_superseded, ...run }: BeforeRow): boolean {
  return mayBeRevived({ ...run, isSuperseded: is_superseded === 1 }, standingFor(statements, run));
}

/**
 * Returns whether a write is allowed: an active run requires its newest token; any other accepts no token or
 * the current one.
 */
function mayWrite({ state, token }: BeforeRow, given: number | undefined): boolean {
  return given === undefined ? state !== "SUBMITTING" && state !== "RUNNING" : given === token;
}

function update(
  statements: Statements,
  { no, state: stateBefore }: BeforeRow,
  change: RunChange,
  placement: Placement,
): void {
  const { metrics, error } = change;
  const { place, readyAt, leaseUntil, wait, isBlocking } = placement;
  const waits = wait === null ? null : JSON.stringify(wait);
  const values: Value[] = [change.state, place, readyAt, leaseUntil, waits, Number(isBlocking)];
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
  if (place === "gated") {
    shape |= 1 << 12;
    values.push(change.at);
  }
  const failure = failureOf(change.state);
  if (failure !== failureOf(stateBefore)) {
    shape |= 1 << 13;
    values.push(failure);
  }
  let text = updates.get(shape);
  if (text === undefined) {
    text = updateText(shape);
    updates.set(shape, text);
  }
  statements.run(text, ...values, no);
}

function updateText(shape: number): string {
  const settings = [ALWAYS];
  for (const [index, [, column]] of COLUMNS.entries())
    if (shape & (2 << index)) settings.push(`${column} = ?`);
  if (shape & (1 << 10)) settings.push("error_code = ?, error_message = ?");
  if (shape & (1 << 11)) settings.push(METRICS);
  if (shape & (1 << 12)) settings.push("look_at = ?, look = look + 1");
  if (shape & (1 << 13)) settings.push("failure = ?");
  if (shape & 1) settings.push("is_cancel_requested = 0");
  return `UPDATE run SET ${settings.join(", ")} WHERE no = ?`;
}

function gatingOf(statements: Statements, no: number): number {
  return statements.get<Pick<RunRow, "gating">>("SELECT gating FROM run WHERE no = ?", no)?.gating ?? 0;
}

function appendHistory(statements: Statements, no: number, record: AttemptRecord): void {
  const row = statements.get<Pick<RunRow, "history">>("SELECT history FROM run WHERE no = ?", no);
  const history = JSON.stringify([...JSON.parse(row?.history ?? "[]"), record]);
  statements.run("UPDATE run SET history = ? WHERE no = ?", history, no);
}

function countBackfill(statements: Statements, before: BeforeRow, after: BeforeRow): void {
  const step = Number(!isEnded(after.state)) - Number(!isEnded(before.state));
  if (step === 0) return;
  statements.run("UPDATE backfill SET open_runs = open_runs + ? WHERE id = ?", step, after.backfill_id);
}
