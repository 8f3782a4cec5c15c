import { ConfigurationError, EngineError, isTidegateError } from "@tidegate/core";
import { messageOf } from "@tidegate/core/plugin";
import type { Addresses } from "@tidegate/postgres-kit/addresses";
import { type PgPoolConfig, quoteSchemaName } from "bullmq";
import type { ClientBase, Pool, PoolClient } from "pg";
import { within } from "../deadline.js";
import { migrate } from "./migrate.js";

/** Settings of a `Database`. */
export interface DatabaseOptions {
  /** The hosts of its connection string, if it has one. */
  readonly addresses: Addresses | undefined;
  /** Further options. */
  readonly pool: PgPoolConfig;
  readonly schema: string;
  /** Timeout of a statement, ms. */
  readonly timeoutMs: number;
  readonly onTrouble: (error: unknown) => void;
}

/** Error codes and messages of the system and `pg` for a connection that fails or breaks. */
const UNREACHABLE =
  /ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|terminated|not queryable/;

const LATE = /timeout/i;

/** One schema of a Postgres database, created at its first use. One pool of connections serves all. */
export class Database {
  readonly schema: string;
  readonly pool: Pool;
  readonly #timeoutMs: number;
  #readiness: Promise<void> | undefined;

  private constructor(pool: Pool, { schema, timeoutMs, onTrouble }: DatabaseOptions) {
    this.schema = schema;
    this.pool = pool;
    this.#timeoutMs = timeoutMs;
    // If an idle connection breaks, the server is gone; what comes back may be another database.
    pool.on("error", (error) => {
      this.#readiness = undefined;
      onTrouble(error);
    });
  }

  /**
   * Creates the pool without connecting.
   *
   * @throws ConfigurationError CONFIGURATION_INVALID if the package `pg` is not installed
   */
  static async open(options: DatabaseOptions): Promise<Database> {
    const { addresses, pool, schema, timeoutMs } = options;
    const { openPool } = await loadPg();
    const opened = openPool(addresses, {
      application_name: "tidegate",
      connectionTimeoutMillis: addresses?.connectTimeoutMs ?? timeoutMs,
      query_timeout: timeoutMs,
      ...pool,
      onConnect: (client) => prepareConnection(client, schema),
    });
    return new Database(opened, options);
  }

  /** Resolves when the database is reachable and its tables exist; after an outage, when it is back. */
  ready(): Promise<void> {
    this.#readiness ??= this.#migrate().catch((error) => {
      this.#readiness = undefined;
      throw error;
    });
    return this.#readiness;
  }

  /**
   * Runs a statement in a transaction of its own.
   *
   * @throws EngineError ENGINE_FAILED
   */
  async query<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    try {
      return await within("Postgres", this.#timeoutMs, this.#query<Row>(text, values));
    } catch (error) {
      // With any error, the tables may be gone as well.
      this.#readiness = undefined;
      if (isTidegateError(error)) throw error;
      throw new EngineError("ENGINE_FAILED", this.#reasonOf(error), { cause: error });
    }
  }

  async isAlive(): Promise<boolean> {
    return this.query("SELECT 1", []).then(
      () => true,
      () => false,
    );
  }

  async close(): Promise<void> {
    await within("Postgres", this.#timeoutMs, this.pool.end());
  }

  async #query<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    await this.ready();
    return (await this.pool.query(text, [...values])).rows as Row[];
  }

  async #migrate(): Promise<void> {
    const client: PoolClient = await this.pool.connect();
    try {
      await migrate(client, this.schema);
      client.release();
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  #reasonOf(error: unknown): string {
    const { code } = (error ?? {}) as { code?: unknown };
    const said = `${code} ${messageOf(error)}`;
    if (UNREACHABLE.test(said)) return "Postgres cannot be reached.";
    return LATE.test(said)
      ? `Postgres has not answered for ${this.#timeoutMs} ms: is it reachable and not overloaded?`
      : `Postgres refused: ${messageOf(error)}`;
  }
}

/**
 * BullMQ's statements name no schema. Nothing needs to be on disk before it is answered: a crash undoes a
 * fraction of a second, which is fired again (the ledger notices) or registered again by the reconciler.
 */
async function prepareConnection(client: ClientBase, schema: string): Promise<void> {
  await client.query(`SET search_path TO ${quoteSchemaName(schema)}; SET synchronous_commit TO off`);
}

async function loadPg(): Promise<typeof import("@tidegate/postgres-kit")> {
  try {
    return await import("@tidegate/postgres-kit");
  } catch (cause) {
    const message = "An engine on Postgres takes the package pg: install it, or connect to a Redis.";
    throw new ConfigurationError("CONFIGURATION_INVALID", message, { field: "connection", cause });
  }
}
