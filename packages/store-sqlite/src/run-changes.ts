import type { AttemptRecord, EpochMs } from "@tidegate/core";
import {
  FOLLOWING_STATES,
  failureOf,
  GATINGS,
  goesBefore,
  isBehind,
  isEnded,
  mayBeRevived,
  type Placement,
  placementAfter,
  type RunChange,
  rivalsInLane,
} from "@tidegate/core/store";
import type { BeforeRow } from "./held-rows.js";
import { partOf } from "./lanes.js";
import { withOtherVersion } from "./late-runs.js";
import { inItsQueues, POOLING_OF_ITS_VERSION, queueNo, type RunRow } from "./run-rows.js";
import { isSealAsRead } from "./seals.js";
import { removeSplit } from "./shards.js";
import { hasOpen, newestSnapshot, standingFor } from "./standing.js";
import type { Statements, Value } from "./statements.js";
import { supersede } from "./supersede.js";
import type { Tables } from "./tables.js";

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

/**
 * As `update` does it, the success of a run since its first claim: the columns that are left out are as they were
 * inserted, and so they stay.
 */
const SUCCEED = `UPDATE run SET state = 'SUCCEEDED', place = 'none', lease_until = NULL, is_job_open = 0,
  is_cancel_requested = 0, started_at = ?, ended_at = ?, job_id = ?, job_address = ? WHERE no = ?`;

const METRICS = "rows_read = ?, rows_written = ?, rows_dirty = ?, bytes_written = ?";

const IS_SNAPSHOT = "SELECT 1 FROM run WHERE no = ? AND snapshot IS NOT NULL";

const FOLLOWER = `SELECT 1 FROM run WHERE group_no = ? AND lower >= ? AND is_superseded = 0
  AND state IN (${FOLLOWING_STATES.map((state) => `'${state}'`).join(", ")}) LIMIT 1`;

/** The update for each combination of fields that a change sets; there are few, and each is prepared once. */
const updates = new Map<number, string>();

