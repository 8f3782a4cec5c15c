import type { RunFilter } from "@tidegate/core/store";
import { type RawBuilder, sql } from "kysely";

/** A condition of a query. */
export type Condition = RawBuilder<unknown>;

/** How a query of runs refers to a group. */
export interface GroupConditions {
  /** Selects the group's runs. */
  readonly isOf: Condition;
  /**
   * The length of the group's longest run, ms: no run that begins earlier than this before a bound can reach
   * it.
   */
  readonly longestRunMs: Condition;
}

/**
 * `isUncovered` of core as SQL. Literals, so that it implies the predicate of a partial index; that index
 * leaves the state out, so that a change of state alone writes none of its entries.
 */
const UNCOVERED = sql`reason IN ('overlap-cancelled', 'source-expired') AND NOT is_superseded AND state = 'CANCELLED'`;

/** Returns the conditions of a run filter. */
export function runConditions(filter: RunFilter, group: GroupConditions | undefined): Condition[] {
  const {
    states,
    kinds,
    reasons,
    backfillId,
    isJobOpen,
    isBlocking,
    isUncovered,
    isSnapshot,
    isSuperseded,
    staleness,
    within,
    includeSuperseded,
  } = filter;
  const conditions: Condition[] = [];
  if (group !== undefined) conditions.push(group.isOf);
  if (states !== undefined) conditions.push(sql`state IN (${listOf(states)})`);
  if (kinds !== undefined) conditions.push(sql`kind IN (${listOf(kinds)})`);
  if (reasons !== undefined) conditions.push(sql`reason IN (${listOf(reasons)})`);
  if (backfillId !== undefined) conditions.push(sql`backfill_id = ${backfillId}`);
  if (isJobOpen !== undefined) conditions.push(isJobOpen ? sql`is_job_open` : sql`NOT is_job_open`);
  if (isBlocking !== undefined) conditions.push(isBlocking ? sql`is_blocking` : sql`NOT is_blocking`);
  if (isUncovered === true) conditions.push(UNCOVERED);
  if (isSnapshot === true) conditions.push(sql`snapshot IS NOT NULL`);
  if (staleness !== undefined) conditions.push(sql`stale_at IS NOT NULL AND NOT is_superseded`);
  if (staleness === "unnoted") conditions.push(sql`NOT is_stale_noted`);
  if (isSuperseded === true) conditions.push(sql`is_superseded`);
  if (includeSuperseded === false) conditions.push(sql`NOT is_superseded`);
  if (within === undefined) return conditions;
  if (within.lower === within.upper) {
    conditions.push(sql`lower = ${within.lower} AND upper = ${within.upper}`);
    return conditions;
  }
  conditions.push(sql`lower < ${within.upper} AND upper > ${within.lower}`);
  if (group !== undefined) conditions.push(sql`lower >= ${within.lower} - ${group.longestRunMs}`);
  return conditions;
}

/** Returns the values of an `IN`; an empty list matches nothing. */
export function listOf(values: readonly unknown[]): RawBuilder<unknown> {
  return values.length === 0 ? sql`NULL` : sql.join(values.map((value) => sql`${value}`));
}

/** Combines conditions, all of which must hold. */
export function allOf(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? sql`1 = 1` : sql.join(conditions, sql` AND `);
}
