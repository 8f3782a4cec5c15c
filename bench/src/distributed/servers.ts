import type { BullmqConnection } from "@tidegate/engine-bullmq";
import { PostgresServer, RedisServer } from "@tidegate/test-servers";

/** A fresh server of either kind. */
export interface BenchServer {
  readonly connection: BullmqConnection;
  /** What the schedules take: memory of Redis, pages of Postgres. */
  usedBytes(): Promise<number>;
  dispose(): Promise<void>;
}

/** With an append-only file that is synced every second. */
export function startRedis(): Promise<RedisServer> {
  return RedisServer.start(["--appendonly", "yes", "--appendfsync", "everysec"]);
}

export async function onRedis(): Promise<BenchServer> {
  const redis = await startRedis();
  const { connection } = redis;
  return { connection, usedBytes: () => redis.usedMemory(), dispose: () => redis.dispose() };
}

/** As it is configured by itself, which syncs. */
export async function onPostgres(): Promise<BenchServer> {
  const postgres = await PostgresServer.start([]);
  const size = `
    SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::float8 AS bytes FROM pg_class
    WHERE relname = 'tidegate_schedule'`;
  return {
    connection: { postgres: { connectionString: postgres.url() } },
    usedBytes: async () => (await postgres.query<{ bytes: number }>(size))[0]!.bytes,
    dispose: () => postgres.dispose(),
  };
}
