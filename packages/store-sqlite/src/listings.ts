import type { Page, PageRequest, Run, Schedule } from "@tidegate/core";
import type { RunFilter, ScheduleFilter } from "@tidegate/core/store";
import {
  ANY,
  allOf,
  asSchedule,
  type Condition,
  limitOf,
  listOf,
  pageOf,
  type RunSource,
  type RunSources,
  runCursor,
  runPageQuery,
} from "@tidegate/store-kit";
import { sql } from "kysely";
import type { GroupNumbers } from "./group-numbers.js";
import { longestRunMs } from "./longest-run.js";
import { query } from "./queries.js";
import { asRun, type RunRow } from "./run-rows.js";
import { SCHEDULE_COLUMNS, SCHEDULE_TABLES, type ScheduleRow } from "./schedules.js";
import type { Statements } from "./statements.js";
import type { Tables } from "./tables.js";

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
      // A damaged specification has no labels, and must not fail the listing.
      sql`CASE WHEN json_valid(v.spec) THEN EXISTS
        (SELECT 1 FROM json_each(v.spec, '$.labels') l WHERE l.key = ${key} AND l.value = ${value}) END`,
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

const indexed = (by: string, where: Condition): RunSource => ({ where, hint: `INDEXED BY ${by}` });

/** The predicates of the indexes; SQLite uses them if it finds the same words. */
const BESIDE = sql`kind <> 'SCHEDULED'`;

const SOURCES: RunSources = {
  table: "run",
  longestRunMs: sql`(SELECT coalesce(max(longest_run_ms), 0) FROM schedule_state)`,
  idAt: (time) => sql`printf('%012x', ${time})`,
  ofState: (state, isOfGroup) => {
    if (state === "SUCCEEDED") return [{ where: sql`state = ${state}` }];
    if (state === "PLANNED") {
      return ["ready", "gated", "waiting"].map((place) =>
        indexed(`run_${place}`, sql.raw(`place = '${place}'`)),
      );
    }
    if (state === "SUBMITTING" || state === "RUNNING") {
      return [indexed("run_held", sql`lease_until IS NOT NULL AND state = ${state}`)];
    }
    return [indexed(isOfGroup ? "run_failed" : "run_by_failure", sql`failure = ${state}`)];
  },
  ofKind: (kind, isOfGroup) =>
    indexed(isOfGroup ? "run_beside" : "run_by_kind", sql`${BESIDE} AND kind = ${kind}`),
  ofFilter: ({ isJobOpen, isBlocking, isUncovered, isSnapshot, staleness, reads, isSuperseded }) => {
    if (reads !== undefined) {
      const { groupId, lower, upper } = reads;
      const reach = sql`(SELECT longest_ms FROM input_reach WHERE group_id = ${groupId})`;
      const readers = sql`SELECT run_no FROM run_input WHERE group_id = ${groupId} AND upper > ${lower}
        AND lower < ${upper} AND upper < ${upper} + ${reach}`;
      return [{ where: sql`no IN (${readers})` }];
    }
    if (staleness !== undefined) return [indexed("run_stale", ANY.where)];
    if (isSnapshot === true) return [indexed("run_snapshot", ANY.where)];
    if (isSuperseded === true) return [indexed("run_superseded", ANY.where)];
    if (isUncovered === true) return [indexed("run_to_cover", ANY.where)];
    if (isBlocking === true) return [indexed("run_blocking", ANY.where)];
    return isJobOpen === true ? [indexed("run_held", ANY.where)] : undefined;
  },
};

/** Lists a group's runs by interval, those of all groups by id. */
export function listRuns(
  statements: Statements,
  groups: GroupNumbers,
  filter: RunFilter,
  page: PageRequest,
): Page<Run> {
  const no = filter.groupId === undefined ? undefined : groups.numberOf(filter.groupId);
  if (filter.groupId !== undefined && no === undefined) return { items: [] };
  const group =
    no === undefined
      ? undefined
      : { isOf: sql`group_no = ${no}`, longestRunMs: sql`${longestRunMs(statements, no)}` };
  const rows = query<RunRow>(statements, runPageQuery(filter, page, group, SOURCES));
  return pageOf(rows, limitOf(page), (row) => asRun(row, groups.idOf(row.group_no)), runCursor);
}
