import { pause, SystemClock } from "@tidegate/core/clock";
import { isReadOnly, openPool, SilenceWatch } from "@tidegate/postgres-kit";
import { type Addresses, placeOf } from "@tidegate/postgres-kit/addresses";
import { type Pool, type PoolConfig, types } from "pg";
import { asStoreError, isRepeatable } from "./postgres-errors.js";

const INT8 = 20;

/** The machine's clock: locks of others end in real time. */
const MACHINE = new SystemClock();

/** Times and counts are below 2^53, so they are read as numbers. */
const TYPES: PoolConfig["types"] = {
  getTypeParser: (oid: number, format?: unknown) =>
    oid === INT8 && format !== "binary" ? Number : types.getTypeParser(oid, format as "text"),
} as PoolConfig["types"];

/** How often a statement that lost against others is attempted; far more than occurs in practice. */
const MOST_ATTEMPTS = 10;

/** Connection settings of a database. */
export interface DatabaseOptions {
  readonly addresses: Addresses;
  readonly ssl?: PoolConfig["ssl"];
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

/**
 * Connections to one Postgres. Every operation is one statement, which is a transaction of its own: no lock
 * outlives an answer, so a process that is stopped or cut off holds up nobody.
 */
export class Database {
  /** Identifies it in messages, without the password. */
  readonly place: string;
  readonly #pool: Pool;
  readonly #hasSeveralHosts: boolean;
  readonly #silence: SilenceWatch;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: DatabaseOptions) {
    const { addresses } = options;
    this.place = addresses.urls.map(placeOf).join(", ");
    this.#hasSeveralHosts = addresses.urls.length > 1;
    const config: PoolConfig = {
      ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
      connectionTimeoutMillis: options.connectTimeoutMs,
      query_timeout: options.statementTimeoutMs,
      application_name: "tidegate",
      types: TYPES,
    };
    this.#pool = openPool(addresses, { ...config, max: options.poolSize });
    this.#silence = new SilenceWatch(() => openPool(addresses, { ...config, max: 1 }));
  }

  /** The pool, for migrations, which need a connection of their own for longer. */
  get pool(): Pool {
    return this.#pool;
  }

  /**
   * Runs a statement; repeats it after a deadlock.
   *
   * @throws StoreError
   */
  async query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const work = this.#repeated<Row>(text, values);
    this.#underWay.add(work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(work);
    }
  }

  /** Waits for queries in progress, then closes all connections. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    this.#silence.close();
    await this.#pool.end();
  }

  async #repeated<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once<Row>(text, values);
      } catch (error) {
        if (!isRepeatable(error) || attempt === MOST_ATTEMPTS) throw asStoreError(error, this.place);
        await pause(MACHINE, Math.random() * 10 * attempt);
      }
    }
  }

  async #once<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    for (let left = this.#hasSeveralHosts ? this.#pool.options.max : 0; ; left -= 1) {
      const client = await this.#pool.connect();
      try {
        const { rows } = await this.#silence.during(client, client.query(text, [...values]));
        client.release();
        return rows as Row[];
      } catch (error) {
        client.release(error as Error);
        // The host was demoted since: so are all connections to it that the pool has left.
        if (!isReadOnly(error) || left === 0) throw error;
      }
    }
  }
}