/** Changes a run if it is as expected. */
export function changeRun(tables: Tables, change: RunChange): boolean {
  const { statements, lanes, held, sleepers, pools } = tables;
  const claimed = held.take(change.id);
  const before = claimed ?? statements.get<BeforeRow>(BEFORE, change.id);
  if (before === undefined || !change.from.includes(before.state)) return false;
  if (!mayWrite(before, change)) return false;
  if (claimed !== undefined && isPlainSuccess(change)) return succeed(tables, claimed, change);
  if (change.seal !== undefined && !isSealAsRead(tables, tables.groups.idOf(before.group_no), change))
    return false;
  const isRevived = isEnded(before.state) && !isEnded(change.state);
  if (isRevived && !isRevivable(tables, before, change.scheduleVersion)) return false;
  const isSuperseded = before.is_superseded === 1;
  const { kind, lease_until: leaseUntil } = before;
  const isBlocking = before.is_blocking === 1;
  if (change.scheduleVersion !== undefined) {
    const { scheduleVersion } = change;
    withOtherVersion(statements, before.group_no, before.no, () => {
      statements.run("UPDATE run SET schedule_version = ? WHERE no = ?", scheduleVersion, before.no);
    });
    statements.run(`UPDATE run SET ${OF_ITS_VERSION} WHERE no = ?`, before.no);
    if (pools.isUsed) statements.run(`UPDATE run SET ${POOLING_OF_ITS_VERSION} WHERE no = ?`, before.no);
    lanes.forgetNext(before.group_no);
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
  update(statements, before, change, placement);
  if (change.snapshot !== undefined)
    statements.run("UPDATE run SET snapshot = ? WHERE no = ?", JSON.stringify(change.snapshot), before.no);
  if (change.attemptRecord !== undefined) appendHistory(statements, before.no, change.attemptRecord);
  if (change.dropsSplit === true) removeSplit(statements, before.no);
  if (placement.place === "gated" && placement.wait !== null) sleepers.add(before.id, placement.wait);
  settle(tables, before, { state: change.state, place: placement.place }, change.at);
  return true;
}

/** Returns whether a change is a success that sets no more than `SUCCEED` does. */
function isPlainSuccess(change: RunChange): boolean {
  const { startedAt, endedAt, jobId, jobAddress, metrics = null, error = null } = change;
  if (change.state !== "SUCCEEDED" || change.isJobOpen !== false) return false;
  if (startedAt === undefined || endedAt === undefined) return false;
  if (jobId === undefined || jobAddress === undefined || metrics !== null || error !== null) return false;
  const { reason, attempt, scheduleVersion, snapshot, attemptRecord, dropsSplit } = change;
  if (reason !== undefined || attempt !== undefined || snapshot !== undefined) return false;
  return scheduleVersion === undefined && attemptRecord === undefined && dropsSplit !== true;
}

function succeed(tables: Tables, before: BeforeRow, change: RunChange): boolean {
  const { startedAt = null, endedAt = null, jobId = null, jobAddress = null } = change;
  tables.statements.execute(SUCCEED, [startedAt, endedAt, jobId, jobAddress, before.no]);
  settle(tables, before, SUCCEEDED, change.at);
  return true;
}

/** The state and the place that a change leaves a run in. */
type After = Pick<BeforeRow, "state" | "place">;

const SUCCEEDED: After = { state: "SUCCEEDED", place: "none" };

/** Applies what follows from a change of a run to its lane, to other runs and to its backfill. */
function settle(tables: Tables, run: BeforeRow, { state, place }: After, at: EpochMs): void {
  const { groups, lanes, sleepers, inputs } = tables;
  const { id, group_no: groupNo, kind, generation } = run;
  if (state === "SUCCEEDED" && generation > 0) supersede(tables, run, "all", at);
  if (state === "SUCCEEDED" && (generation > 0 || inputs.isAwaited))
    inputs.mark(groups.idOf(groupNo), run, at);
  if (isEnded(state) && !sleepers.isEmpty) sleepers.wake(groups.idOf(groupNo));
  lanes.move(groupNo, id, partOf(run), partOf({ kind, place }), at);
  if (run.backfill_id !== null) countBackfill(tables.statements, run, state);
}

function isRevivable(
  tables: Tables,
  { is_superseded, ...run }: BeforeRow,
  version: number | undefined,
): boolean {
  const { statements, lanes } = tables;
  if (!mayBeRevived({ ...run, isSuperseded: is_superseded === 1 }, standingFor(statements, run)))
    return false;
  const snapshot = newestSnapshot(statements, run.group_no, run.id);
  if (snapshot !== undefined && isBehind(run, snapshot)) {
    const [gating] =
      version === undefined ? [run.gating] : gatingsOfVersion(statements, run.group_no, version);
    const isOvertaken = GATINGS[gating ?? run.gating] === "overtakable";
    if (lanes.widthOf(run.group_no) > 1 || isOvertaken || !goesBefore(run, snapshot)) return false;
  }
  if (statements.get(IS_SNAPSHOT, run.no) === undefined) return true;
  const rivals = rivalsInLane(lanes.widthOf(run.group_no));
  return (
    !hasOpen(tables, run.group_no, rivals) && statements.get(FOLLOWER, run.group_no, run.upper) === undefined
  );
}

function gatingsOfVersion(statements: Statements, groupNo: number, version: number): number[] {
  const text = "SELECT gating FROM schedule_version WHERE schedule_no = ? AND version = ?";
  return statements.all<{ gating: number }>(text, groupNo, version).map(({ gating }) => gating);
}

/**
 * Returns whether a write is allowed: an active run requires its newest token; any other accepts no token or
 * the current one.
 */
function mayWrite({ state, token }: BeforeRow, change: RunChange): boolean {
  const { token: given, unlessClaimedSince = token } = change;
  if (unlessClaimedSince !== token) return false;
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

function countBackfill(statements: Statements, before: BeforeRow, state: BeforeRow["state"]): void {
  const step = Number(!isEnded(state)) - Number(!isEnded(before.state));
  if (step === 0) return;
  statements.run("UPDATE backfill SET open_runs = open_runs + ? WHERE id = ?", step, before.backfill_id);
}
