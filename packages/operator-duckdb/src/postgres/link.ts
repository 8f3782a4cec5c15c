import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { unlessAborted } from "@tidegate/core/clock";
import { Client, type QueryResultRow } from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { failureOf } from "./failure.js";

/** How long a server may take to accept a connection, ms. */
const CONNECT_LIMIT_MS = 30_000;

/** Bytes of a copy that wait to be read. */
const HIGH_WATER_BYTES = 1_048_576;

/** Settings under which Postgres writes values as text, whatever its own defaults are. */
const TEXT_SETTINGS = `SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres';
SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'`;

/** The transactions of a job: one that reads a single snapshot, and one that writes. */
const BEGIN = {
  read: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
  write: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
};

/**
 * A connection to Postgres with one open transaction. When the signal is aborted, the transaction is rolled
 * back and whatever runs rejects.
 */
export class PostgresLink {
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #url: string;
  readonly #signal: AbortSignal;
  #backend: number | undefined;

  private constructor(client: Client, socket: Socket, url: string, signal: AbortSignal) {
    this.#client = client;
    this.#socket = socket;
    this.#url = url;
    this.#signal = signal;
  }

  /**
   * Runs work in a transaction and rolls it back, unless the work commits it.
   *
   * @param url - `postgres://user:password@host:port/database`
   * @throws JobFailure JOB_FAILED, without the address and its password
   */
  static async use<T>(
    url: string,
    access: keyof typeof BEGIN,
    signal: AbortSignal,
    work: (link: PostgresLink) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    const socket = new Socket();
    const link = new PostgresLink(clientOf(url, socket), socket, url, signal);
    signal.addEventListener("abort", link.#end, { once: true });
    try {
      await link.#open(access);
      return await work(link);
    } finally {
      signal.removeEventListener("abort", link.#end);
      socket.destroy();
    }
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

  /** Runs a `COPY … TO STDOUT` and yields its bytes as they arrive; a slow reader slows the server down. */
  async *copyOut(sql: string): AsyncIterable<Buffer> {
    try {
      yield* this.#client.query(copyTo(sql, { highWaterMark: HIGH_WATER_BYTES }));
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

  async #open(access: keyof typeof BEGIN): Promise<void> {
    // An error while no statement runs: the next statement reports it.
    this.#client.on("error", () => {});
    await unlessAborted(named(this.#client.connect()), this.#signal);
    await this.run(`${BEGIN[access]}; ${TEXT_SETTINGS}`);
    const [row] = await this.rows<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    this.#backend = row!.pid;
  }

  /**
   * Cuts the connection, which rolls back. The server notices only when it next reads from it, so it is also
   * told, from another connection, to end a statement that would hold its locks until then.
   */
  readonly #end = (): void => {
    this.#socket.destroy();
    if (this.#backend !== undefined) void endBackend(this.#url, this.#backend);
  };
}

async function named<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw failureOf(error);
  }
}

function clientOf(url: string, socket: Socket): Client {
  return new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    keepAlive: true,
    application_name: "tidegate",
    stream: () => socket,
  });
}

async function endBackend(url: string, pid: number): Promise<void> {
  const client = clientOf(url, new Socket());
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("SELECT pg_terminate_backend($1)", [pid]);
  } catch {
    // The transaction cannot commit in any case; only its locks last longer.
  } finally {
    await client.end().catch(() => {});
  }
}
