import type { EpochMs } from "@tidegate/core";
import type { ClaimQueue, NewRun } from "@tidegate/core/store";
import { type BeforeRow, heldRow } from "./held-rows.js";
import { queueNo } from "./run-rows.js";
import type { Statements } from "./statements.js";

/** A scheduled run that needs nothing but its claim. */
const INSERT_CLAIMED = `INSERT INTO run (group_no, lower, generation, upper, id, kind, intervals, scheduled_time, state, reason,
  schedule_version, operator, attempt, token, gating, place, queue, lease_until, is_blocking, is_superseded,
  is_cancel_requested, is_job_open, planned_at, submitted_at)
  VALUES (?1, ?2, 0, ?3, ?4, 'SCHEDULED', ?5, ?6, 'SUBMITTING', ?7, ?8, ?9, 1, 1, 0, 'active', ?10, ?11, 0, 0, 0, 1, ?12, ?13)
  ON CONFLICT DO NOTHING`;

/** The same, with positions. */
const INSERT_CLAIMED_OFFSETS = INSERT_CLAIMED.replace("submitted_at)", "submitted_at, offsets)").replace(
  "?13)",
  "?13, ?14)",
);

/**
 * Inserts a run of which `mayClaimAsPlanned` holds as claimed, and returns its row as a change finds it; `undefined` if it
 * exists already.
 */
export function insertClaimed(
  statements: Statements,
  groupNo: number,
  run: NewRun,
  {
    queue,
    now,
    leaseUntil,
  }: { readonly queue: ClaimQueue; readonly now: EpochMs; readonly leaseUntil: EpochMs },
): BeforeRow | undefined {
  const offsets = run.offsets == null ? [] : [JSON.stringify(run.offsets)];
  const { changes, lastInsertRowid } = statements.insert(
    offsets.length === 0 ? INSERT_CLAIMED : INSERT_CLAIMED_OFFSETS,
    groupNo,
    run.lower,
    run.upper,
    run.id,
    run.intervals,
    run.scheduledTime,
    run.reason,
    run.scheduleVersion,
    run.operator,
    queueNo(queue),
    leaseUntil,
    run.plannedAt,
    now,
    ...offsets,
  );
  if (changes === 0) return undefined;
  const { id, lower, upper, kind } = run;
  const row = { no: lastInsertRowid, group_no: groupNo, lower, upper, generation: 0, id, kind };
  return heldRow({ ...row, backfill_id: null, gating: 0 }, 1, leaseUntil);
}
