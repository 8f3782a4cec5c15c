import type { Page, PageRequest } from "@tidegate/core";
import {
  type AlertNote,
  type DeadlineFilter,
  type DeadlineJudgement,
  type DeadlineQuery,
  type DeadlineWatch,
  type KeptDeadline,
  type WatchedChange,
  watchAfter,
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
import { query } from "./queries.js";
import type { Statements } from "./statements.js";
import type { Tables } from "./tables.js";

interface WatchRow extends WatchColumns {
  readonly group_no: number;
}

const RECORDS = "deadline d JOIN schedule s ON s.no = d.group_no";
const COLUMNS =
  "s.group_id, d.subject, d.lower, d.upper, d.deadline_at, d.state, d.reason, d.since, d.met_at, d.told, d.tell_at";

/** Begins or continues the watch of a schedule that was registered or changed, if it is watched. */
export function watchSchedule(
  { statements }: Pick<Tables, "statements">,
  no: number,
  change: WatchedChange,
): void {
  const row = statements.get<WatchRow>("SELECT * FROM deadline_watch WHERE group_no = ?", no);
  const watch = watchAfter(row && asWatch(row, change.spec.groupId), change);
  if (watch === undefined) return;
  statements.run(
    `INSERT OR REPLACE INTO deadline_watch (group_no, incarnation, since, cursor, excused_from, look_at, look)
      VALUES (?, ?, ?, ?, ?, ?, ?)`,
    no,
    watch.incarnation,
    watch.since,
    watch.cursor,
    watch.excusedFrom,
    watch.lookAt,
    watch.look,
  );
}

/** Removes everything about a group's deadlines. */
export function purgeDeadlines(statements: Statements, no: number): void {
  statements.run("DELETE FROM deadline_watch WHERE group_no = ?", no);
  statements.run("DELETE FROM deadline WHERE group_no = ?", no);
}

/** Returns watches that are due: see `DeadlineTable.listWatches`. */
export function listWatches(
  { statements, groups }: Tables,
  { before, limit }: DeadlineQuery,
): DeadlineWatch[] {
  return statements
    .all<WatchRow>(
      `SELECT w.* FROM deadline_watch w JOIN schedule s ON s.no = w.group_no
        WHERE w.look_at IS NOT NULL AND w.look_at <= ? ORDER BY w.look_at, s.group_id LIMIT ?`,
      before,
      limit,
    )
    .map((row) => asWatch(row, groups.idOf(row.group_no)));
}

export function getWatch({ statements, groups }: Tables, groupId: string): DeadlineWatch | undefined {
  const no = groups.numberOf(groupId);
  if (no === undefined) return undefined;
  const row = statements.get<WatchRow>("SELECT * FROM deadline_watch WHERE group_no = ?", no);
  return row && asWatch(row, groupId);
}

/** Writes a judgement. `false`, with nothing written, if the watch has changed. */
export function judgeDeadlines({ statements, groups }: Tables, judgement: DeadlineJudgement): boolean {
  const { groupId, incarnation, look, cursor, excusedFrom, lookAt, records } = judgement;
  const no = groups.numberOf(groupId);
  if (no === undefined) return false;
  const written = statements.run(
    `UPDATE deadline_watch SET cursor = ?, excused_from = ?, look_at = ?, look = look + 1
      WHERE group_no = ? AND incarnation = ? AND look = ?`,
    cursor,
    excusedFrom,
    lookAt,
    no,
    incarnation,
    look,
  );
  if (written === 0) return false;
  for (const record of records) {
    statements.run(
      `INSERT INTO deadline (group_no, subject, lower, upper, deadline_at, state, reason, since, met_at, told, tell_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'PENDING', ?)
        ON CONFLICT (group_no, subject, lower) DO UPDATE SET upper = excluded.upper, deadline_at = excluded.deadline_at,
          state = excluded.state, reason = excluded.reason, since = excluded.since, met_at = excluded.met_at,
          tell_at = excluded.tell_at`,
      no,
      record.subject,
      record.lower,
      record.upper,
      record.deadlineAt,
      record.state,
      record.reason,
      record.since,
      record.metAt,
      record.tellAt,
    );
  }
  return true;
}

/** Lists deadline records: see `DeadlineTable.listDeadlines`. */
export function listDeadlines(
  { statements, groups }: Tables,
  filter: DeadlineFilter,
  page: PageRequest,
): Page<KeptDeadline> {
  const conditions: Condition[] = deadlineConditions(filter);
  if (filter.groupId !== undefined)
    conditions.push(sql`d.group_no = ${groups.numberOf(filter.groupId) ?? -1}`);
  if (page.cursor !== undefined) conditions.push(afterDeadline(page.cursor, filter));
  const limit = limitOf(page);
  const rows = query<DeadlineColumns>(
    statements,
    sql`SELECT ${sql.raw(COLUMNS)} FROM ${sql.raw(RECORDS)} WHERE ${allOf(conditions)}
      ORDER BY ${deadlineOrder(filter.order)} LIMIT ${limit + 1}`,
  );
  return pageOf(rows, limit, asDeadline, deadlineCursor);
}

/** Returns records whose state is still to be told: see `DeadlineTable.listAlerts`. */
export function listAlerts({ statements }: Tables, { before, limit }: DeadlineQuery): KeptDeadline[] {
  return statements
    .all<DeadlineColumns>(
      `SELECT ${COLUMNS} FROM ${RECORDS} WHERE d.tell_at IS NOT NULL AND d.tell_at <= ?
        ORDER BY d.tell_at, d.deadline_at, s.group_id, d.subject, d.lower LIMIT ?`,
      before,
      limit,
    )
    .map(asDeadline);
}

/** Writes a note. `false` if the record's state or `tellAt` has changed. */
export function noteAlert({ statements, groups }: Tables, { record, told, tellAt }: AlertNote): boolean {
  const { groupId, subject, lower, state } = record;
  const written = statements.run(
    `UPDATE deadline SET told = ?, tell_at = ?
      WHERE group_no = ? AND subject = ? AND lower = ? AND state = ? AND tell_at IS ?`,
    told,
    tellAt,
    groups.numberOf(groupId) ?? -1,
    subject,
    lower,
    state,
    record.tellAt,
  );
  return written > 0;
}
