import { ConfigurationError } from "@tidegate/core";
import type { ClusterNode, ClusterOptions, RedisOptions } from "ioredis";

/** A Redis Cluster: some of its nodes, and what ioredis takes beside them. */
export interface RedisClusterConnection {
  readonly nodes: readonly ClusterNode[];
  /** User, password and TLS are in its `redisOptions`. */
  readonly options?: ClusterOptions;
}

/**
 * Where Redis is: a URL (`redis://`, `rediss://` for TLS), what ioredis takes (host, user, password, TLS, sentinels …),
 * or a cluster.
 */
export type BullmqConnection = string | RedisOptions | RedisClusterConnection;

/** How the engine works. Managers that share the firing are given the same connection and prefix. */
export interface BullmqEngineOptions {
  readonly connection: BullmqConnection;
  /**
   * Begins the name of each key, in braces, so that all are in one slot of a cluster. Two installations on one Redis need
   * two prefixes. @default "tidegate"
   */
  readonly prefix?: string;
  /** At most this many fires are handed over at once, 1 to 2,000. @default 500 */
  readonly batchSize?: number;
  /** How many batches one manager works on at a time. @default 4 */
  readonly concurrency?: number;
  /**
   * How long fires belong to the manager that took them, ms; it extends this while it works. When it is killed, others
   * take them after this time. At least 1,000. @default 5,000
   */
  readonly leaseMs?: number;
  /** When fires that the ledger refused are repeated, ms. @default 1,000 */
  readonly retryMs?: number;
  /** How often Redis is looked at while nothing is due, ms: what is registered elsewhere is late by this. @default 50 */
  readonly pollMs?: number;
  /** The shortest time between two looks, ms: fires that are due meanwhile go together. @default 10 */
  readonly tickMs?: number;
  /** After what time without an answer a command of a handler is given up, ms. @default 5,000 */
  readonly commandTimeoutMs?: number;
}

/** The options with nothing left open. */
export type EngineSettings = Required<BullmqEngineOptions>;

const LARGEST_BATCH = 2_000;
const SHORTEST_LEASE_MS = 1_000;

/** @throws ConfigurationError CONFIGURATION_INVALID naming what is out of range */
export function settingsOf(options: BullmqEngineOptions): EngineSettings {
  const settings: EngineSettings = {
    connection: options.connection,
    prefix: options.prefix ?? "tidegate",
    batchSize: options.batchSize ?? 500,
    concurrency: options.concurrency ?? 4,
    leaseMs: options.leaseMs ?? 5_000,
    retryMs: options.retryMs ?? 1_000,
    pollMs: options.pollMs ?? 50,
    tickMs: options.tickMs ?? 10,
    commandTimeoutMs: options.commandTimeoutMs ?? 5_000,
  };
  requireWithin(settings, "batchSize", 1, LARGEST_BATCH);
  requireWithin(settings, "leaseMs", SHORTEST_LEASE_MS);
  for (const field of ["concurrency", "retryMs", "pollMs", "tickMs", "commandTimeoutMs"] as const) {
    requireWithin(settings, field, 1);
  }
  requirePrefix(settings);
  return settings;
}

type NumericField = {
  [Field in keyof EngineSettings]: EngineSettings[Field] extends number ? Field : never;
}[keyof EngineSettings];

function requireWithin(
  settings: EngineSettings,
  field: NumericField,
  least: number,
  most = 2 ** 31 - 1,
): void {
  const value = settings[field];
  if (Number.isInteger(value) && value >= least && value <= most) return;
  const range = `a whole number from ${least} to ${most}`;
  throw new ConfigurationError("CONFIGURATION_INVALID", `${field} must be ${range}, but is ${value}.`, {
    field,
  });
}

function requirePrefix({ prefix, connection }: EngineSettings): void {
  if (!/^[^{}\s]{1,100}$/.test(prefix)) {
    const message = `prefix must be 1 to 100 characters without braces and white space, but is "${prefix}".`;
    throw new ConfigurationError("CONFIGURATION_INVALID", message, { field: "prefix" });
  }
  if (typeof connection === "object" && "keyPrefix" in connection && connection.keyPrefix) {
    const message =
      "BullMQ does not work with ioredis's keyPrefix: leave it out and set the engine's prefix.";
    throw new ConfigurationError("CONFIGURATION_INVALID", message, { field: "connection.keyPrefix" });
  }
}
