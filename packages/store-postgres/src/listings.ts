import type { Page, PageRequest, Run, Schedule } from "@tidegate/core";
import type { RunFilter, ScheduleFilter } from "@tidegate/core/store";
import {
  allOf,
  type Condition,
  limitOf,
  pageOf,
  type RunSources,
  runCursor,
  runPageQuery,
} from "@tidegate/store-kit";
import { sql } from "kysely";
import type { Database } from "./database.js";
import { query } from "./queries.js";
import { asRun, asSchedule, type RunRow, type ScheduleRow, selectSchedules } from "./rows.js";

/**
 * Returns the stored form of a label: a text with the key and the value, and no character that Postgres
 * cannot store.
 */
export function labelText(key: string, value: string): string {
  return JSON.stringify([key, value]);
}

/** Lists schedules by group id. */
export async function listSchedules(
  database: Database,
  s: string,
  filter: ScheduleFilter,
  page: PageRequest,
): Promise<Page<Schedule>> {
  const conditions: Condition[] = [];
  if (filter.groupIds !== undefined) conditions.push(sql`d.group_id = ANY (${filter.groupIds}::text[])`);
  if (filter.groupIdPrefix !== undefined) conditions.push(sql`d.group_id ^@ ${filter.groupIdPrefix}`);
  if (filter.statuses !== undefined) conditions.push(sql`d.status = ANY (${filter.statuses}::text[])`);
  if (filter.engine !== undefined) conditions.push(sql`d.engine = ${filter.engine}`);
  if (filter.labels !== undefined) {
    const labels = Object.entries(filter.labels).map(([key, value]) => labelText(key, value));
    conditions.push(sql`d.labels @> ${labels}::text[]`);
  }
  if (page.cursor !== undefined) conditions.push(sql`d.group_id > ${page.cursor}`);
  const limit = limitOf(page);
  const rows = await query<ScheduleRow>(
    database,
    sql`${sql.raw(selectSchedules(s))} WHERE ${allOf(conditions)} ORDER BY d.group_id LIMIT ${limit + 1}`,
  );
  return pageOf(rows, limit, asSchedule, (row) => row.group_id);
}

const PLANNED = sql`place IN ('waiting', 'gated', 'ready')`;
const ACTIVE = sql`place = 'active' AND lease_until IS NOT NULL`;

/** @param s - the schema, quoted */
const sourcesOf = (s: string): RunSources => ({
  table: `${s}.run`,
  longestRunMs: sql`(SELECT coalesce(max(longest_run_ms), 0) FROM ${sql.raw(s)}.schedule_state)`,
  idAt: (time) => sql`lpad(to_hex((${time})::bigint), 12, '0')`,
  // Each is the predicate of a partial index.
  ofState: (state) => {
    if (state === "SUCCEEDED") return [{ where: sql`state = ${state}` }];
    if (state === "PLANNED") return [{ where: PLANNED }];
    const isActive = state === "SUBMITTING" || state === "RUNNING";
    return [{ where: isActive ? sql`${ACTIVE} AND state = ${state}` : sql`failure = ${state}` }];
  },
  ofFilter: ({ reads }) => {
    if (reads === undefined) return undefined;
    const { groupId, lower, upper } = reads;
    const reach = sql`(SELECT longest_ms FROM ${sql.raw(s)}.input_reach WHERE group_id = ${groupId})`;
    const readers = sql`SELECT run_id FROM ${sql.raw(s)}.run_input WHERE group_id = ${groupId}
      AND upper > ${lower} AND lower < ${upper} AND upper < ${upper} + ${reach}`;
    return [{ where: sql`id IN (${readers})` }];
  },
  ofKind: (kind) => ({ where: sql`kind = ${kind} AND kind <> 'SCHEDULED'` }),
});

/** Lists a group's runs by interval, those of all groups by id. */
export async function listRuns(
  database: Database,
  s: string,
  filter: RunFilter,
  page: PageRequest,
): Promise<Page<Run>> {
  const { groupId } = filter;
  const group =
    groupId === undefined
      ? undefined
      : {
          isOf: sql`group_id = ${groupId}`,
          longestRunMs: sql`(SELECT longest_run_ms FROM ${sql.raw(s)}.schedule_state WHERE group_id = ${groupId})`,
        };
  const rows = await query<RunRow>(database, runPageQuery(filter, page, group, sourcesOf(s)));
  return pageOf(rows, limitOf(page), asRun, runCursor);
}
