import type { Page, PageRequest, Run, RunFilter, Schedule, ScheduleFilter } from "@tidegate/core";
import {
  allOf,
  asSchedule,
  type Condition,
  limitOf,
  listOf,
  pageOf,
  parseRunCursor,
  runConditions,
  runCursor,
} from "@tidegate/store-sql";
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
import { longestRunMs } from "./longest-run.js";
import { asRun, type RunRow } from "./run-rows.js";
import { SCHEDULE_COLUMNS, SCHEDULE_TABLES, type ScheduleRow } from "./schedules.js";
import type { Statements, Value } from "./statements.js";
import type { Tables } from "./tables.js";

/** Builds queries; the statements run them. */
const builder = new Kysely<unknown>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

/** Lists schedules by group id. */
export function listSchedules(
  { statements, lanes }: Tables,
  filter: ScheduleFilter,
  page: PageRequest,
): Page<Schedule> {
  const conditions: Condition[] = [];
  if (filter.groupIds !== undefined) conditions.push(sql`s.group_id IN (${listOf(filter.groupIds)})`);
  if (filter.groupIdPrefix !== undefined) {
    conditions.push(sql`substr(s.group_id, 1, length(${filter.groupIdPrefix})) = ${filter.groupIdPrefix}`);
  }
  if (filter.statuses !== undefined) conditions.push(sql`s.status IN (${listOf(filter.statuses)})`);
  if (filter.engine !== undefined) conditions.push(sql`s.engine = ${filter.engine}`);
  for (const [key, value] of Object.entries(filter.labels ?? {})) {
    conditions.push(
      sql`EXISTS (SELECT 1 FROM json_each(v.spec, '$.labels') l WHERE l.key = ${key} AND l.value = ${value})`,
    );
  }
  if (page.cursor !== undefined) conditions.push(sql`s.group_id > ${page.cursor}`);
  const limit = limitOf(page);
  const rows = query<ScheduleRow>(
    statements,
    sql`SELECT ${sql.raw(SCHEDULE_COLUMNS)} FROM ${sql.raw(SCHEDULE_TABLES)} WHERE ${allOf(conditions)}
      ORDER BY s.group_id LIMIT ${limit + 1}`,
  );
  return pageOf(
    rows,
    limit,
    (row) => asSchedule(row, lanes.countsOf(row.no)),
    (row) => row.group_id,
  );
}

/** Lists runs by lower bound and generation. */
export function listRuns(
  statements: Statements,
  groups: GroupNumbers,
  filter: RunFilter,
  page: PageRequest,
): Page<Run> {
  const limit = limitOf(page);
  const no = filter.groupId === undefined ? undefined : groups.numberOf(filter.groupId);
  if (filter.groupId !== undefined && no === undefined) return { items: [] };
  const group =
    no === undefined
      ? undefined
      : { isOf: sql`group_no = ${no}`, longestRunMs: sql`${longestRunMs(statements, no)}` };
  const conditions = runConditions(filter, group);
  const isAscending = filter.order !== "descending";
  if (page.cursor !== undefined) conditions.push(afterCursor(page.cursor, isAscending));
  const direction = sql.raw(isAscending ? "ASC" : "DESC");
  const rows = query<RunRow>(
    statements,
    sql`SELECT * FROM run ${sql.raw(indexFor(filter))} WHERE ${allOf(conditions)}
      ORDER BY lower ${direction}, generation ${direction}, upper ${direction}, id ${direction} LIMIT ${limit + 1}`,
  );
  return pageOf(rows, limit, (row) => asRun(row, groups.idOf(row.group_no)), runCursor);
}

/** Picks the index for a filter that few runs match. */
function indexFor({ isJobOpen, isBlocking, isUncovered }: RunFilter): string {
  if (isUncovered === true) return "INDEXED BY run_uncovered";
  if (isBlocking === true) return "INDEXED BY run_blocking";
  return isJobOpen === true ? "INDEXED BY run_held" : "";
}

function afterCursor(cursor: string, isAscending: boolean): Condition {
  const { lower, generation, upper, id } = parseRunCursor(cursor);
  const order = sql.raw(isAscending ? ">" : "<");
  return sql`(lower, generation, upper, id) ${order} (${lower}, ${generation}, ${upper}, ${id})`;
}

function query<Row>(statements: Statements, text: RawBuilder<unknown>): Row[] {
  const compiled = text.compile(builder);
  return statements.all<Row>(compiled.sql, ...(compiled.parameters as Value[]));
}
