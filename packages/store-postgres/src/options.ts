import { LONGEST_TIMER_MS, parseOptions, wholeNumber } from "@tidegate/core/plugin";
import { type Addresses, addressesOf } from "@tidegate/postgres-kit/addresses";
import type { PoolConfig } from "pg";
import { z } from "zod";

/** Options of the Postgres store. */
export interface PostgresStoreOptions {
  /**
   * The database, in libpq's notation: `postgres://user:password@host:5432/database?sslmode=verify-full`, or
   * keywords and values: `host=a,b dbname=shop`. If there are several hosts, the store uses the one that takes
   * writes, and finds it again after a failover.
   */
  readonly connectionString: string;
  /**
   * Options of Node's `tls.connect`, such as a certificate authority. @default as the connection string says
   */
  readonly ssl?: PoolConfig["ssl"];
  /**
   * The schema of all tables; created if it does not exist. It belongs to the namespace that opens it first;
   * another one has a schema of its own, `<schema>:<namespace>`. @default "tidegate"
   */
  readonly schema?: string;
  /** The most connections that this process opens. @default 8 */
  readonly poolSize?: number;
  /**
   * How long to wait for a connection before an operation rejects with STORE_UNAVAILABLE, ms; for each host, if
   * there are several. @default the connection string's `connect_timeout`, or 5,000
   */
  readonly connectTimeoutMs?: number;
  /**
   * How long to wait for an answer before an operation rejects the same way, ms. A connection on which the server does nothing
   * is given up sooner. @default 30,000
   */
  readonly statementTimeoutMs?: number;
}

/** The options with defaults applied. */
export interface Settings extends Required<Omit<PostgresStoreOptions, "ssl" | "connectionString">> {
  readonly addresses: Addresses;
  readonly ssl: PoolConfig["ssl"];
}

/** Prefix of error messages. */
const OPTIONS_TYPE = "PostgresStoreOptions";

const CONNECT_TIMEOUT_MS = 5_000;

const ms = (usual: number) => wholeNumber(1, LONGEST_TIMER_MS).default(usual);

const schema = z.strictObject({
  connectionString: z.string("must be the address of a database").min(1, "must not be empty"),
  ssl: z.custom<PoolConfig["ssl"]>().optional(),
  schema: z.string().min(1).default("tidegate"),
  poolSize: wholeNumber(1, 10_000).default(8),
  connectTimeoutMs: wholeNumber(1, LONGEST_TIMER_MS).optional(),
  statementTimeoutMs: ms(30_000),
});

/** @throws ConfigurationError CONFIGURATION_INVALID naming the option that is unknown or out of range */
export function settingsOf(options: PostgresStoreOptions): Settings {
  const { ssl, connectionString, ...rest } = parseOptions(OPTIONS_TYPE, schema, options);
  const addresses = addressesOf(connectionString, { type: OPTIONS_TYPE, field: "connectionString" });
  const { connectTimeoutMs = addresses.connectTimeoutMs ?? CONNECT_TIMEOUT_MS } = rest;
  return { ...rest, addresses, connectTimeoutMs, ssl };
}
