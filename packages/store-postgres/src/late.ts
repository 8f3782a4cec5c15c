import type { LateTime, Page, PageRequest } from "@tidegate/core";
import type {
  LateFilter,
  LateReport,
  LateSettlement,
  LookbackQuery,
  LookbackWatch,
} from "@tidegate/core/store";
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
import { toJson } from "./json.js";
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

/** Writes reports: see `LateTable.reportLate`. Those of another ledger are told apart while nobody can purge it. */
export async function reportLate(
  database: Database,
  s: string,
  reports: readonly LateReport[],
): Promise<boolean[]> {
  const groupIds = [...new Set(reports.map(({ groupId }) => groupId))];
  const [row] = await database.query<{ answer: boolean[] }>(
    `WITH held AS MATERIALIZED (
      SELECT d.group_id, d.incarnation FROM ${s}.schedule_state t JOIN ${s}.schedule d ON d.group_id = t.group_id
        WHERE t.group_id = ANY ($2) ORDER BY t.group_id FOR NO KEY UPDATE OF t
    ) SELECT ${s}.report_late(coalesce((SELECT json_agg(CASE WHEN h.group_id IS NULL THEN '{}' ELSE r.report END ORDER BY r.no)
        FROM json_array_elements($1) WITH ORDINALITY AS r (report, no)
        LEFT JOIN held h ON h.group_id = r.report->>'groupId' AND h.incarnation = r.report->>'incarnation'), '[]')) AS answer`,
    [toJson(reports), groupIds],
  );
  return row!.answer;
}

/** Settles reports: see `LateTable.settleLate`. */
export async function settleLate(
  database: Database,
  s: string,
  settlements: readonly LateSettlement[],
): Promise<boolean[]> {
  const rows = settlements.map(({ late, incarnation, state, backfillId }, no) => {
    const { groupId, lower, upper, reportedBy, reports } = late;
    return { no, groupId, incarnation, lower, upper, reportedBy, reports, state, backfillId };
  });
  const settled = await database.query<{ no: number }>(
    `UPDATE ${s}.late_time l SET state = x.state, backfill_id = x."backfillId"
      FROM json_to_recordset($1) AS x (no integer, "groupId" text, incarnation text, lower bigint, upper bigint,
        "reportedBy" text, reports integer, state text, "backfillId" text)
      WHERE l.group_id = x."groupId" AND l.upper = x.upper AND l.lower = x.lower AND l.reported_by = x."reportedBy"
        AND l.reports = x.reports AND l.state = 'PENDING'
        AND EXISTS (SELECT FROM ${s}.schedule d WHERE d.group_id = l.group_id AND d.incarnation = x.incarnation)
      RETURNING x.no`,
    [toJson(rows)],
  );
  const done = new Set(settled.map(({ no }) => no));
  return settlements.map((_, no) => done.has(no));
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
