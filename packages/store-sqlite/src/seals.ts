import type { Seal } from "@tidegate/core";
import type { SealChange } from "@tidegate/core/store";
import type { Tables } from "./tables.js";

interface SealRow {
  readonly through: number;
  readonly note: string;
  readonly sealed_at: number;
}

const OF_GROUP = "SELECT through, note, sealed_at FROM seal WHERE group_no = ?";

/** Writes a seal. `false`, with nothing written, if the ledger or the seal is another one. */
export function putSeal({ statements, groups }: Tables, change: SealChange): boolean {
  const { groupId, incarnation, expected, through, note, sealedAt } = change;
  const no = groups.numberOf(groupId);
  if (no === undefined) return false;
  const ledger = statements.get<{ incarnation: string }>("SELECT incarnation FROM schedule WHERE no = ?", no);
  const before = statements.get<SealRow>(OF_GROUP, no);
  if (ledger?.incarnation !== incarnation || (before?.through ?? null) !== expected) return false;
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
