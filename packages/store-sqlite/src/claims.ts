import type { EpochMs, Run, RunReason } from "@tidegate/core";
import {
  type CancelMark,
  type ClaimedRun,
  type ClaimRequest,
  type ClaimScope,
  type HeldLease,
  type LeaseState,
  takeFairly,
  takeTogether,
} from "@tidegate/core/store";
import { claimedFirst, type PlannedFields } from "@tidegate/store-kit";
import { heldRow } from "./held-rows.js";
import { asRun, queueNo, type RunRow } from "./run-rows.js";
import type { Statements } from "./statements.js";
import type { Tables } from "./tables.js";

/** The fields that a claim needs of a run that was never claimed before: the rest is as inserted. */
type ReadyRow = Pick<
  RunRow,
  | "no"
  | "group_no"
  | "lower"
  | "generation"
  | "upper"
  | "id"
  | "kind"
  | "intervals"
  | "scheduled_time"
  | "schedule_version"
  | "backfill_id"
  | "operator"
  | "attempt"
  | "token"
  | "queue"
  | "ready_at"
  | "planned_at"
  | "reason"
  | "offsets"
  | "snapshot"
  | "gating"
> & {
  /** Whether it has more than it was inserted with, such as inputs or an error, so that all of it has to be read. */
  readonly is_noted: number;
};

/** A row as it was read, and the claim on it. */
interface Taken {
  readonly row: ReadyRow;
  readonly claimed: ClaimedRun;
}

const RETRY = queueNo("retry");

/** The order in which queues are claimed. */
const PRECEDENCE = [queueNo("retry"), queueNo("live"), queueNo("rest")];

const READY = `SELECT no, group_no, lower, generation, upper, id, kind, intervals, scheduled_time, schedule_version, backfill_id,
  operator, attempt, token, queue, ready_at, planned_at, reason, offsets, snapshot, gating,
  coalesce(marked_ready, inputs, stale_at, error_code) IS NOT NULL OR is_superseded AS is_noted FROM run INDEXED BY run_ready
  WHERE place = 'ready' AND operator = ? AND queue = ? AND ready_at <= ? ORDER BY ready_at, id LIMIT ?`;

const CLAIM = `UPDATE run SET state = 'SUBMITTING', place = 'active', attempt = ?, submitted_at = ?, token = ?, ready_at = NULL,
  lease_until = ?, wait = NULL, is_job_open = 1 WHERE no = ?`;

const CLAIM_CHOSEN = `UPDATE run SET state = 'SUBMITTING', place = 'active', attempt = attempt + 1, submitted_at = ?,
  token = token + 1, ready_at = NULL, lease_until = ?, wait = NULL, is_job_open = 1 WHERE id = ? RETURNING *`;

/** Whether any lease has ended; few claims find one, so they do without the operators' table. */
const HAS_LAPSED = `SELECT 1 FROM run INDEXED BY run_held
  WHERE lease_until IS NOT NULL AND lease_until <= ? LIMIT 1`;

/** `json_each` makes a table of the operators. */
const IS_IN_SCOPE = "operator IN (SELECT value FROM json_each(?))";

const LAPSED = `SELECT no FROM run INDEXED BY run_held
  WHERE lease_until IS NOT NULL AND lease_until <= ? AND ${IS_IN_SCOPE} ORDER BY lease_until, id LIMIT ?`;

const RECOVER = "UPDATE run SET token = token + 1, lease_until = ?, is_job_open = 1 WHERE no = ? RETURNING *";

/** Claims runs: those of dead owners first, then ready ones, in turn. */
export function claimRuns(tables: Tables, turn: number, request: ClaimRequest): ClaimedRun[] {
  const recovered = recover(tables, request);
  const limit = request.limit - recovered.length;
  const inOrder = (most: number): ClaimedRun[] => takeInOrder(tables, { turn, limit: most }, request);
  if (!tables.pools.isUsed) return [...recovered, ...inOrder(limit)];
  const choice = tables.pools.choice(request, limit);
  const pooled = (most: number, lowest: number): ClaimedRun[] =>
    choice.take(most, lowest).map(({ id }) => claimChosen(tables, id, request));
  const taken = takeTogether({ turn, limit }, pooled, inOrder);
  tables.pools.draw(choice.draws);
  return [...recovered, ...taken];
}

/** Claims ready runs that need no pool, by their queues. */
function takeInOrder(
  tables: Tables,
  { turn, limit: most }: { readonly turn: number; readonly limit: number },
  request: ClaimRequest,
): ClaimedRun[] {
  const { operators } = request;
  const taken: Taken[] = takeFairly({ turn, limit: most, operators }, (queue, operator, limit) =>
    tables.statements
      .all<ReadyRow>(
        READY,
        operator,
        queueNo(queue),
        queue === "retry" ? request.now : Number.MAX_SAFE_INTEGER,
        limit,
      )
      .map((row) => ({ row, claimed: claimOne(tables, row, request) })),
  );
  taken.sort(compareClaims);
  return taken.map(({ claimed }) => claimed);
}

function claimChosen(
  { statements, groups }: Tables,
  id: string,
  { now, leaseUntil }: ClaimRequest,
): ClaimedRun {
  const row = statements.get<RunRow>(CLAIM_CHOSEN, now, leaseUntil, id)!;
  return { run: asRun(row, groups.idOf(row.group_no)), token: row.token, isRecovered: false };
}

