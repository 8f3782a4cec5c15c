import type { Seal } from "@tidegate/core";
import type { SealChange } from "@tidegate/core/store";
import type { Database } from "./database.js";

/** Writes a seal; `false` if the ledger or the seal is another one. */
export async function putSeal(database: Database, s: string, change: SealChange): Promise<boolean> {
  const { groupId, incarnation, expected, through, note, sealedAt } = change;
  const rows = await database.query(
    `INSERT INTO ${s}.seal AS k (group_id, through, note, sealed_at)
      SELECT d.group_id, $4::bigint, $5::text, $6::bigint FROM ${s}.schedule d
        WHERE d.group_id = $1 AND d.incarnation = $2
          AND ($3::bigint IS NULL OR EXISTS (SELECT FROM ${s}.seal WHERE group_id = $1 AND through = $3))
      ON CONFLICT (group_id) DO UPDATE SET through = excluded.through, note = excluded.note,
        sealed_at = excluded.sealed_at WHERE k.through = $3
      RETURNING 1`,
    // Postgres stores no NUL.
    [groupId, incarnation, expected, through, note.replaceAll("\0", "\uFFFD"), sealedAt],
  );
  return rows.length > 0;
}

/** Returns the seals of groups, in their order. */
export async function getSeals(
  database: Database,
  s: string,
  groupIds: readonly string[],
): Promise<(Seal | undefined)[]> {
  const rows = await database.query<Seal>(
    `SELECT group_id AS "groupId", through, note, sealed_at AS "sealedAt" FROM ${s}.seal WHERE group_id = ANY ($1)`,
    [groupIds],
  );
  const found = new Map(rows.map((row) => [row.groupId, row]));
  return groupIds.map((groupId) => found.get(groupId));
}
