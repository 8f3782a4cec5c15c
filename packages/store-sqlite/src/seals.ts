import type { EpochMs, Seal } from "@tidegate/core";
import type { SealChange, SealRead } from "@tidegate/core/store";
import { hasOpen } from "./standing.js";
import type { Tables } from "./tables.js";

interface SealRow {
  readonly through: number;
  readonly note: string;
  readonly sealed_at: number;
}

const OF_GROUP = "SELECT through, note, sealed_at FROM seal WHERE group_no = ?";

const LEDGER = "SELECT incarnation, origin FROM schedule WHERE no = ?";

const ENTERING = `SELECT 1 FROM run INDEXED BY run_waiting WHERE place = 'waiting' AND group_no = ? AND lower < ? AND upper > ?
  UNION ALL SELECT 1 FROM run INDEXED BY run_gated WHERE place = 'gated' AND group_no = ? AND lower < ? AND upper > ? LIMIT 1`;

const COPIED_NEXT = "SELECT 1 FROM schedule_state WHERE no = ? AND json_extract(offsets, '$.needsSnapshot')";

const OVERLAPPING = "SELECT 1 FROM run WHERE id = ? AND lower < ? AND upper > ?";

const BACKFILL =
  "SELECT 1 FROM backfill WHERE group_no = ? AND state = 'RUNNING' AND min(lower, cursor) < ? LIMIT 1";

/** Writes a seal. `false`, with nothing written, if the ledger or the seal is another one, or its time is being written. */
export function putSeal(tables: Tables, change: SealChange): boolean {
  const { statements, groups } = tables;
  const { groupId, incarnation, expected, through, note, sealedAt } = change;
  const no = groups.numberOf(groupId);
  if (no === undefined) return false;
  const ledger = statements.get<{ incarnation: string; origin: number }>(LEDGER, no);
  if (ledger?.incarnation !== incarnation || !isSealAsRead(tables, groupId, { seal: expected })) return false;
  const isFurther = through > (expected ?? Number.NEGATIVE_INFINITY);
  if (isFurther && isBeingWritten(tables, no, ledger.origin, through)) return false;
  statements.run(
    "INSERT OR REPLACE INTO seal (group_no, through, note, sealed_at) VALUES (?, ?, ?, ?)",
    no,
    through,
    note,
    sealedAt,
  );
  return true;
}

/** Returns the seal of a group, if it was ever sealed. */
export function getSeal({ statements, groups }: Tables, groupId: string): Seal | undefined {
  const no = groups.numberOf(groupId);
  const row = no === undefined ? undefined : statements.get<SealRow>(OF_GROUP, no);
  return row && { groupId, through: row.through, note: row.note, sealedAt: row.sealed_at };
}

/** Returns whether a group has the seal that a caller has read, if it names one. */
export function isSealAsRead(tables: Tables, groupId: string, { seal }: SealRead): boolean {
  return seal === undefined || seal === (getSeal(tables, groupId)?.through ?? null);
}

/** Returns whether any of a group's time is still to be written: see `SealTable.putSeal`. Reads open runs only. */
function isBeingWritten(tables: Tables, no: number, origin: EpochMs, through: EpochMs): boolean {
  const { statements, lanes } = tables;
  const { admitted, beside } = lanes.of(no);
  const within = [no, through, origin] as const;
  return (
    hasOpen(tables, no, "snapshots") ||
    statements.get(COPIED_NEXT, no) !== undefined ||
    statements.get(ENTERING, ...within, ...within) !== undefined ||
    [...admitted, ...beside].some((id) => statements.get(OVERLAPPING, id, through, origin) !== undefined) ||
    statements.get(BACKFILL, no, through) !== undefined
  );
}
