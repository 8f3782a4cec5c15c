import { LONGEST_TIMER_MS, parseOptions, unfitOption, wholeNumber } from "@tidegate/core/plugin";
import { type Addresses, addressesOf } from "@tidegate/postgres-kit/addresses";
import type { PgPoolConfig } from "bullmq";
import type { ClusterNode, ClusterOptions, RedisOptions } from "ioredis";
import { z } from "zod";

/** A Redis Cluster: some of its nodes, and further ioredis options. */
export interface RedisClusterConnection {
  readonly nodes: readonly ClusterNode[];
  /** User, password and TLS go in its `redisOptions`. */
  readonly options?: ClusterOptions;
}

/**
 * Connection to Redis: a URL (`redis://`, `rediss://` for TLS), ioredis options (host, user, password, TLS,
 * sentinels …), or a cluster.
 */
export type RedisConnection = string | RedisOptions | RedisClusterConnection;

/**
 * Address of a Postgres database, in libpq's format. It may name several hosts: `postgres://a,b/shop`. The engine
 * uses the one that takes writes, and finds it again after a failover.
 */
export type PostgresUrl = `postgres://${string}` | `postgresql://${string}`;

/** A Postgres database, with further `pg` options. */
export interface PostgresDatabase {
  /**
   * Options of `pg.Pool`: `connectionString`, as a URL or as keywords and values (`host=a,b dbname=shop`), or
   * host, user and password; `ssl`, `max` … At least 3 connections.
   */
  readonly postgres: PgPoolConfig;
  /**
   * The schema of all tables, including BullMQ's; created if needed. Letters, digits, `_` and `$`.
   * @default the prefix and `_engine`
   */
  readonly schema?: string;
}

/** Connection to Postgres. Requires the package `pg`. */
export type PostgresConnection = PostgresUrl | PostgresDatabase;

/**
 * The server that the managers share. A text that begins with `postgres://` or `postgresql://` is a Postgres
 * address, any other a Redis one.
 */
export type BullmqConnection = RedisConnection | PostgresConnection;

/** Settings of the BullMQ engine. Managers that share the firing need the same connection and prefix. */
export interface BullmqEngineOptions {
  readonly connection: BullmqConnection;
  /**
   * Begins the name of each key, in braces, so that all are in one slot of a cluster; on Postgres, the name
   * of the schema. Two installations on one server need two prefixes. @default "tidegate"
   */
  readonly prefix?: string;
  /** Maximum number of fires handed over at once, 1 to 2,000. @default 500 */
  readonly batchSize?: number;
  /** Number of batches that one manager works on at a time. @default 4 */
  readonly concurrency?: number;
  /**
   * How long fires belong to the manager that took them, ms; the manager extends this while it works. If it
   * is killed, others take them after this time. At least 1,000. @default 5,000
   */
  readonly leaseMs?: number;
  /** Delay before fires that the ledger refused are retried, ms. @default 1,000 */
  readonly retryMs?: number;
  /**
   * Interval between checks of the server while nothing is due, ms; schedules registered elsewhere may be
   * late by this. @default 50
   */
  readonly pollMs?: number;
  /** Minimum time between two checks, ms: fires that become due in between go together. @default 10 */
  readonly tickMs?: number;
  /** Timeout of a handler's command, ms; a connection that is silent for so long is opened anew. @default 5,000 */
  readonly commandTimeoutMs?: number;
}

/** The options with all defaults filled in. */
export type EngineSettings = Required<BullmqEngineOptions>;

/** Prefix of error messages. */
const OPTIONS_TYPE = "BullmqEngineOptions";

/** One for notifications, one for checks, one for answers. */
const FEWEST_CONNECTIONS = 3;

const ms = (least: number, usual: number) => wholeNumber(least, LONGEST_TIMER_MS).default(usual);

const schema = z.strictObject({
  connection: z.custom<BullmqConnection>(
    (value) => typeof value === "string" || (typeof value === "object" && value !== null),
    "must be an address, or options of Redis or Postgres",
  ),
  prefix: z
    .string()
    .regex(/^[^{}\s]{1,100}$/, "must be 1 to 100 characters without braces and white space")
    .default("tidegate"),
  batchSize: wholeNumber(1, 2_000).default(500),
  concurrency: wholeNumber(1, LONGEST_TIMER_MS).default(4),
  leaseMs: ms(1_000, 5_000),
  retryMs: ms(1, 1_000),
  pollMs: ms(1, 50),
  tickMs: ms(1, 10),
  commandTimeoutMs: ms(1, 5_000),
});

/** @throws ConfigurationError CONFIGURATION_INVALID naming the option that is unknown or out of range */
export function settingsOf(options: BullmqEngineOptions): EngineSettings {
  const settings = parseOptions(OPTIONS_TYPE, schema, options);
  const { connection } = settings;
  if (isPostgres(connection)) requirePostgres(connection, schemaOf(settings));
  else if (typeof connection === "object" && "keyPrefix" in connection && connection.keyPrefix) {
    throw unfitOption(
      OPTIONS_TYPE,
      "connection.keyPrefix",
      "BullMQ does not work with it; leave it out and set the engine's prefix",
    );
  }
  return settings;
}

/** Returns whether the managers share Postgres. */
export function isPostgres(connection: BullmqConnection): connection is PostgresConnection {
  return typeof connection === "string" ? /^postgres(ql)?:/.test(connection) : "postgres" in connection;
}

/** Returns the schema of the tables in Postgres. */
export function schemaOf({ connection, prefix }: EngineSettings): string {
  const named = typeof connection === "object" && "schema" in connection ? connection.schema : undefined;
  return named ?? `${prefix}_engine`;
}

/**
 * Returns the hosts of a connection string; `undefined` if there is none.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID if it cannot be read
 */
export function addressesIn(connection: PostgresConnection): Addresses | undefined {
  const isAddress = typeof connection === "string";
  const text = isAddress ? connection : connection.postgres.connectionString;
  const field = isAddress ? "connection" : "connection.postgres.connectionString";
  return text === undefined ? undefined : addressesOf(text, { type: OPTIONS_TYPE, field });
}

function requirePostgres(connection: PostgresConnection, schemaName: string): void {
  // BullMQ allows no other names.
  if (!/^[A-Za-z_][A-Za-z0-9_$]{0,62}$/.test(schemaName)) {
    throw unfitOption(
      OPTIONS_TYPE,
      "connection.schema",
      `must be 1 to 63 letters, digits, "_" and "$", not a digit first, but is "${schemaName}"; where it is left out, it is ` +
        "the prefix and _engine",
    );
  }
  addressesIn(connection);
  const max = typeof connection === "string" ? undefined : connection.postgres.max;
  if (max === undefined || max >= FEWEST_CONNECTIONS) return;
  throw unfitOption(
    OPTIONS_TYPE,
    "connection.postgres.max",
    `must be at least ${FEWEST_CONNECTIONS}, but is ${max}`,
  );
}
