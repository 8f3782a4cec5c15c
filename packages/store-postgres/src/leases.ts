import type { ClaimedRun, ClaimRequest, EpochMs, HeldLease, LeaseState, RunReason } from "@tidegate/core";
import type { Database } from "./database.js";
import { toJson } from "./json.js";
import { asRun, type RunRow } from "./rows.js";

/** Claims runs for an owner, those that are due first before the others. */
export async function claim(
  database: Database,
  s: string,
  { owner, now, leaseUntil, limit }: ClaimRequest,
): Promise<ClaimedRun[]> {
  const rows = await database.query<RunRow & { was: string; due_at: number }>(
    `SELECT was, due_at, (claimed).* FROM ${s}.claim($1, $2, $3, $4)`,
    [owner, now, leaseUntil, limit],
  );
  rows.sort((a, b) => a.due_at - b.due_at || (a.id < b.id ? -1 : 1));
  return rows.map((row) => ({ run: asRun(row), token: row.token, isRecovered: row.was !== "PLANNED" }));
}

/** Prolongs leases that are still held, and tells of each whether its run is to be cancelled. */
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
    UPDATE ${s}.run r SET wake_at = $2 FROM held h WHERE r.id = h.id
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

/** Notes at runs that are held that they are to be cancelled, which their holders learn when they renew. */
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
