import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { RedisClusterConnection, RedisConnection } from "../options.js";

/** A connection to one Redis or to a cluster. */
export type RedisClient = Redis | Cluster;

/** For commands that somebody waits for: they reject soon when Redis cannot be reached. */
export function openImpatient(connection: RedisConnection): RedisClient {
  return open(connection, 1);
}

/** For BullMQ's worker: waits for Redis to come back however long it takes, as BullMQ demands. */
export function openPatient(connection: RedisConnection): RedisClient {
  return open(connection, null);
}

/** The longest pause between two attempts to connect again, ms. */
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
