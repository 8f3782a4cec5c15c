import type { LateTime, Page, PageRequest } from "@tidegate/core";
import type { LateFilter, LateSettlement, LookbackQuery, LookbackWatch } from "@tidegate/core/store";
import {
  afterLate,
  allOf,
  asLateTime,
  asLookback,
  type Condition,
  LATE_ORDER,
  type LateColumns,
  type LookbackColumns,
  lateConditions,
  lateCursor,
  limitOf,
  pageOf,
} from "@tidegate/store-kit";
import { sql } from "kysely";
import type { Database } from "./database.js";
import { query } from "./queries.js";

/** Returns watches that are due: see `LateTable.listLookbacks`. */
export async function listLookbacks(
  database: Database,
  s: string,
  { before, limit }: LookbackQuery,
): Promise<LookbackWatch[]> {
  const rows = await database.query<LookbackColumns>(
    `SELECT * FROM ${s}.lookback WHERE look_at IS NOT NULL AND look_at <= $1 ORDER BY look_at, group_id LIMIT $2`,
    [before, limit],
  );
  return rows.map(asLookback);
}

/** Returns the watches of groups, in their order. */
export async function getLookbacks(
  database: Database,
  s: string,
  groupIds: readonly string[],
): Promise<(LookbackWatch | undefined)[]> {
  const text = `SELECT * FROM ${s}.lookback WHERE group_id = ANY ($1)`;
  const rows = await database.query<LookbackColumns>(text, [groupIds]);
  const found = new Map(rows.map((row) => [row.group_id, asLookback(row)]));
  return groupIds.map((groupId) => found.get(groupId));
}

/** Converts a settlement to the JSON that the database's function reads. */
export function lateSettlementRow({ late, state, backfillId }: LateSettlement): object {
  const { groupId, lower, upper, reportedBy, reports } = late;
  return { groupId, lower, upper, reportedBy, reports, state, backfillId };
}

/** Lists late data: see `LateTable.listLate`. */
export async function listLate(
  database: Database,
  s: string,
  filter: LateFilter,
  page: PageRequest,
): Promise<Page<LateTime>> {
  const conditions: Condition[] = lateConditions(filter);
  if (filter.groupId !== undefined) conditions.push(sql`group_id = ${filter.groupId}`);
  if (page.cursor !== undefined) conditions.push(afterLate(page.cursor));
  const limit = limitOf(page);
  const rows = await query<LateColumns>(
    database,
    sql`SELECT * FROM ${sql.raw(s)}.late_time WHERE ${allOf(conditions)} ORDER BY ${LATE_ORDER} LIMIT ${limit + 1}`,
  );
  return pageOf(rows, limit, asLateTime, lateCursor);
}
