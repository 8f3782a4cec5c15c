import type { ClaimQueue, ClaimRequest, NewRun } from "@tidegate/core/store";
import { type BeforeRow, heldRow } from "./held-rows.js";
import type { OffsetTexts } from "./offset-texts.js";
import { queueNo, withOffsets } from "./run-rows.js";
import type { Statements, Value } from "./statements.js";

/** A scheduled run that needs nothing but its claim. */
const INSERT_CLAIMED = `INSERT INTO run (group_no, lower, generation, upper, id, kind, intervals, scheduled_time, state, reason,
  schedule_version, operator, attempt, token, gating, place, queue, lease_until, is_blocking, is_superseded,
  is_cancel_requested, is_job_open, planned_at, submitted_at)
  VALUES (?, ?, 0, ?, ?, 'SCHEDULED', ?, ?, 'SUBMITTING', ?, ?, ?, 1, 1, 0, 'active', ?, ?, 0, 0, 0, 1, ?, ?)
  ON CONFLICT DO NOTHING`;

const INSERT_CLAIMED_WITH_OFFSETS = withOffsets(INSERT_CLAIMED);

/**
 * Inserts a run of which `mayClaimAsPlanned` holds as claimed, and returns its row as a change finds it; `undefined` if it
 * exists already.
 */
export function insertClaimed(
  statements: Statements,
  groupNo: number,
  run: NewRun,
  queue: ClaimQueue,
  { now, leaseUntil }: Pick<ClaimRequest, "now" | "leaseUntil">,
  texts: OffsetTexts,
): BeforeRow | undefined {
  const values: Value[] = [
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
  ];
  if (run.offsets != null) values.push(texts.ofRun(run.offsets));
  const text = run.offsets == null ? INSERT_CLAIMED : INSERT_CLAIMED_WITH_OFFSETS;
  const { changes, lastInsertRowid } = statements.insert(text, values);
  if (changes === 0) return undefined;
  const { id, lower, upper, kind } = run;
  return heldRow(
    {
      no: Number(lastInsertRowid),
      group_no: groupNo,
      lower,
      upper,
      generation: 0,
      id,
      kind,
      backfill_id: null,
      gating: 0,
    },
    1,
    leaseUntil,
  );
}
