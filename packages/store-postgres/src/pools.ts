import type { EpochMs, Pool, PoolStatus, RunKind } from "@tidegate/core";
import {
  type ClaimedRun,
  type ClaimRequest,
  type ClaimScope,
  isBacklog,
  NEW_RECORD,
  needsOf,
  PoolChoice,
  type PooledRun,
  type PoolPosition,
  type PoolsView,
} from "@tidegate/core/store";
import { asPoolState, type NeedsCount, type PoolColumns, poolStatus, queueOfNo } from "@tidegate/store-kit";
import type { Database } from "./database.js";
import { toJson } from "./json.js";
import { asRun, type RunRow } from "./rows.js";

/** Most groups that are named as those that use a pool. */
const MOST_NAMED = 3;

const READY = "r.pool_needs IS NOT NULL AND r.place = 'ready'";
const ACTIVE = "r.pool_needs IS NOT NULL AND r.place = 'active'";

/** The view as the database's function returns it. */
interface ViewRow {
  readonly pools: readonly PoolColumns[];
  readonly active: readonly (NeedsCount & { readonly queue: number; readonly kind: RunKind })[];
  readonly lines: readonly {
    readonly needs: string;
    readonly queue: number;
    readonly priority: number;
    readonly operator: string;
    readonly fairnessKey: string;
    readonly heads: readonly {
      readonly id: string;
      readonly kind: RunKind;
      readonly ready_at: number;
      readonly pool_weight: number;
    }[];
  }[];
}

/** Begins to choose ready runs of pools. */
export async function choice(
  database: Database,
  s: string,
  scope: ClaimScope,
  limit: number,
): Promise<PoolChoice> {
  const [row] = await database.query<{ view: ViewRow }>(`SELECT ${s}.pools_view($1) AS view`, [limit]);
  return new PoolChoice(asView(row!.view), scope);
}

function asView({ pools, active, lines }: ViewRow): PoolsView {
  return {
    pools: pools.map(asPoolState),
    active: active.map(({ needs, queue, kind, runs }) => ({
      needs,
      isBacklog: isBacklog({ kind, queue: queueOfNo(queue) }),
      runs,
    })),
    lines: lines.map(({ queue, heads, ...line }) => ({
      ...line,
      queue: queueOfNo(queue),
      heads: heads.map(({ id, kind, ready_at, pool_weight }) => ({
        id,
        kind,
        readyAt: ready_at,
        fairnessWeight: pool_weight,
      })),
    })),
  };
}

/** Claims the runs that were chosen, in this order; none if the pools have changed since. */
export async function claimChosen(
  database: Database,
  s: string,
  chosen: readonly PooledRun[],
  { draws }: PoolChoice,
  { owner, now, leaseUntil }: ClaimRequest,
): Promise<ClaimedRun[]> {
  if (chosen.length === 0) return [];
  const records = draws.map(({ record, ...draw }) => ({ ...draw, record: JSON.stringify(record) }));
  const rows = await database.query<RunRow>(`SELECT * FROM ${s}.claim_pooled($1, $2, $3, $4, $5)`, [
    owner,
    toJson(chosen),
    toJson(records),
    now,
    leaseUntil,
  ]);
  const found = new Map(rows.map((row) => [row.id, row]));
  return chosen.flatMap(({ id }) => {
    const row = found.get(id);
    return row === undefined ? [] : [{ run: asRun(row), token: row.token, isRecovered: false }];
  });
}

/** Returns when the next ready run of a pool may be claimed, epoch ms. */
export async function nextPooled(
  database: Database,
  s: string,
  scope: ClaimScope,
): Promise<EpochMs | undefined> {
  const next = await choice(database, s, scope, 1);
  return next.take(1).length > 0 ? scope.now : next.wakeAt;
}

/** Creates a pool, or changes it. */
export async function setPool(database: Database, s: string, pool: Pool): Promise<void> {
  const { name, slots, perSecond, backfillShare, reserveAfterMs } = pool;
  await database.query(
    `INSERT INTO ${s}.pool AS p (name, slots, per_second, backfill_share, reserve_after_ms, version, record)
      VALUES ($1, $2, $3, $4, $5, 1, $6) ON CONFLICT (name) DO UPDATE SET slots = $2, per_second = $3,
        backfill_share = $4, reserve_after_ms = $5, version = p.version + 1`,
    [name, slots, perSecond, backfillShare, reserveAfterMs, JSON.stringify(NEW_RECORD)],
  );
}

/** Lists all pools by name. */
export async function listPools(database: Database, s: string): Promise<PoolStatus[]> {
  const counts = (which: string): Promise<NeedsCount[]> =>
    database.query(
      `SELECT r.pool_needs AS needs, count(*) AS runs FROM ${s}.run r WHERE ${which} GROUP BY r.pool_needs`,
    );
  const rows = await database.query<PoolColumns>(`SELECT * FROM ${s}.pool ORDER BY name`);
  const active = await counts(ACTIVE);
  const waiting = await counts(READY);
  return rows.map((row) => poolStatus(asPoolState(row).pool, active, waiting));
}

/** Returns the positions of a ready run in the pools that it needs. */
export async function poolPositions(database: Database, s: string, runId: string): Promise<PoolPosition[]> {
  const [run] = await database.query<{ needs: string; priority: number; ready_at: number }>(
    `SELECT r.pool_needs AS needs, r.pool_priority AS priority, r.ready_at FROM ${s}.run r WHERE r.id = $1 AND ${READY}`,
    [runId],
  );
  if (run === undefined) return [];
  const pools = await listPools(database, s);
  const positions: PoolPosition[] = [];
  for (const { name, slots } of needsOf(run.needs)) {
    const [row] = await database.query<{ before: number; users: string[] | null }>(
      `SELECT (SELECT count(*) FROM ${s}.run r WHERE ${READY} AND strpos(r.pool_needs, $1) > 0
          AND (r.pool_priority, r.ready_at, r.id) < ($2, $3, $4)) AS before,
        ARRAY(SELECT DISTINCT r.group_id FROM ${s}.run r WHERE ${ACTIVE} AND strpos(r.pool_needs, $1) > 0
          ORDER BY r.group_id LIMIT ${MOST_NAMED}) AS users`,
      [`"${name}":`, run.priority, run.ready_at, runId],
    );
    positions.push({
      name,
      needs: slots,
      pool: pools.find((pool) => pool.name === name),
      before: row?.before ?? 0,
      usedBy: row?.users ?? [],
    });
  }
  return positions;
}
