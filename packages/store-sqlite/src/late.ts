import type { LateTime, Lookback, Page, PageRequest } from "@tidegate/core";
import {
  type LateFilter,
  type LateReport,
  type LateSettlement,
  type LookbackMove,
  type LookbackQuery,
  type LookbackWatch,
  lookbackAfter,
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
import { query } from "./queries.js";
import type { Statements } from "./statements.js";
import type { Tables } from "./tables.js";

const WATCHES =
  "SELECT s.group_id, b.cursor, b.look_at, b.look FROM lookback b JOIN schedule s ON s.no = b.group_no";

/** A schedule whose specification was written. */
interface WrittenSchedule {
  readonly groupId: string;
  readonly lookback: Lookback | null | undefined;
  readonly watermark: number;
}

/** Begins, continues or ends the watch of a schedule that was registered or changed. */
export function watchLookback(
  { statements }: Pick<Tables, "statements">,
  no: number,
  { groupId, lookback, watermark }: WrittenSchedule,
): void {
  const before = statements.get<LookbackColumns>(`${WATCHES} WHERE b.group_no = ?`, no);
  const watch = lookbackAfter(before && asLookback(before), groupId, lookback, watermark);
  if (watch !== undefined) {
    const text = "INSERT OR REPLACE INTO lookback (group_no, cursor, look_at, look) VALUES (?, ?, ?, ?)";
    statements.run(text, no, watch.cursor, watch.lookAt, watch.look);
  } else if (before !== undefined) {
    statements.run("DELETE FROM lookback WHERE group_no = ?", no);
  }
}

/** Removes everything about a group's late data. */
export function purgeLate(statements: Statements, no: number): void {
  statements.run("DELETE FROM lookback WHERE group_no = ?", no);
  statements.run("DELETE FROM late_time WHERE group_no = ?", no);
}

/** Returns watches that are due: see `LateTable.listLookbacks`. */
export function listLookbacks({ statements }: Tables, { before, limit }: LookbackQuery): LookbackWatch[] {
  const text = `${WATCHES} WHERE b.look_at IS NOT NULL AND b.look_at <= ? ORDER BY b.look_at, s.group_id LIMIT ?`;
  return statements.all<LookbackColumns>(text, before, limit).map(asLookback);
}

export function getLookback({ statements, groups }: Tables, groupId: string): LookbackWatch | undefined {
  const no = groups.numberOf(groupId);
  if (no === undefined) return undefined;
  const row = statements.get<LookbackColumns>(`${WATCHES} WHERE b.group_no = ?`, no);
  return row && asLookback(row);
}

/** Writes a step. `false` if the watch has changed, or is another ledger's. */
export function moveLookback({ statements, groups }: Tables, move: LookbackMove): boolean {
  const no = groups.numberOf(move.groupId);
  if (no === undefined) return false;
  const text = `UPDATE lookback SET cursor = ?, look_at = ?, look = look + 1 WHERE group_no = ? AND look = ?
    AND EXISTS (SELECT 1 FROM schedule WHERE no = ? AND incarnation = ?)`;
  return statements.run(text, move.cursor, move.lookAt, no, move.look, no, move.incarnation) > 0;
}

const REPORT = `INSERT INTO late_time (group_no, upper, lower, reported_by, run_id, rows_late, reports, first_at, last_at,
    state, backfill_id) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, 'PENDING', NULL)
  ON CONFLICT (group_no, upper, lower, reported_by) DO UPDATE SET run_id = excluded.run_id,
    rows_late = coalesce(rows_late + excluded.rows_late, rows_late, excluded.rows_late), reports = reports + 1,
    last_at = excluded.last_at, state = 'PENDING', backfill_id = NULL WHERE run_id <> excluded.run_id`;

/** Writes a report. `false` if the group has another ledger by now, or none. */
export function reportLate({ statements, groups, inputs, states }: Tables, report: LateReport): boolean {
  const { groupId, incarnation, lower, upper, reportedBy, runId, rowsLate, at } = report;
  const no = groups.numberOf(groupId);
  if (no === undefined || states.of(no)?.incarnation !== incarnation) return false;
  const written = statements.run(REPORT, no, upper, lower, reportedBy, runId, rowsLate, at, at);
  if (written > 0 && reportedBy === groupId) inputs.markLate(groupId, { lower, upper }, at);
  return true;
}

/** Settles a report. `false` if it is not pending, was repeated, or is another ledger's. */
export function settleLate({ statements, groups, states }: Tables, settlement: LateSettlement): boolean {
  const { late, incarnation, state, backfillId } = settlement;
  const text = `UPDATE late_time SET state = ?, backfill_id = ?
    WHERE group_no = ? AND upper = ? AND lower = ? AND reported_by = ? AND state = 'PENDING' AND reports = ?`;
  const no = groups.numberOf(late.groupId);
  if (no === undefined || states.of(no)?.incarnation !== incarnation) return false;
  const { upper, lower, reportedBy, reports } = late;
  return statements.run(text, state, backfillId, no, upper, lower, reportedBy, reports) > 0;
}

/** Lists late data: see `LateTable.listLate`. */
export function listLate(
  { statements, groups }: Tables,
  filter: LateFilter,
  page: PageRequest,
): Page<LateTime> {
  const conditions: Condition[] = lateConditions(filter);
  if (filter.groupId !== undefined)
    conditions.push(sql`l.group_no = ${groups.numberOf(filter.groupId) ?? -1}`);
  if (page.cursor !== undefined) conditions.push(afterLate(page.cursor));
  const limit = limitOf(page);
  const rows = query<LateColumns>(
    statements,
    sql`SELECT s.group_id, l.* FROM late_time l JOIN schedule s ON s.no = l.group_no WHERE ${allOf(conditions)}
      ORDER BY ${LATE_ORDER} LIMIT ${limit + 1}`,
  );
  return pageOf(rows, limit, asLateTime, lateCursor);
}
