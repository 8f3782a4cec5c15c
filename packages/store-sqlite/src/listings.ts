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
  type RawBuilder,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from "kysely";
import type { GroupNumbers } from "./group-numbers.js";
import { asRun, type RunRow } from "./run-rows.js";
import { asSchedule, SCHEDULE_COLUMNS, SCHEDULE_TABLES, type ScheduleRow } from "./schedules.js";
import type { Statements, Value } from "./statements.js";
import type { Tables } from "./tables.js";

const DEFAULT_LIMIT = 100;

/** Builds queries; the statements run them. */
const builder = new Kysely<unknown>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

type Condition = RawBuilder<unknown>;

/** Schedules by group id. */
export function listSchedules(
  { statements, lanes }: Tables,
  filter: ScheduleFilter,
  page: PageRequest,
): Page<Schedule> {
  const conditions: Condition[] = [];
  if (filter.groupIds !== undefined) conditions.push(sql`s.group_id IN (${list(filter.groupIds)})`);
  if (filter.groupIdPrefix !== undefined) {
    conditions.push(sql`substr(s.group_id, 1, length(${filter.groupIdPrefix})) = ${filter.groupIdPrefix}`);
  }
  if (filter.statuses !== undefined) conditions.push(sql`s.status IN (${list(filter.statuses)})`);
  if (filter.engine !== undefined) conditions.push(sql`s.engine = ${filter.engine}`);
  for (const [key, value] of Object.entries(filter.labels ?? {})) {
    conditions.push(
      sql`EXISTS (SELECT 1 FROM json_each(v.spec, '$.labels') l WHERE l.key = ${key} AND l.value = ${value})`,
    );
  }
  if (page.cursor !== undefined) conditions.push(sql`s.group_id > ${page.cursor}`);
  const limit = page.limit ?? DEFAULT_LIMIT;
  const rows = query<ScheduleRow>(
    statements,
    sql`SELECT ${sql.raw(SCHEDULE_COLUMNS)} FROM ${sql.raw(SCHEDULE_TABLES)} WHERE ${all(conditions)}
      ORDER BY s.group_id LIMIT ${limit + 1}`,
  );
  return pageOf(
    rows,
    limit,
    (row) => asSchedule(row, lanes.of(row.no)),
    (row) => row.group_id,
  );
}

/** Runs by lower bound and generation. */
export function listRuns(
  statements: Statements,
  groups: GroupNumbers,
  filter: RunFilter,
  page: PageRequest,
): Page<Run> {
  const limit = page.limit ?? DEFAULT_LIMIT;
  const no = filter.groupId === undefined ? undefined : groups.numberOf(filter.groupId);
  if (filter.groupId !== undefined && no === undefined) return { items: [] };
  const conditions = runConditions(statements, filter, no);
  const isAscending = filter.order !== "descending";
  if (page.cursor !== undefined) conditions.push(afterCursor(page.cursor, isAscending));
  const direction = sql.raw(isAscending ? "ASC" : "DESC");
  const rows = query<RunRow>(
    statements,
    sql`SELECT * FROM run WHERE ${all(conditions)}
      ORDER BY lower ${direction}, generation ${direction}, upper ${direction}, id ${direction} LIMIT ${limit + 1}`,
  );
  return pageOf(
    rows,
    limit,
    (row) => asRun(row, groups.idOf(row.group_no)),
    ({ lower, generation, upper, id }) => JSON.stringify([lower, generation, upper, id]),
  );
}

function runConditions(statements: Statements, filter: RunFilter, no: number | undefined): Condition[] {
  const { states, kinds, reasons, backfillId, within, includeSuperseded } = filter;
  const conditions: Condition[] = [];
  if (no !== undefined) conditions.push(sql`group_no = ${no}`);
  if (states !== undefined) conditions.push(sql`state IN (${list(states)})`);
  if (kinds !== undefined) conditions.push(sql`kind IN (${list(kinds)})`);
  if (reasons !== undefined) conditions.push(sql`reason IN (${list(reasons)})`);
  if (backfillId !== undefined) conditions.push(sql`backfill_id = ${backfillId}`);
  if (includeSuperseded === false) conditions.push(sql`is_superseded = 0`);
  if (within === undefined) return conditions;
  if (within.lower === within.upper) {
    conditions.push(sql`lower = ${within.lower} AND upper = ${within.upper}`);
    return conditions;
  }
  conditions.push(sql`lower < ${within.upper} AND upper > ${within.lower}`);
  if (no !== undefined) conditions.push(sql`lower >= ${within.lower - longestRunMs(statements, no)}`);
  return conditions;
}

/** No run of the group is longer, so none that begins earlier than this before a bound can reach it. */
export function longestRunMs(statements: Statements, no: number): number {
  const text = "SELECT longest_run_ms FROM schedule_state WHERE no = ?";
  return statements.get<{ longest_run_ms: number }>(text, no)?.longest_run_ms ?? 0;
}

function afterCursor(cursor: string, isAscending: boolean): Condition {
  const parts = parseCursor(cursor);
  const order = sql.raw(isAscending ? ">" : "<");
  return sql`(lower, generation, upper, id) ${order} (${list(parts)})`;
}

function parseCursor(cursor: string): Value[] {
  try {
    const parts: unknown = JSON.parse(cursor);
    if (Array.isArray(parts) && parts.length === 4) return parts as Value[];
  } catch {
    // Falls through to the refusal.
  }
  throw new StoreError("STORE_FAILED", "cursor: is not one that a page of this listing gave.", {
    field: "cursor",
  });
}

function list(values: readonly unknown[]): RawBuilder<unknown> {
  return sql.join(values.map((value) => sql`${value}`));
}

function all(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? sql`1 = 1` : sql.join(conditions, sql` AND `);
}

function query<Row>(statements: Statements, text: RawBuilder<unknown>): Row[] {
  const compiled = text.compile(builder);
  return statements.all<Row>(compiled.sql, ...(compiled.parameters as Value[]));
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
