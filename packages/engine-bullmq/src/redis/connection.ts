import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { RedisClusterConnection, RedisConnection } from "../options.js";

/** A connection to a single Redis or to a cluster. */
export type RedisClient = Redis | Cluster;

/** How long connections wait, ms. */
export interface Patience {
  /** A connection without any answer for this long is given up, and another one opened: a firewall may have forgotten it. */
  readonly silenceMs: number;
}

/** Opens a connection for commands that somebody waits for: they reject soon if Redis is unreachable. */
export function openImpatient(connection: RedisConnection, patience: Patience): RedisClient {
  return open(connection, patience, 1);
}

/**
 * Opens a connection for BullMQ's worker: it waits for Redis to come back however long it takes, as BullMQ
 * requires. BullMQ opens another one like it, on which it waits for calls.
 */
export function openPatient(connection: RedisConnection, patience: Patience): RedisClient {
  return open(connection, patience, null);
}

/** Maximum pause between two reconnection attempts, ms. */
const LONGEST_PAUSE_MS = 1_000;

const retryStrategy = (attempt: number): number => Math.min(attempt * 50, LONGEST_PAUSE_MS);

function open(
  connection: RedisConnection,
  { silenceMs }: Patience,
  maxRetriesPerRequest: number | null,
): RedisClient {
  const defaults = { socketTimeout: silenceMs };
  const fixed = { maxRetriesPerRequest };
  if (typeof connection === "string") return new Redis(connection, { ...defaults, retryStrategy, ...fixed });
  if (isCluster(connection)) return openCluster(connection, defaults, fixed);
  const { replyMapping: _, ...options } = connection;
  return new Redis({ ...defaults, retryStrategy, ...options, ...fixed });
}

function openCluster(
  { nodes, options = {} }: RedisClusterConnection,
  defaults: Pick<RedisOptions, "socketTimeout">,
  fixed: Pick<RedisOptions, "maxRetriesPerRequest">,
): Cluster {
  const { replyMapping: _, ...redisOptions } = options.redisOptions ?? {};
  return new Cluster([...nodes], {
    clusterRetryStrategy: retryStrategy,
    ...options,
    redisOptions: { ...defaults, ...redisOptions, ...fixed },
  });
}

function isCluster(connection: RedisOptions | RedisClusterConnection): connection is RedisClusterConnection {
  return "nodes" in connection;
}
