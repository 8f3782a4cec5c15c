import { setTimeout as sleep } from "node:timers/promises";
import { Pool, type PoolConfig, types } from "pg";
import { asStoreError, isRepeatable } from "./postgres-errors.js";

const INT8 = 20;

/** Times and counts are below 2^53, so they are numbers here. */
const TYPES: PoolConfig["types"] = {
  getTypeParser: (oid: number, format?: unknown) =>
    oid === INT8 && format !== "binary" ? Number : types.getTypeParser(oid, format as "text"),
} as PoolConfig["types"];

/** How often a statement is repeated that lost against others; far more than happens. */
const MOST_ATTEMPTS = 10;

/** How a database is reached. */
export interface DatabaseOptions {
  readonly connectionString: string;
  readonly ssl?: PoolConfig["ssl"];
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

/**
 * Connections to one Postgres. Everything is one statement, which is a transaction of its own: no lock outlives an answer, so a
 * process that is stopped or cut off holds up nobody.
 */
export class Database {
  /** Names it in messages, without the password. */
  readonly place: string;
  readonly #pool: Pool;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: DatabaseOptions) {
    this.place = placeOf(options.connectionString);
    this.#pool = new Pool({
      connectionString: options.connectionString,
      ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
      max: options.poolSize,
      connectionTimeoutMillis: options.connectTimeoutMs,
      query_timeout: options.statementTimeoutMs,
      application_name: "tidegate",
      keepAlive: true,
      types: TYPES,
    });
    // A connection that breaks while nobody uses it is replaced; who needs one next is told if there is none.
    this.#pool.on("error", () => {});
  }

  /** For migrations, which need a connection of their own for longer. */
  get pool(): Pool {
    return this.#pool;
  }

  /**
   * Runs a statement; repeated where it deadlocked.
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

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    await this.#pool.end();
  }

  async #repeated<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await this.#pool.query(text, [...values])).rows as Row[];
      } catch (error) {
        if (!isRepeatable(error) || attempt === MOST_ATTEMPTS) throw asStoreError(error, this.place);
        await sleep(Math.random() * 10 * attempt);
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
