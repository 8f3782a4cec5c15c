import type { Page, PageRequest, Run, RunFilter, Schedule, ScheduleFilter } from "@tidegate/core";
import {
  allOf,
  type Condition,
  limitOf,
  pageOf,
  parseRunCursor,
  runConditions,
  runCursor,
} from "@tidegate/store-sql";
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  sql,
} from "kysely";
import type { Database } from "./database.js";
import { asRun, asSchedule, type RunRow, type ScheduleRow, selectSchedules } from "./rows.js";

/** Builds queries; the database runs them. */
const builder = new Kysely<unknown>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

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

/** Lists runs by lower bound and generation. */
export async function listRuns(
  database: Database,
  s: string,
  filter: RunFilter,
  page: PageRequest,
): Promise<Page<Run>> {
  const limit = limitOf(page);
  const { groupId } = filter;
  const group =
    groupId === undefined
      ? undefined
      : {
          isOf: sql`group_id = ${groupId}`,
          longestRunMs: sql`(SELECT longest_run_ms FROM ${sql.raw(s)}.schedule_state WHERE group_id = ${groupId})`,
        };
  const conditions = runConditions(filter, group);
  const isAscending = filter.order !== "descending";
  if (page.cursor !== undefined) conditions.push(afterCursor(page.cursor, isAscending));
  const direction = sql.raw(isAscending ? "ASC" : "DESC");
  const rows = await query<RunRow>(
    database,
    sql`SELECT * FROM ${sql.raw(s)}.run WHERE ${allOf(conditions)}
      ORDER BY lower ${direction}, generation ${direction}, upper ${direction}, id ${direction} LIMIT ${limit + 1}`,
  );
  return pageOf(rows, limit, asRun, runCursor);
}

function afterCursor(cursor: string, isAscending: boolean): Condition {
  const { lower, generation, upper, id } = parseRunCursor(cursor);
  const order = sql.raw(isAscending ? ">" : "<");
  return sql`(lower, generation, upper, id) ${order} (${lower}::bigint, ${generation}::integer, ${upper}::bigint, ${id})`;
}

function query<Row>(database: Database, text: RawBuilder<unknown>): Promise<Row[]> {
  const compiled = text.compile(builder);
  return database.query<Row>(compiled.sql, compiled.parameters);
}
