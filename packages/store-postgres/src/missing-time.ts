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

/** A run that was found for a query, or the columns of none. */
type NullableRun = Found | ({ readonly [Name in Exclude<keyof Found, "no">]: null } & Pick<Found, "no">);

/** The reach of a ledger, and its runs within a query that have not succeeded. */
type Ledger = LedgerReach & { readonly others: CoveringRun[] };

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
  const ledgers = await ledgersOf(database, s, queries);
  const suspects = queries.map((query, no) => {
    const ledger = ledgers.get(no);
    return ledger === undefined ? [] : suspectTime(query, ledger, ledger.others);
  });
  const doubtful = suspects.flatMap((set, no) =>
    set.map((interval) => ({ no, groupId: queries[no]!.groupId, ...interval })),
  );
  const runs = doubtful.length === 0 ? new Map<number, Found[]>() : await runsOf(database, s, doubtful);
  return queries.map((query, no) => {
    const ledger = ledgers.get(no);
    if (ledger === undefined) return [query.within];
    return missingTime(query, suspects[no]!, runs.get(no) ?? [], ledger);
  });
}

/** Runs that have not succeeded, by indexes that have no others. */
const OTHERS = [
  "r.failure IS NOT NULL",
  "r.place IN ('waiting', 'gated', 'ready') AND r.failure IS NULL",
  "r.lease_until IS NOT NULL AND r.failure IS NULL",
];

/**
 * Returns how far the ledger of each query reaches, and its runs that have not succeeded, by the number of the query. One
 * statement reads both: between two, a run may be planned, and its time would be behind the watermark without it.
 */
async function ledgersOf(
  database: Database,
  s: string,
  queries: readonly MissingTimeQuery[],
): Promise<ReadonlyMap<number, Ledger>> {
  const parts = queries.map(({ groupId, within }, no) => ({ no, groupId, ...within }));
  const rows = await database.query<LedgerReach & NullableRun>(
    `SELECT q.no, d.origin, d.status, t.watermark, c.upper AS "copiedUpTo", f.lower, f.upper, f.state, f.reason
      FROM ${PARTS} JOIN ${s}.schedule d ON d.group_id = q.group_id
        JOIN ${s}.schedule_state t ON t.group_id = q.group_id
        LEFT JOIN LATERAL (
          SELECT r.upper FROM ${s}.run r WHERE r.group_id = q.group_id AND r.snapshot IS NOT NULL
              AND r.state = 'SUCCEEDED' AND NOT r.is_superseded
            ORDER BY r.lower DESC, r.generation DESC, r.upper DESC LIMIT 1
        ) c ON true
        LEFT JOIN LATERAL (${OTHERS.map((condition) => selectRuns(s, condition)).join(" UNION ALL ")}) f ON true`,
    valuesOf(parts),
  );
  const ledgers = new Map<number, Ledger>();
  for (const { no, origin, status, watermark, copiedUpTo, lower, upper, state, reason } of rows) {
    const ledger = ledgers.get(no) ?? { origin, status, watermark, copiedUpTo, others: [] };
    ledgers.set(no, ledger);
    if (lower !== null) ledger.others.push({ lower, upper, state, reason });
  }
  return ledgers;
}

/** Returns all runs that are not superseded and intersect each part, by the number of its query. */
async function runsOf(
  database: Database,
  s: string,
  parts: readonly Part[],
): Promise<ReadonlyMap<number, Found[]>> {
  const rows = await database.query<Found>(
    `SELECT q.no, f.lower, f.upper, f.state, f.reason
      FROM ${PARTS} JOIN ${s}.schedule_state t ON t.group_id = q.group_id
        CROSS JOIN LATERAL (${selectRuns(s, "true")}) f`,
    valuesOf(parts),
  );
  const found = new Map<number, Found[]>();
  for (const row of rows) {
    const others = found.get(row.no);
    if (others === undefined) found.set(row.no, [row]);
    else others.push(row);
  }
  return found;
}

/** Selects runs that are not superseded and intersect the part `q`. No run that begins earlier can reach it. */
function selectRuns(s: string, condition: string): string {
  return `SELECT r.lower, r.upper, r.state, r.reason FROM ${s}.run r
    WHERE r.group_id = q.group_id AND ${condition} AND NOT r.is_superseded
      AND r.lower >= q.lower - t.longest_run_ms AND r.lower < q.upper AND r.upper > q.lower`;
}

function valuesOf(parts: readonly Part[]): readonly unknown[] {
  return [
    parts.map(({ no }) => no),
    parts.map(({ groupId }) => groupId),
    parts.map(({ lower }) => lower),
    parts.map(({ upper }) => upper),
  ];
}