function recover({ statements, groups, held }: Tables, request: ClaimRequest): ClaimedRun[] {
  const { operators, now, leaseUntil, limit } = request;
  if (statements.get(HAS_LAPSED, now) === undefined) return [];
  const lapsed = statements.all<{ no: number }>(LAPSED, now, JSON.stringify(operators), limit);
  return lapsed.map(({ no }) => {
    const row = statements.get<RunRow>(RECOVER, leaseUntil, no)!;
    held.forget(row.id);
    return { run: asRun(row, groups.idOf(row.group_no)), token: row.token, isRecovered: true };
  });
}

function claimOne({ statements, groups, held }: Tables, row: ReadyRow, request: ClaimRequest): ClaimedRun {
  const { now, leaseUntil } = request;
  const token = row.token + 1;
  statements.run(CLAIM, row.attempt + 1, now, token, leaseUntil, row.no);
  const groupId = groups.idOf(row.group_no);
  // A run that was claimed, cancelled, retried or gated before may have more fields than it was inserted with.
  if (row.attempt > 0 || row.token > 0 || row.is_noted === 1) {
    const whole = statements.get<RunRow>("SELECT * FROM run WHERE no = ?", row.no)!;
    return { run: asRun(whole, groupId), token, isRecovered: false };
  }
  held.add(heldRow(row, token, leaseUntil));
  return { run: claimedFirst(plannedFields(row, groupId), { now, leaseUntil }), token, isRecovered: false };
}

function compareClaims({ row: a }: Taken, { row: b }: Taken): number {
  if (a.queue !== b.queue) return PRECEDENCE.indexOf(a.queue) - PRECEDENCE.indexOf(b.queue);
  return a.ready_at! - b.ready_at! || (a.id < b.id ? -1 : 1);
}

function plannedFields(row: ReadyRow, groupId: string): PlannedFields {
  return {
    id: row.id,
    groupId,
    kind: row.kind,
    lower: row.lower,
    upper: row.upper,
    generation: row.generation,
    intervals: row.intervals,
    scheduledTime: row.scheduled_time,
    reason: row.reason,
    scheduleVersion: row.schedule_version,
    backfillId: row.backfill_id,
    operator: row.operator,
    plannedAt: row.planned_at,
    offsets: row.offsets === null ? null : (JSON.parse(row.offsets) as Run["offsets"]),
    snapshot: row.snapshot === null ? null : (JSON.parse(row.snapshot) as Run["snapshot"]),
  };
}

const FIRST_READY = `SELECT ready_at AS at FROM run INDEXED BY run_ready
  WHERE place = 'ready' AND operator = ? AND queue = ? ORDER BY ready_at LIMIT 1`;

const FIRST_LEASE = `SELECT lease_until AS at FROM run INDEXED BY run_held
  WHERE lease_until IS NOT NULL AND ${IS_IN_SCOPE} ORDER BY lease_until LIMIT 1`;

/** Returns when the next run of a scope may be claimed: see `ScheduleStore.nextWake`. */
export function nextClaim(
  { statements, pools }: Pick<Tables, "statements" | "pools">,
  { operators, now }: ClaimScope,
): EpochMs | undefined {
  const times: EpochMs[] = [];
  if (pools.isUsed) {
    const choice = pools.choice({ operators, now }, 1);
    if (choice.take(1).length > 0) return now;
    if (choice.wakeAt !== undefined) times.push(choice.wakeAt);
  }
  for (const operator of operators) {
    for (const queue of PRECEDENCE) {
      const first = statements.get<{ at: number }>(FIRST_READY, operator, queue);
      if (first !== undefined) times.push(queue === RETRY ? first.at : now);
    }
  }
  const lease = statements.get<{ at: number }>(FIRST_LEASE, JSON.stringify(operators));
  if (lease !== undefined) times.push(lease.at);
  return times.length === 0 ? undefined : Math.max(now, Math.min(...times));
}

const ACTIVE = "state IN ('SUBMITTING', 'RUNNING')";

/** Sets the end of a lease that is still held. */
export function renewLease(
  { statements, held }: Pick<Tables, "statements" | "held">,
  { id, token }: HeldLease,
  leaseUntil: number,
): LeaseState {
  held.forget(id);
  const row = statements.get<Pick<RunRow, "is_cancel_requested">>(
    `UPDATE run SET lease_until = ? WHERE id = ? AND token = ? AND ${ACTIVE} RETURNING is_cancel_requested`,
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

/** Returns the runs among these that are active and marked for cancellation. */
export function cancelMarks(statements: Statements, ids: readonly string[]): CancelMark[] {
  const text = `SELECT id, reason FROM run WHERE id = ? AND is_cancel_requested = 1 AND ${ACTIVE}`;
  return ids.flatMap((id) => statements.all<CancelMark>(text, id));
}

/** Returns the tokens of the last claims of runs. */
export function lastClaims(statements: Statements, ids: readonly string[]): number[] {
  return ids.map(
    (id) => statements.get<{ token: number }>("SELECT token FROM run WHERE id = ?", id)?.token ?? 0,
  );
}

/** Ends the leases of a previous process, whatever the clock says. */
export function releaseHeldRuns(statements: Statements): void {
  statements.run("UPDATE run SET lease_until = 0 WHERE lease_until IS NOT NULL");
}
