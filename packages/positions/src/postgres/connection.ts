import { openPool, postgresCode } from "@tidegate/postgres-kit";
import { type Addresses, addressesOf, placeOf } from "@tidegate/postgres-kit/addresses";
import type { Pool } from "pg";
import { z } from "zod";
import { away, wrong } from "../kit/source-errors.js";

/** A Postgres whose tables are read by position. */
export interface PostgresSourceDatabase {
  /**
   * The database, in libpq's notation: `postgres://user@host:5432/database?sslmode=verify-full`, or keywords and
   * values. If it names several hosts, the one that takes writes is asked.
   */
  readonly connectionString: string;
  /** The password, or what returns it for each connection. @default that of the connection string */
  readonly password?: string | (() => string | Promise<string>);
}

/** The schema of a `PostgresSourceDatabase`. */
export const databaseSchema = z.strictObject({
  connectionString: z.string().min(1),
  password: z
    .custom<string | (() => string | Promise<string>)>(
      (value) => typeof value === "string" || typeof value === "function",
      "must be a string or a function",
    )
    .optional(),
});

/** The longest that a statement may take by default, ms. */
const STATEMENT_LIMIT_MS = 20_000;

/** How much later than it ends a statement the server may say so, ms; a connection that is silent for longer is closed. */
const ANSWER_MS = 2_000;

/** Runs queries on one Postgres. */
export class PostgresConnection {
  readonly #name: string;
  readonly #database: PostgresSourceDatabase;
  readonly #addresses: Addresses;
  readonly #limitMs: number;
  #pool: Pool | undefined;

  /**
   * @param limitMs - the longest that a statement may take
   * @throws ConfigurationError CONFIGURATION_INVALID if the connection string cannot be read
   */
  constructor(name: string, database: PostgresSourceDatabase, limitMs = STATEMENT_LIMIT_MS) {
    this.#name = name;
    this.#limitMs = limitMs;
    this.#database = database;
    const field = `databases.${name}.connectionString`;
    this.#addresses = addressesOf(database.connectionString, { type: "PostgresCursorOptions", field });
  }

  /**
   * Runs one query and returns its rows, with their values as texts.
   *
   * @throws SourceError SOURCE_INVALID if it names what is not there, or may not be read; SOURCE_UNAVAILABLE otherwise
   */
  async query(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    try {
      const { rows } = await this.#open().query({ text: sql, values: [...values], types: TEXTS });
      return rows as Row[];
    } catch (cause) {
      const code = postgresCode(cause);
      const reason = (cause as Error).message || code || "it does not answer";
      const message = `${this.#name} (${placeOf(this.#addresses.urls[0])}): ${reason}.`;
      throw /^(42|3F|0A)/.test(code ?? "") ? wrong(message, cause) : away(message, cause);
    }
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await pool?.end();
  }

  #open(): Pool {
    if (this.#pool !== undefined) return this.#pool;
    const { password } = this.#database;
    this.#pool = openPool(this.#addresses, {
      max: 4,
      connectionTimeoutMillis: this.#addresses.connectTimeoutMs ?? 10_000,
      statement_timeout: this.#limitMs,
      query_timeout: this.#limitMs + ANSWER_MS,
      application_name: "tidegate positions",
      allowExitOnIdle: true,
      options: "-c TimeZone=UTC",
      ...(password === undefined ? {} : { password }),
    });
    return this.#pool;
  }
}

/** A row with its values as Postgres writes them. */
export type Row = Readonly<Record<string, string | null>>;

const TEXTS = { getTypeParser: () => (text: unknown) => text } as never;
