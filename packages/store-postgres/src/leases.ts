import type { EpochMs, RunReason } from "@tidegate/core";
import {
  type CancelMark,
  CLAIM_QUEUES,
  type ClaimedRun,
  type ClaimRequest,
  type ClaimScope,
  compareQueues,
  type HeldLease,
  type LeaseState,
  type NextWake,
} from "@tidegate/core/store";
import type { ClaimFloors, Floors } from "./claim-floors.js";
import type { Database } from "./database.js";
import { toJson } from "./json.js";
import { QUEUE_NO } from "./migrations/0002-places/queues.js";
import { nextPooled } from "./pools.js";
import { asRun, type RunRow } from "./rows.js";

/** A claimed run and the index of the queue where it waited; `null` if it was recovered from a dead owner. */
type ClaimedRow = RunRow & {
  readonly was: string;
  readonly of_queue: number | null;
  readonly due_at: number;
};

/** A row of the answer: the last one is no run, but says how many entries of indexes were read. */
type AnsweredRow = ClaimedRow | { readonly was: null; readonly due_at: number; readonly has_pooled: boolean };

/** The result of a claim. */
export interface InOrder {
  readonly claimed: ClaimedRun[];
  /** Whether runs wait that are to be chosen by pools. */
  readonly hasPooled: boolean;
}

/**
 * Claims runs for an owner: see `ScheduleStore.claim`.
 *
 * @param floors - of this process
 * @param turn - how many ready runs this process has claimed
 */
export async function claim(
  database: Database,
  s: string,
  floors: ClaimFloors,
  turn: number,
  { owner, operators, now, leaseUntil, limit }: ClaimRequest,
): Promise<InOrder> {
  const inTurn = rotated(operators, turn);
  const scan = floors.begin(inTurn, now);
  const rows: ClaimedRow[] = [];
  let entriesRead = 0;
  let hasPooled = false;
  try {
    const answered = await database.query<AnsweredRow>(
      `SELECT was, of_queue, due_at, (claimed).*, was IS NULL AND ${s}.has_pooled() AS has_pooled FROM ${s}.claim($1, $2, $3, $4, $5, $6, $7, $8)`,
      [owner, inTurn, now, leaseUntil, limit, turn, scan.ready, scan.lease],
    );
    for (const row of answered) {
      if (row.was !== null) rows.push(row);
      else [entriesRead, hasPooled] = [row.due_at, row.has_pooled];
    }
  } catch (error) {
    floors.fail(scan);
    throw error;
  }
  floors.wrote(leaseUntil);
  const runs = rows.map(({ operator, of_queue: queue, due_at: dueAt }) => ({ operator, queue, dueAt }));
  floors.end(scan, { runs, limit, entriesRead });
  rows.sort(compareClaims);
  const claimed = rows.map((row) => ({
    run: asRun(row),
    token: row.token,
    isRecovered: row.of_queue === null,
  }));
  return { claimed, hasPooled };
}

/** Rotates the operators, so that with each turn a different one comes first. */
function rotated(operators: readonly string[], turn: number): string[] {
  const first = operators.length === 0 ? 0 : turn % operators.length;
  return [...operators.slice(first), ...operators.slice(0, first)];
}

function compareClaims(a: ClaimedRow, b: ClaimedRow): number {
  if (a.of_queue !== b.of_queue) {
    if (a.of_queue === null || b.of_queue === null) return a.of_queue === null ? -1 : 1;
    return compareQueues(CLAIM_QUEUES[a.of_queue]!, CLAIM_QUEUES[b.of_queue]!);
  }
  return a.due_at - b.due_at || (a.id < b.id ? -1 : 1);
}

