/** A pool as it is defined: a number of slots that the active runs of all its schedules share. */
export interface PoolInfo {
  /** 1 to 64 of letters, digits and `_ . -`. */
  readonly name: string;
  /** How many slots it has, 1 to 100,000. Lowering it below what is used ends no run: fewer begin. */
  readonly slots: number;
  /** Most runs that begin in a second, on average; as many may begin at once. @default no limit */
  readonly perSecond?: number | null;
  /**
   * The share of its slots that backlogs (backfills, and runs that lag behind their schedules) may use while runs
   * that are on time wait, above 0 up to 1. They get at least that much, and all of it while none of those waits.
   * @default 0.5
   */
  readonly backfillShare?: number;
  /**
   * How long a run waits, ms, until slots that become free are kept for it if it needs more than are free.
   * @default 30,000
   */
  readonly reserveAfterMs?: number;
}

/** A pool as the store keeps it. */
export type Pool = Required<PoolInfo>;

/** A pool and how much of it is in use. */
export interface PoolStatus extends Pool {
  /** Slots of active runs; more than `slots` if those were lowered meanwhile. */
  readonly used: number;
  /** Active runs. */
  readonly activeRuns: number;
  /** Runs that are ready, and wait for slots or for their turn. */
  readonly waitingRuns: number;
}

/** A ready run's position in one of the pools that it needs. */
export interface PoolPosition {
  readonly name: string;
  /** How many slots it needs. */
  readonly needs: number;
  /** `undefined` if there is no such pool (any more). */
  readonly pool: PoolStatus | undefined;
  /** How many ready runs of the pool have a higher priority, or the same and were ready earlier. */
  readonly before: number;
  /** Some of the groups whose active runs use it, at most 3. */
  readonly usedBy: readonly string[];
}

/** A pool that a run needs, and how many of its slots. */
export interface PoolUse {
  readonly name: string;
  readonly slots: number;
}
