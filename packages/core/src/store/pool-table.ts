import type { Pool, PoolPosition, PoolStatus } from "../pool/pool.js";

/** The outcome of a pool's deletion: a pool that a schedule or a planned run needs is kept. */
export type PoolDeletion = "deleted" | "unknown" | "used";

/**
 * Pools, which the managers that share the store agree on. A facet of `ScheduleStore`.
 *
 * A claim counts the slots of active runs in its own transaction, so that no number of managers exceeds a pool. A
 * slot is held as long as its run is active: a run that waits for its next attempt holds none, and those of a dead
 * manager's runs become free with what becomes of the runs.
 */
export interface PoolTable {
  /** Creates a pool, or changes it. */
  setPool(pool: Pool): Promise<void>;
  /** Lists all pools by name. */
  listPools(): Promise<PoolStatus[]>;
  /** Deletes a pool, unless a schedule that is not deleted or a planned run needs it. */
  deletePool(name: string): Promise<PoolDeletion>;
  /** Returns the positions of a ready run in the pools that it needs; empty if it needs none, or is not ready. */
  poolPositions(runId: string): Promise<PoolPosition[]>;
}
