import type { Pool, PoolStatus } from "@tidegate/core";
import { CLAIM_QUEUES, needsOf, needsPool, type PoolState } from "@tidegate/core/store";

/** A row of the table `pool`. */
export interface PoolColumns {
  readonly name: string;
  readonly slots: number;
  readonly per_second: number | null;
  readonly backfill_share: number;
  readonly reserve_after_ms: number;
  readonly version: number;
  /** A `PoolRecord` as JSON. */
  readonly record: string;
}

/** Counts of runs that need the same. */
export interface NeedsCount {
  readonly needs: string;
  readonly runs: number;
}

/** Converts a row to a pool as a claim finds it. */
export function asPoolState(row: PoolColumns): PoolState {
  return {
    pool: {
      name: row.name,
      slots: row.slots,
      perSecond: row.per_second,
      backfillShare: row.backfill_share,
      reserveAfterMs: row.reserve_after_ms,
    },
    version: row.version,
    record: JSON.parse(row.record) as PoolState["record"],
  };
}

/** Returns the queue of a stored number, which is more by the number of queues for a run that pools choose. */
export function queueOfNo(no: number): (typeof CLAIM_QUEUES)[number] {
  return CLAIM_QUEUES[no % CLAIM_QUEUES.length]!;
}

/** Returns a pool and how much of it is in use. */
export function poolStatus(
  pool: Pool,
  active: readonly NeedsCount[],
  waiting: readonly NeedsCount[],
): PoolStatus {
  const needing = (rows: readonly NeedsCount[]): readonly NeedsCount[] =>
    rows.filter(({ needs }) => needsPool(needs, pool.name));
  const slotsOf = (needs: string): number => needsOf(needs).find(({ name }) => name === pool.name)!.slots;
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  return {
    ...pool,
    used: sum(needing(active).map(({ needs, runs }) => slotsOf(needs) * runs)),
    activeRuns: sum(needing(active).map(({ runs }) => runs)),
    waitingRuns: sum(needing(waiting).map(({ runs }) => runs)),
  };
}
