import { type Backfill, type BackfillState, StoreError } from "@tidegate/core";
import type { SealRead } from "@tidegate/core/store";
import type { Database } from "./database.js";
import { asBackfill, type BackfillRow } from "./rows.js";

/**
 * Inserts a backfill unless it exists, or the group's seal is another than the one that was read.
 *
 * @throws StoreError STORE_FAILED if its group has no schedule
 */
export async function insertBackfill(
  database: Database,
  s: string,
  backfill: Backfill,
  { seal }: SealRead,
): Promise<boolean> {
  const { id, groupId, lower, upper, select, concurrency, cursor, state, reason } = backfill;
  const { plannedRuns, openRuns, createdAt, updatedAt } = backfill;
  const [answer] = await database.query<{ has_schedule: boolean; is_new: boolean }>(
    `WITH known AS MATERIALIZED (SELECT group_id FROM ${s}.schedule_state WHERE group_id = $2 FOR NO KEY UPDATE),
      made AS (
        INSERT INTO ${s}.backfill (id, group_id, lower, upper, selects, concurrency, cursor, state,
            reason, planned_runs, open_runs, created_at, updated_at)
          SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 FROM known
            WHERE CASE WHEN $14 THEN ${s}.is_sealed_as(group_id, $15) ELSE true END
          ON CONFLICT (id) DO NOTHING RETURNING 1
      )
      SELECT EXISTS (SELECT FROM known) AS has_schedule, EXISTS (SELECT FROM made) AS is_new`,
    [
      id,
      groupId,
      lower,
      upper,
      select,
      concurrency,
      cursor,
      state,
      reason,
      plannedRuns,
      openRuns,
      createdAt,
      updatedAt,
      seal !== undefined,
      seal,
    ],
  );
  if (answer?.has_schedule !== true)
    throw new StoreError("STORE_FAILED", `Group ${groupId} has no schedule.`);
  return answer.is_new;
}

export async function getBackfill(database: Database, s: string, id: string): Promise<Backfill | undefined> {
  const [row] = await database.query<BackfillRow>(`SELECT * FROM ${s}.backfill WHERE id = $1`, [id]);
  return row && asBackfill(row);
}

/** Lists backfills, newest first. */
export async function listBackfills(
  database: Database,
  s: string,
  filter: { groupId?: string; states?: readonly BackfillState[] },
): Promise<Backfill[]> {
  const rows = await database.query<BackfillRow>(
    `SELECT * FROM ${s}.backfill WHERE ($1::text IS NULL OR group_id = $1)
      AND ($2::text[] IS NULL OR state = ANY ($2)) ORDER BY no DESC`,
    [filter.groupId, filter.states],
  );
  return rows.map(asBackfill);
}
