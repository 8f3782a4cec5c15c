import { jest } from "@jest/globals";
import * as kit from "@tidegate/postgres-kit";
import type { Pool, PoolConfig } from "pg";

/** How many stores of a test share a pool at most: each has as many connections as if it were alone. */
const STORES = 4;

/**
 * Pools of connections that outlive the stores of a test: the next test's stores have them, warm, as a manager has its own
 * after the first minute. A new connection reads the catalogue and compiles each function anew, which takes longer than most tests.
 */
export class KeptPools {
  readonly #pools = new Map<string, { readonly pool: Pool; readonly end: () => Promise<void> }>();

  /** Makes the pools of all stores that are imported after this. */
  constructor() {
    const openPool: typeof kit.openPool = (addresses, config) => this.#openPool(addresses, config);
    jest.unstable_mockModule("@tidegate/postgres-kit", () => ({ ...kit, openPool }));
  }

  async dispose(): Promise<void> {
    for (const { end } of this.#pools.values()) await end();
  }

  #openPool(addresses: Parameters<typeof kit.openPool>[0], config: Omit<PoolConfig, "Client">): Pool {
    const key = JSON.stringify([addresses?.urls, config]);
    const known = this.#pools.get(key);
    if (known !== undefined) return known.pool;
    const kept = { max: STORES * (config.max ?? 1), idleTimeoutMillis: 0 };
    const pool = kit.openPool(addresses, { ...config, ...kept });
    // Each store listens to its pool.
    pool.setMaxListeners(0);
    this.#pools.set(key, { pool, end: pool.end.bind(pool) });
    pool.end = async () => {};
    return pool;
  }
}
