import { isDeepStrictEqual } from "node:util";
import { parsePool } from "../pool/parse-pool.js";
import type { PoolInfo } from "../pool/pool.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** Pools of a Tidegate instance's settings, by name. */
export type DeclaredPools = Readonly<Record<string, Omit<PoolInfo, "name">>>;

/** Defines the pools of the settings when the instance starts; others are left as they are. */
export class PoolDeclaration {
  readonly #store: ScheduleStore;
  readonly #pools: DeclaredPools;

  constructor(store: ScheduleStore, pools: DeclaredPools = {}) {
    this.#store = store;
    this.#pools = pools;
  }

  async start(): Promise<void> {
    const wanted = Object.entries(this.#pools).map(([name, pool]) => parsePool({ ...pool, name }));
    if (wanted.length === 0) return;
    const known = await this.#store.listPools();
    for (const pool of wanted) {
      const { used, activeRuns, waitingRuns, ...same } = known.find(({ name }) => name === pool.name) ?? {};
      if (!isDeepStrictEqual(same, pool)) await this.#store.setPool(pool);
    }
  }

  stop(): void {}
}
