import { pause, SystemClock } from "@tidegate/core/clock";
import { Pool, type PoolConfig, types } from "pg";
import { asStoreError, isReadOnly, isRepeatable } from "./postgres-errors.js";
import { SeveralHosts } from "./several-hosts.js";

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
  /** A connection string for each host: one of them takes writes. */
  readonly urls: readonly [string, ...string[]];
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
  /** If there are several. */
  readonly #hosts: SeveralHosts | undefined;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: DatabaseOptions) {
    const { urls } = options;
    this.place = urls.map(placeOf).join(", ");
    this.#hosts = urls.length > 1 ? new SeveralHosts(urls) : undefined;
    this.#pool = new Pool({
      ...(this.#hosts?.poolOptions ?? { connectionString: urls[0] }),
      ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
      max: options.poolSize,
      connectionTimeoutMillis: options.connectTimeoutMs,
      query_timeout: options.statementTimeoutMs,
      application_name: "tidegate",
      keepAlive: true,
      types: TYPES,
    });
    // The pool replaces an idle connection that breaks; if none can be made, the next query reports it.
    this.#pool.on("error", () => {});
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
    const hosts = this.#hosts;
    if (hosts === undefined) return (await this.#pool.query(text, [...values])).rows as Row[];
    for (let left = this.#pool.options.max; ; left -= 1) {
      const client = await hosts.connect(this.#pool);
      try {
        const { rows } = await client.query(text, [...values]);
        client.release();
        return rows as Row[];
      } catch (error) {
        client.release(true);
        // The host was demoted since: so are all connections to it that the pool has left.
        if (!isReadOnly(error) || left === 0) throw error;
      }
    }
  }
}

function placeOf(connectionString: string): string {
  try {
    const { hostname, port, pathname } = new URL(connectionString);
    return `postgres://${hostname}${port === "" ? "" : `:${port}`}${pathname}`;
  } catch {
    return "postgres";
  }
}
