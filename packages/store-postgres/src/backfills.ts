import { type Backfill, type BackfillState, StoreError } from "@tidegate/core";
import type { Database } from "./database.js";
import { asBackfill, type BackfillRow } from "./rows.js";

/**
 * Inserts a backfill unless it exists.
 *
 * @throws StoreError STORE_FAILED if its group has no schedule
 */
export async function insertBackfill(database: Database, s: string, backfill: Backfill): Promise<boolean> {
  const { id, groupId, lower, upper, select, concurrency, cursor, state, reason } = backfill;
  const { plannedRuns, openRuns, createdAt, updatedAt } = backfill;
  const [answer] = await database.query<{ has_schedule: boolean; is_new: boolean }>(
    `WITH known AS (SELECT FROM ${s}.schedule WHERE group_id = $2),
      made AS (
        INSERT INTO ${s}.backfill (id, group_id, lower, upper, selects, concurrency, cursor, state,
            reason, planned_runs, open_runs, created_at, updated_at)
          SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 WHERE EXISTS (SELECT FROM known)
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