/** Returns when the next run of a scope may be claimed, and when the next gated run is due: see `ScheduleStore.nextWake`. */
export async function nextWake(
  database: Database,
  s: string,
  { ready, lease }: Floors,
  { operators, now }: ClaimScope,
): Promise<NextWake> {
  const first = (queue: number): string => `SELECT r.ready_at FROM ${s}.run r
    WHERE r.place = 'ready' AND r.operator = o.operator AND r.queue = ${queue}
      AND r.ready_at >= ($2::bigint[])[(o.no - 1) * ${CLAIM_QUEUES.length} + ${queue} + 1] ORDER BY r.ready_at LIMIT 1`;
  const [row] = await database.query<{
    is_ready: boolean | null;
    retry: number | null;
    lease: number | null;
    look: number | null;
    has_pooled: boolean;
  }>(
    `SELECT bool_or((${first(QUEUE_NO.live)}) IS NOT NULL OR (${first(QUEUE_NO.rest)}) IS NOT NULL) AS is_ready,
      min((${first(QUEUE_NO.retry)})) AS retry,
      (SELECT r.lease_until FROM ${s}.run r WHERE r.lease_until >= $3 AND r.operator = ANY ($1)
        ORDER BY r.lease_until LIMIT 1) AS lease,
      (SELECT r.look_at FROM ${s}.run r WHERE r.place = 'gated' ORDER BY r.look_at LIMIT 1) AS look,
      ${s}.has_pooled() AS has_pooled
      FROM unnest($1::text[]) WITH ORDINALITY AS o (operator, no)`,
    [operators, ready, lease],
  );
  const lookAt = row?.look ?? undefined;
  if (row?.is_ready === true) return { claimAt: now, lookAt };
  const pooled = row?.has_pooled === true ? await nextPooled(database, s, { operators, now }) : undefined;
  const times = [row?.retry, row?.lease, pooled].filter((time) => time != null);
  return { claimAt: times.length === 0 ? undefined : Math.max(now, Math.min(...times)), lookAt };
}

/** Extends leases that are still held, and returns for each whether its run is to be cancelled. */
export async function renewLeases(
  database: Database,
  s: string,
  leases: readonly HeldLease[],
  leaseUntil: EpochMs,
): Promise<LeaseState[]> {
  if (leases.length === 0) return [];
  const rows = await database.query<{ id: string; token: number; is_cancel_requested: boolean }>(
    `WITH held AS MATERIALIZED (
      SELECT r.id FROM json_to_recordset($1) AS x (id text, token bigint) JOIN ${s}.run r ON r.id = x.id
        WHERE r.token = x.token AND r.state IN ('SUBMITTING', 'RUNNING') ORDER BY r.id FOR NO KEY UPDATE OF r
    )
    UPDATE ${s}.run r SET lease_until = $2 FROM held h WHERE r.id = h.id
      RETURNING r.id, r.token, r.is_cancel_requested`,
    [toJson(leases), leaseUntil],
  );
  const found = new Map(rows.map((row) => [row.id, row]));
  return leases.map(({ id, token }) => {
    const row = found.get(id);
    const isHeld = row?.token === token;
    return { isHeld, isCancelRequested: isHeld && row.is_cancel_requested };
  });
}

/** Returns the runs among these that are active and marked for cancellation. */
export function cancelMarks(database: Database, s: string, ids: readonly string[]): Promise<CancelMark[]> {
  return database.query(
    `SELECT id, reason FROM ${s}.run
      WHERE id = ANY ($1) AND is_cancel_requested AND state IN ('SUBMITTING', 'RUNNING')`,
    [ids],
  );
}

/** Returns the tokens of the last claims of runs. */
export async function lastClaims(database: Database, s: string, ids: readonly string[]): Promise<number[]> {
  const rows = await database.query<{ id: string; token: number }>(
    `SELECT id, token FROM ${s}.run WHERE id = ANY ($1)`,
    [ids],
  );
  const found = new Map(rows.map(({ id, token }) => [id, token]));
  return ids.map((id) => found.get(id) ?? 0);
}

/** Marks held runs for cancellation; their holders look for it, and see it when they renew. */
export async function requestCancel(
  database: Database,
  s: string,
  ids: readonly string[],
  reason: RunReason,
): Promise<boolean[]> {
  const rows = await database.query<{ id: string }>(
    `WITH active AS MATERIALIZED (
      SELECT id FROM ${s}.run WHERE id = ANY ($1) AND state IN ('SUBMITTING', 'RUNNING')
        ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE ${s}.run r SET is_cancel_requested = true, reason = $2 FROM active a WHERE r.id = a.id
      RETURNING r.id`,
    [ids, reason],
  );
  const requested = new Set(rows.map(({ id }) => id));
  return ids.map((id) => requested.has(id));
}
