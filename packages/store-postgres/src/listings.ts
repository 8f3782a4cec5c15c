import {
  type Page,
  type PageRequest,
  type Run,
  type RunFilter,
  type Schedule,
  type ScheduleFilter,
  StoreError,
} from "@tidegate/core";
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

const DEFAULT_LIMIT = 100;

/** Builds queries; the database runs them. */
const builder = new Kysely<unknown>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

type Condition = RawBuilder<unknown>;

/** A label as it is kept: a text that has the key and the value, and no character that Postgres does not. */
export function labelText(key: string, value: string): string {
  return JSON.stringify([key, value]);
}

/** Schedules by group id. */
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
  const limit = page.limit ?? DEFAULT_LIMIT;
  const rows = await query<ScheduleRow>(
    database,
    sql`${sql.raw(selectSchedules(s))} WHERE ${all(conditions)} ORDER BY d.group_id LIMIT ${limit + 1}`,
  );
  return pageOf(rows, limit, asSchedule, (row) => row.group_id);
}

/** Runs by lower bound and generation. */
export async function listRuns(
  database: Database,
  s: string,
  filter: RunFilter,
  page: PageRequest,
): Promise<Page<Run>> {
  const limit = page.limit ?? DEFAULT_LIMIT;
  const conditions = runConditions(s, filter);
  const isAscending = filter.order !== "descending";
  if (page.cursor !== undefined) conditions.push(afterCursor(page.cursor, isAscending));
  const direction = sql.raw(isAscending ? "ASC" : "DESC");
  const rows = await query<RunRow>(
    database,
    sql`SELECT * FROM ${sql.raw(s)}.run WHERE ${all(conditions)}
      ORDER BY lower ${direction}, generation ${direction}, upper ${direction}, id ${direction} LIMIT ${limit + 1}`,
  );
  return pageOf(rows, limit, asRun, ({ lower, generation, upper, id }) =>
    JSON.stringify([lower, generation, upper, id]),
  );
}

function runConditions(s: string, filter: RunFilter): Condition[] {
  const { groupId, states, kinds, reasons, backfillId, within, includeSuperseded } = filter;
  const conditions: Condition[] = [];
  if (groupId !== undefined) conditions.push(sql`group_id = ${groupId}`);
  if (states !== undefined) conditions.push(sql`state IN (${list(states)})`);
  if (kinds !== undefined) conditions.push(sql`kind IN (${list(kinds)})`);
  if (reasons !== undefined) conditions.push(sql`reason IN (${list(reasons)})`);
  if (backfillId !== undefined) conditions.push(sql`backfill_id = ${backfillId}`);
  if (includeSuperseded === false) conditions.push(sql`NOT is_superseded`);
  if (within === undefined) return conditions;
  if (within.lower === within.upper) {
    conditions.push(sql`lower = ${within.lower} AND upper = ${within.upper}`);
    return conditions;
  }
  conditions.push(sql`lower < ${within.upper} AND upper > ${within.lower}`);
  if (groupId !== undefined) {
    // No run of the group is longer, so none that begins earlier than this can reach the interval.
    conditions.push(sql`lower >= ${within.lower} - (
      SELECT longest_run_ms FROM ${sql.raw(s)}.schedule_state WHERE group_id = ${groupId})`);
  }
  return conditions;
}

function afterCursor(cursor: string, isAscending: boolean): Condition {
  const [lower, generation, upper, id] = parseCursor(cursor);
  const order = sql.raw(isAscending ? ">" : "<");
  return sql`(lower, generation, upper, id) ${order} (${lower}::bigint, ${generation}::integer, ${upper}::bigint, ${id})`;
}

function parseCursor(cursor: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(cursor);
    if (Array.isArray(parts) && parts.length === 4) return parts;
  } catch {
    // Falls through to the refusal.
  }
  throw new StoreError("STORE_FAILED", "cursor: is not one that a page of this listing gave.", {
    field: "cursor",
  });
}

function list(values: readonly unknown[]): RawBuilder<unknown> {
  return values.length === 0 ? sql`NULL` : sql.join(values.map((value) => sql`${value}`));
}

function all(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` AND `);
}

function query<Row>(database: Database, text: RawBuilder<unknown>): Promise<Row[]> {
  const compiled = text.compile(builder);
  return database.query<Row>(compiled.sql, compiled.parameters);
}

function pageOf<Row, T>(
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => T,
  cursorOf: (row: Row) => string,
): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return {
    items: items.map(view),
    ...(rows.length > limit && last !== undefined ? { next: cursorOf(last) } : {}),
  };
}
