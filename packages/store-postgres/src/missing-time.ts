import type { IntervalSet } from "@tidegate/core/interval";
import {
  type CoveringRun,
  type LedgerReach,
  type MissingTimeQuery,
  missingTime,
  suspectTime,
} from "@tidegate/core/store";
import type { Database } from "./database.js";

/** A run, and the number of the query that it was found for. */
type Found = CoveringRun & { readonly no: number };

type Reach = LedgerReach & { readonly groupId: string };

/** A part of a group's time, and the number of the query that it belongs to. */
interface Part {
  readonly no: number;
  readonly groupId: string;
  readonly lower: number;
  readonly upper: number;
}

const PARTS = "unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[]) AS q (no, group_id, lower, upper)";

/** Returns the time that ledgers do not cover: see `RunLedger.missingTime`. */
export async function missingTimes(
  database: Database,
  s: string,
  queries: readonly MissingTimeQuery[],
): Promise<IntervalSet[]> {
  const parts = queries.map(({ groupId, within }, no) => ({ no, groupId, ...within }));
  const [reaches, others] = await Promise.all([
    reachesOf(database, s, [...new Set(queries.map(({ groupId }) => groupId))]),
    runsOf(database, s, parts, OTHERS),
  ]);
  const suspects = queries.map((query, no) => {
    const reach = reaches.get(query.groupId);
    return reach === undefined ? [] : suspectTime(query, reach, others.get(no) ?? []);
  });
  const doubtful = suspects.flatMap((set, no) =>
    set.map((interval) => ({ no, groupId: queries[no]!.groupId, ...interval })),
  );
  const runs = doubtful.length === 0 ? new Map<number, Found[]>() : await runsOf(database, s, doubtful, ALL);
  return queries.map((query, no) => {
    const reach = reaches.get(query.groupId);
    if (reach === undefined) return [query.within];
    return missingTime(query, suspects[no]!, runs.get(no) ?? [], reach.status);
  });
}

async function reachesOf(
  database: Database,
  s: string,
  groupIds: readonly string[],
): Promise<ReadonlyMap<string, LedgerReach>> {
  const rows = await database.query<Reach>(
    `SELECT d.group_id AS "groupId", d.origin, d.status, t.watermark FROM ${s}.schedule d
      JOIN ${s}.schedule_state t ON t.group_id = d.group_id WHERE d.group_id = ANY ($1)`,
    [groupIds],
  );
  return new Map(rows.map((reach) => [reach.groupId, reach]));
}

const ALL = ["true"];

/** Runs that have not succeeded, by indexes that have no others. */
const OTHERS = [
  "r.failure IS NOT NULL",
  "r.place IN ('waiting', 'gated', 'ready') AND r.failure IS NULL",
  "r.lease_until IS NOT NULL AND r.failure IS NULL",
];

/** Returns the runs that are not superseded and intersect each part, by the number of its query. */
async function runsOf(
  database: Database,
  s: string,
  parts: readonly Part[],
  conditions: readonly string[],
): Promise<ReadonlyMap<number, Found[]>> {
  // No run that begins earlier can reach a part.
  const select = (condition: string): string =>
    `SELECT r.lower, r.upper, r.state, r.reason FROM ${s}.run r
      WHERE r.group_id = q.group_id AND ${condition} AND NOT r.is_superseded
        AND r.lower >= q.lower - t.longest_run_ms AND r.lower < q.upper AND r.upper > q.lower`;
  const rows = await database.query<Found>(
    `SELECT q.no, f.lower, f.upper, f.state, f.reason
      FROM ${PARTS} JOIN ${s}.schedule_state t ON t.group_id = q.group_id
        CROSS JOIN LATERAL (${conditions.map(select).join(" UNION ALL ")}) f`,
    [
      parts.map(({ no }) => no),
      parts.map(({ groupId }) => groupId),
      parts.map(({ lower }) => lower),
      parts.map(({ upper }) => upper),
    ],
  );
  const found = new Map<number, Found[]>();
  for (const row of rows) {
    const others = found.get(row.no);
    if (others === undefined) found.set(row.no, [row]);
    else others.push(row);
  }
  return found;
}
