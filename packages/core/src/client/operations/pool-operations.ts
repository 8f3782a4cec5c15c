import type { PoolInfo, PoolStatus } from "../../pool/pool.js";

/** Keeps the pools whose slots the runs of several schedules share. A part of `ScheduleClient`. */
export interface PoolOperations {
  /**
   * Creates a pool, or changes it. Fewer slots than are used end no run: fewer begin until they fit.
   *
   * @throws PoolError POOL_INVALID with the field
   */
  setPool(pool: PoolInfo): Promise<PoolStatus>;

  /** Lists all pools by name, and how much of each is in use. */
  listPools(): Promise<PoolStatus[]>;

  /**
   * Deletes a pool.
   *
   * @throws PoolError POOL_NOT_FOUND; POOL_IN_USE while a schedule or a planned run needs it
   */
  deletePool(name: string): Promise<void>;
}
