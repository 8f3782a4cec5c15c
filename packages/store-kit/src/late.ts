import type { LateTime } from "@tidegate/core";
import type { LateFilter, LookbackWatch } from "@tidegate/core/store";
import { sql } from "kysely";
import { type Condition, listOf } from "./conditions.js";
import { partsOf } from "./pages.js";

/** The columns of a group's watch, and the group. */
export interface LookbackColumns {
  readonly group_id: string;
  readonly cursor: number;
  readonly look_at: number | null;
  readonly look: number;
}

/** Converts a row to a watch. */
export function asLookback({
  group_id: groupId,
  cursor,
  look_at: lookAt,
  look,
}: LookbackColumns): LookbackWatch {
  return { groupId, cursor, lookAt, look };
}

/** The columns of late data, and its group. */
export interface LateColumns {
  readonly group_id: string;
  readonly upper: number;
  readonly lower: number;
  readonly reported_by: string;
  readonly run_id: string;
  readonly rows_late: number | null;
  readonly reports: number;
  readonly first_at: number;
  readonly last_at: number;
  readonly state: LateTime["state"];
  readonly backfill_id: string | null;
}

/** Converts a row to late data. */
export function asLateTime(row: LateColumns): LateTime {
  return {
    groupId: row.group_id,
    lower: row.lower,
    upper: row.upper,
    reportedBy: row.reported_by,
    runId: row.run_id,
    rowsLate: row.rows_late,
    reports: row.reports,
    firstAt: row.first_at,
    lastAt: row.last_at,
    state: row.state,
    backfillId: row.backfill_id,
  };
}

/** The order of a listing of late data; `group_id` is a column of its rows. */
export const LATE_ORDER: Condition = sql`group_id, upper, lower, reported_by`;

/** Returns the conditions of a filter of late data, except its group. */
export function lateConditions({ states, within }: LateFilter): Condition[] {
  const conditions: Condition[] = [];
  if (states !== undefined) conditions.push(sql`state IN (${listOf(states)})`);
  if (within !== undefined) conditions.push(sql`lower < ${within.upper} AND upper > ${within.lower}`);
  return conditions;
}

/** Returns the cursor of a page that ends with this late data. */
export function lateCursor({ group_id, upper, lower, reported_by }: LateColumns): string {
  return JSON.stringify([group_id, upper, lower, reported_by]);
}

/**
 * Returns the condition that late data lies behind a cursor.
 *
 * @throws StoreError ARGUMENT_INVALID if `lateCursor` did not make it
 */
export function afterLate(cursor: string): Condition {
  const [groupId, upper, lower, reportedBy] = partsOf(cursor);
  return sql`(group_id, upper, lower, reported_by) > (${groupId}, ${upper}, ${lower}, ${reportedBy})`;
}
