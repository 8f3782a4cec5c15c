import type { PageRequest, RunKind, RunState } from "@tidegate/core";
import type { RunFilter } from "@tidegate/core/store";
import { type RawBuilder, sql } from "kysely";
import { allOf, type Condition, type GroupConditions, runConditions } from "./conditions.js";
import { limitOf, parseRunCursor } from "./pages.js";

/** A set of runs that an index has in the order of a listing. */
export interface RunSource {
  /** Selects the set: the predicate of the index, and what is needed to use it. */
  readonly where: Condition;
  /** How the table is read, such as `INDEXED BY run_failed`. @default as the database decides */
  readonly hint?: string;
}

/** A database's indexes of runs. */
export interface RunSources {
  /** Returns the sources that together have all runs in a state; none if no index is of use. */
  ofState(state: RunState, isOfGroup: boolean): readonly RunSource[];
  /** Returns the source of a kind that few runs have. */
  ofKind(kind: Exclude<RunKind, "SCHEDULED">, isOfGroup: boolean): RunSource;
  /**
   * Returns the sources of a filter that few runs match by itself, whatever else it says.
   *
   * @default undefined
   */
  ofFilter?(filter: RunFilter): readonly RunSource[] | undefined;
  /** The table, as SQL. */
  readonly table: string;
  /** The length of the longest run of all groups, ms. */
  readonly longestRunMs: Condition;
  /** Converts an instant to the beginning of the ids of runs whose upper bound it is. */
  idAt(time: Condition): Condition;
}

/** The condition that all runs meet. */
export const ANY: RunSource = { where: sql`1 = 1` };

/** The largest instant with which an id begins. */
const LAST_ID_TIME = 2 ** 48 - 1;

/**
 * Returns the query for a page of runs, with one more than its limit: a group's by interval, those of all
 * groups by id. Each source is read in its order only as far as the page needs.
 *
 * @throws StoreError STORE_FAILED if the cursor is not one of `runCursor`
 */
export function runPageQuery(
  filter: RunFilter,
  page: PageRequest,
  group: GroupConditions | undefined,
  sources: RunSources,
): RawBuilder<unknown> {
  const isOfGroup = group !== undefined;
  const conditions = runConditions(filter, group);
  if (!isOfGroup && filter.within !== undefined) conditions.push(...idsWithin(filter.within, sources));
  const order = orderOf(filter);
  if (page.cursor !== undefined) conditions.push(afterCursor(page.cursor, filter));
  const limit = limitOf(page) + 1;
  const parts = sourcesOf(filter, isOfGroup, sources).map(
    ({ where, hint = "" }) => sql`SELECT * FROM (SELECT * FROM ${sql.raw(`${sources.table} ${hint}`)}
      WHERE ${allOf([where, ...conditions])} ORDER BY ${order} LIMIT ${limit}) AS part`,
  );
  return parts.length === 1
    ? sql`${parts[0]} ORDER BY ${order}`
    : sql`SELECT * FROM (${sql.join(parts, sql` UNION ALL `)}) AS parts ORDER BY ${order} LIMIT ${limit}`;
}

function sourcesOf(filter: RunFilter, isOfGroup: boolean, sources: RunSources): readonly RunSource[] {
  const own = sources.ofFilter?.(filter);
  if (own !== undefined) return own;
  const { states, kinds } = filter;
  if (states !== undefined && states.length > 0) {
    const parts = [...new Set(states)].map((state) => sources.ofState(state, isOfGroup));
    if (parts.every((part) => part.length > 0)) return parts.flat();
  }
  if (kinds !== undefined && kinds.length > 0 && !kinds.includes("SCHEDULED")) {
    const rare = [...new Set(kinds)] as Exclude<RunKind, "SCHEDULED">[];
    return rare.map((kind) => sources.ofKind(kind, isOfGroup));
  }
  return [ANY];
}

function orderOf({ groupId, order }: RunFilter): RawBuilder<unknown> {
  const direction = sql.raw(order === "descending" ? "DESC" : "ASC");
  if (groupId === undefined) return sql`id ${direction}`;
  return sql`lower ${direction}, generation ${direction}, upper ${direction}`;
}

function afterCursor(cursor: string, { groupId, order }: RunFilter): Condition {
  const { lower, generation, upper, id } = parseRunCursor(cursor);
  const follows = sql.raw(order === "descending" ? "<" : ">");
  if (groupId === undefined) return sql`id ${follows} ${id}`;
  return sql`(lower, generation, upper) ${follows} (${lower}, ${generation}, ${upper})`;
}

/** Ids begin with the upper bound, so they bound the search for an interval. */
function idsWithin({ lower, upper }: { lower: number; upper: number }, sources: RunSources): Condition[] {
  const conditions: Condition[] = [];
  if (lower > 0 && lower <= LAST_ID_TIME) conditions.push(sql`id >= ${sources.idAt(sql`${lower}`)}`);
  if (upper >= 0 && upper <= LAST_ID_TIME / 2)
    conditions.push(sql`id < ${sources.idAt(sql`${upper} + ${sources.longestRunMs} + 1`)}`);
  return conditions;
}
