import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { RedisClusterConnection, RedisConnection } from "../options.js";

/** A connection to a single Redis or to a cluster. */
export type RedisClient = Redis | Cluster;

/** Opens a connection for commands that somebody waits for: they reject soon if Redis is unreachable. */
export function openImpatient(connection: RedisConnection): RedisClient {
  return open(connection, 1);
}

/**
 * Opens a connection for BullMQ's worker: it waits for Redis to come back however long it takes, as BullMQ
 * requires.
 */
export function openPatient(connection: RedisConnection): RedisClient {
  return open(connection, null);
}

/** Maximum pause between two reconnection attempts, ms. */
const LONGEST_PAUSE_MS = 1_000;

const retryStrategy = (attempt: number): number => Math.min(attempt * 50, LONGEST_PAUSE_MS);

function open(connection: RedisConnection, maxRetriesPerRequest: number | null): RedisClient {
  if (typeof connection === "string") return new Redis(connection, { retryStrategy, maxRetriesPerRequest });
  if (isCluster(connection)) return openCluster(connection, maxRetriesPerRequest);
  const { replyMapping: _, ...options } = connection;
  return new Redis({ retryStrategy, ...options, maxRetriesPerRequest });
}

function openCluster(
  { nodes, options = {} }: RedisClusterConnection,
  maxRetriesPerRequest: number | null,
): Cluster {
  const { replyMapping: _, ...redisOptions } = options.redisOptions ?? {};
  return new Cluster([...nodes], {
    clusterRetryStrategy: retryStrategy,
    ...options,
    redisOptions: { ...redisOptions, maxRetriesPerRequest },
  });
}

function isCluster(connection: RedisOptions | RedisClusterConnection): connection is RedisClusterConnection {
  return "nodes" in connection;
}
