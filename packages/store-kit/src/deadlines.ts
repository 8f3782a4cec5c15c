import type { DeadlineFilter, DeadlineWatch, KeptDeadline } from "@tidegate/core/store";
import { sql } from "kysely";
import { type Condition, listOf } from "./conditions.js";
import { partsOf } from "./pages.js";

/** The columns of a watch except its group. */
export interface WatchColumns {
  readonly incarnation: string;
  readonly since: number;
  readonly cursor: number | null;
  readonly excused_from: number | null;
  readonly look_at: number | null;
  readonly look: number;
}

/** Converts a row to a watch. */
export function asWatch(row: WatchColumns, groupId: string): DeadlineWatch {
  const { incarnation, since, cursor, look } = row;
  return { groupId, incarnation, since, cursor, excusedFrom: row.excused_from, lookAt: row.look_at, look };
}

/** The columns of a deadline record, and its group. */
export interface DeadlineColumns {
  readonly group_id: string;
  readonly subject: KeptDeadline["subject"];
  readonly lower: number;
  readonly upper: number;
  readonly deadline_at: number;
  readonly state: KeptDeadline["state"];
  readonly reason: KeptDeadline["reason"];
  readonly since: number;
  readonly met_at: number | null;
  readonly told: KeptDeadline["told"];
  readonly tell_at: number | null;
}

/** Converts a row to a deadline record. */
export function asDeadline(row: DeadlineColumns): KeptDeadline {
  return {
    groupId: row.group_id,
    subject: row.subject,
    lower: row.lower,
    upper: row.upper,
    deadlineAt: row.deadline_at,
    state: row.state,
    reason: row.reason,
    since: row.since,
    metAt: row.met_at,
    told: row.told,
    tellAt: row.tell_at,
  };
}

/** The order of a listing of deadline records; `group_id` is a column of their rows. */
export function deadlineOrder(direction: DeadlineFilter["order"]): Condition {
  const way = sql.raw(direction === "descending" ? "DESC" : "ASC");
  return sql`deadline_at ${way}, group_id ${way}, subject ${way}, lower ${way}`;
}

/** Returns the conditions of a filter of deadline records, except its group. */
export function deadlineConditions({ subjects, states, within }: DeadlineFilter): Condition[] {
  const conditions: Condition[] = [];
  if (subjects !== undefined) conditions.push(sql`subject IN (${listOf(subjects)})`);
  if (states !== undefined) conditions.push(sql`state IN (${listOf(states)})`);
  if (within !== undefined) {
    conditions.push(sql`lower < ${within.upper}
      AND (upper > ${within.lower} OR upper = lower AND lower >= ${within.lower})`);
  }
  return conditions;
}

/** Returns the cursor of a page that ends with this record. */
export function deadlineCursor({ deadline_at, group_id, subject, lower }: DeadlineColumns): string {
  return JSON.stringify([deadline_at, group_id, subject, lower]);
}

/**
 * Returns the condition that a record lies behind a cursor.
 *
 * @throws StoreError ARGUMENT_INVALID if `deadlineCursor` did not make it
 */
export function afterDeadline(cursor: string, { order }: DeadlineFilter): Condition {
  const follows = sql.raw(order === "descending" ? "<" : ">");
  const [deadlineAt, groupId, subject, lower] = partsOf(cursor);
  return sql`(deadline_at, group_id, subject, lower) ${follows} (${deadlineAt}, ${groupId}, ${subject}, ${lower})`;
}
