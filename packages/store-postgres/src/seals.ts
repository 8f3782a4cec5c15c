import type { Seal } from "@tidegate/core";
import type { SealChange } from "@tidegate/core/store";
import type { Database } from "./database.js";

/** Writes a seal; `false` if the ledger or the seal is another one, or its time is being written. */
export async function putSeal(database: Database, s: string, change: SealChange): Promise<boolean> {
  const { groupId, incarnation, expected, through, note, sealedAt } = change;
  const [row] = await database.query<{ answer: boolean }>(
    `WITH held AS MATERIALIZED (
      SELECT t.offsets::json ->> 'needsSnapshot' = 'true' AS needs_copy FROM ${s}.schedule_state t WHERE t.group_id = $1
        FOR NO KEY UPDATE
    ) SELECT coalesce((SELECT CASE WHEN needs_copy AND ($3::bigint IS NULL OR $4::bigint > $3) THEN false
        ELSE ${s}.put_seal($1, $2, $3, $4, $5, $6) END FROM held), false) AS answer`,
    // Postgres stores no NUL.
    [groupId, incarnation, expected, through, note.replaceAll("\0", "\uFFFD"), sealedAt],
  );
  return row!.answer;
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
