import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { unlessAborted } from "@tidegate/core/clock";
import { openPool } from "@tidegate/postgres-kit";
import type { Addresses } from "@tidegate/postgres-kit/addresses";
import type { Pool, PoolClient, QueryResultRow } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { adoptView } from "./adopt-view.js";
import { CopyOut } from "./copy-out.js";
import { failureOf } from "./failure.js";
import { LendingSocket } from "./lending-socket.js";

/** How long a server may take to accept a connection, ms. */
const CONNECT_LIMIT_MS = 30_000;

/** Settings under which Postgres writes values as text, whatever its own defaults are. */
const TEXT_SETTINGS = `SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres';
SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'`;

/** The transactions of a job: one that reads a single view of the database, and one that writes. */
const BEGIN = {
  read: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
  write: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
};

/**
 * A connection to Postgres with one open transaction. When the signal is aborted, the transaction is rolled
 * back and whatever runs rejects.
 */
export class PostgresLink {
  readonly #connection: Connection;
  readonly #client: PoolClient;
  readonly #signal: AbortSignal;
  readonly #end: () => void;

  private constructor(connection: Connection, client: PoolClient, signal: AbortSignal, end: () => void) {
    this.#connection = connection;
    this.#client = client;
    this.#signal = signal;
    this.#end = end;
  }

  /**
   * Runs work in a transaction and rolls it back, unless the work commits it.
   *
   * @param snapshot - the name of an exported view that the transaction reads. @default the newest
   * @throws JobFailure SPLIT_STALE if that view is gone; JOB_FAILED for errors of Postgres and of the connection
   */
  static async use<T>(
    addresses: Addresses,
    access: keyof typeof BEGIN,
    signal: AbortSignal,
    work: (link: PostgresLink) => Promise<T>,
    snapshot?: string,
  ): Promise<T> {
    const link = await PostgresLink.open(addresses, access, signal, snapshot);
    try {
      return await work(link);
    } finally {
      await link.close();
    }
  }

  /** Begins a transaction, which lasts until the link is closed. See `use`. */
  static async open(
    addresses: Addresses,
    access: keyof typeof BEGIN,
    signal: AbortSignal,
    snapshot?: string,
  ): Promise<PostgresLink> {
    signal.throwIfAborted();
    const connection = new Connection(addresses);
    const end = () => connection.cut();
    signal.addEventListener("abort", end, { once: true });
    try {
      const client = await named(unlessAborted(connection.open(), signal));
      const link = new PostgresLink(connection, client, signal, end);
      await link.run(`${BEGIN[access]}; ${TEXT_SETTINGS}`);
      // Before the first query, which would take a view of its own.
      if (snapshot !== undefined) await adoptView(client, snapshot);
      await connection.identify();
      return link;
    } catch (error) {
      signal.removeEventListener("abort", end);
      await connection.close();
      throw error;
    }
  }

  /** Rolls back, unless the transaction was committed. */
  async close(): Promise<void> {
    this.#signal.removeEventListener("abort", this.#end);
    await this.#connection.close();
  }

  /** Runs one statement and returns its rows. @throws JobFailure JOB_FAILED, as all that follow */
  async rows<Row extends QueryResultRow>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> {
    return (await named(this.#client.query<Row>(sql, [...values]))).rows;
  }

  /** Runs a statement, or several without values, for their effect. */
  async run(sql: string, values?: readonly unknown[]): Promise<void> {
    await named(values === undefined ? this.#client.query(sql) : this.#client.query(sql, [...values]));
  }

  /**
   * Runs a `COPY … TO STDOUT` and yields its bytes as they arrive. They stay as they are until more are asked for; a slow
   * reader slows the server down.
   */
  async *copyOut(sql: string): AsyncGenerator<Buffer> {
    try {
      yield* this.#client.query(new CopyOut(sql));
    } catch (error) {
      throw failureOf(error);
    }
  }

  /** Feeds a `COPY … FROM STDIN`. */
  async copyIn(sql: string, rows: Readable): Promise<void> {
    await named(pipeline(rows, this.#client.query(copyFrom(sql)), { signal: this.#signal }));
  }

  /** Commits. An abort no longer counts once this has been sent, since only its answer says what is true. */
  async commit(): Promise<void> {
    this.#signal.throwIfAborted();
    this.#signal.removeEventListener("abort", this.#end);
    await this.run("COMMIT");
  }
}

/** One connection, which can be cut whatever runs on it. */
class Connection {
  readonly #addresses: Addresses;
  readonly #pool: Pool;
  #client: PoolClient | undefined;
  #socket: Socket | undefined;
  #backend: Backend | undefined;

  constructor(addresses: Addresses) {
    this.#addresses = addresses;
    this.#pool = openPool(addresses, {
      max: 1,
      connectionTimeoutMillis: addresses.connectTimeoutMs ?? CONNECT_LIMIT_MS,
      application_name: "tidegate",
      stream: () => {
        this.#socket = new LendingSocket();
        return this.#socket;
      },
    });
  }

  async open(): Promise<PoolClient> {
    this.#client = await this.#pool.connect();
    return this.#client;
  }

  /** Learns which process of the server works for this connection. */
  async identify(): Promise<void> {
    const { rows } = await named(
      this.#client!.query<Backend>(
        "SELECT pid, backend_start::text AS start FROM pg_stat_activity WHERE pid = pg_backend_pid()",
      ),
    );
    this.#backend = rows[0];
  }

  /**
   * Cuts the connection, which rolls back. The server notices only when it next reads from it, so it is also
   * told, from another connection, to end a statement that would hold its locks until then.
   */
  cut(): void {
    this.#socket?.destroy();
    if (this.#backend !== undefined) void endBackend(this.#addresses, this.#backend);
  }

  async close(): Promise<void> {
    this.#client?.release(true);
    this.#socket?.destroy();
    await this.#pool.end();
  }
}

/** A process of the server; another may get its id later. */
interface Backend {
  readonly pid: number;
  readonly start: string;
}

async function endBackend(addresses: Addresses, { pid, start }: Backend): Promise<void> {
  const connection = new Connection(addresses);
  try {
    const client = await connection.open();
    await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2",
      [pid, start],
    );
  } catch {
    // The transaction cannot commit in any case; only its locks last longer.
  } finally {
    await connection.close();
  }
}

async function named<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw failureOf(error);
  }
}
