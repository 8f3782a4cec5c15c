import type { Page, PageRequest } from "@tidegate/core";
import {
  type AlertNote,
  type DeadlineFilter,
  type DeadlineQuery,
  type DeadlineWatch,
  isWatched,
  type KeptDeadline,
  type NewSchedule,
  type ScheduleChange,
} from "@tidegate/core/store";
import {
  afterDeadline,
  allOf,
  asDeadline,
  asWatch,
  type Condition,
  type DeadlineColumns,
  deadlineConditions,
  deadlineCursor,
  deadlineOrder,
  limitOf,
  pageOf,
  type WatchColumns,
} from "@tidegate/store-kit";
import { sql } from "kysely";
import type { Database } from "./database.js";
import { query } from "./queries.js";

interface WatchRow extends WatchColumns {
  readonly group_id: string;
}

/** Returns the new schedules that are watched, as the database's functions read them. */
export function watchesOfNew(schedules: readonly NewSchedule[]): object[] {
  return schedules.flatMap(({ spec, createdAt: at }, no) =>
    isWatched(spec) ? [{ no, groupId: spec.groupId, isWatched: true, isNew: true, at }] : [],
  );
}

/** Returns the changes that may begin or continue a watch, as the database's functions read them. */
export function watchesOfChanges(changes: readonly ScheduleChange[]): object[] {
  return changes.flatMap(({ groupId, spec, expected, updatedAt: at }, no) => {
    if (spec === undefined) return [];
    const isNew = expected.statuses.every((status) => status === "DELETED");
    return [{ no, groupId, isWatched: isWatched(spec.spec), isNew, at }];
  });
}

/** Returns watches that are due: see `DeadlineTable.listWatches`. */
export async function listWatches(
  database: Database,
  s: string,
  { before, limit }: DeadlineQuery,
): Promise<DeadlineWatch[]> {
  const rows = await database.query<WatchRow>(
    `SELECT * FROM ${s}.deadline_watch WHERE look_at IS NOT NULL AND look_at <= $1 ORDER BY look_at, group_id LIMIT $2`,
    [before, limit],
  );
  return rows.map((row) => asWatch(row, row.group_id));
}

/** Returns the watches of groups, in their order. */
export async function getWatches(
  database: Database,
  s: string,
  groupIds: readonly string[],
): Promise<(DeadlineWatch | undefined)[]> {
  const text = `SELECT * FROM ${s}.deadline_watch WHERE group_id = ANY ($1)`;
  const rows = await database.query<WatchRow>(text, [groupIds]);
  const found = new Map(rows.map((row) => [row.group_id, asWatch(row, row.group_id)]));
  return groupIds.map((groupId) => found.get(groupId));
}

/** Lists deadline records: see `DeadlineTable.listDeadlines`. */
export async function listDeadlines(
  database: Database,
  s: string,
  filter: DeadlineFilter,
  page: PageRequest,
): Promise<Page<KeptDeadline>> {
  const conditions: Condition[] = deadlineConditions(filter);
  if (filter.groupId !== undefined) conditions.push(sql`group_id = ${filter.groupId}`);
  if (page.cursor !== undefined) conditions.push(afterDeadline(page.cursor, filter));
  const limit = limitOf(page);
  const rows = await query<DeadlineColumns>(
    database,
    sql`SELECT * FROM ${sql.raw(s)}.deadline WHERE ${allOf(conditions)}
      ORDER BY ${deadlineOrder(filter.order)} LIMIT ${limit + 1}`,
  );
  return pageOf(rows, limit, asDeadline, deadlineCursor);
}

/** Returns records whose state is still to be told: see `DeadlineTable.listAlerts`. */
export async function listAlerts(
  database: Database,
  s: string,
  { before, limit }: DeadlineQuery,
): Promise<KeptDeadline[]> {
  const rows = await database.query<DeadlineColumns>(
    `SELECT * FROM ${s}.deadline WHERE tell_at IS NOT NULL AND tell_at <= $1
      ORDER BY tell_at, deadline_at, group_id, subject, lower LIMIT $2`,
    [before, limit],
  );
  return rows.map(asDeadline);
}

/** Converts a note to the JSON that the database's function reads. */
export function noteRow({ record, told, tellAt }: AlertNote): object {
  const { groupId, subject, lower, state, tellAt: wasTellAt } = record;
  return { groupId, subject, lower, state, wasTellAt, told, tellAt };
}
