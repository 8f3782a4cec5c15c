import type { TidegateSettings } from "@tidegate/core";
import { PostgresStore } from "@tidegate/store-postgres";
import { PostgresServer, RedisServer, TcpProxy } from "@tidegate/test-servers";
import type { Deployment } from "../scene.js";

/** How long a run stays with a manager that is silent, ms. */
export const LEASE_MS = 3_000;

/** One that only the dead outlast: a manager that a busy machine holds up for seconds keeps its runs. */
const PATIENT_LEASE_MS = 12_000;

/** Upkeep that follows a fault closely. */
const QUICK = { reconcileEveryMs: 1_000, watchdogEveryMs: 500 };

/** A Redis and a Postgres, each behind a proxy, for managers on BullMQ. */
export class Cluster {
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
  readonly redisProxy: TcpProxy;
  readonly postgresProxy: TcpProxy;
  #scenes = 0;

  private constructor(
    redis: RedisServer,
    postgres: PostgresServer,
    redisProxy: TcpProxy,
    postgresProxy: TcpProxy,
  ) {
    this.redis = redis;
    this.postgres = postgres;
    this.redisProxy = redisProxy;
    this.postgresProxy = postgresProxy;
  }

  static async start(): Promise<Cluster> {
    const redis = await RedisServer.start(["--appendonly", "yes", "--appendfsync", "everysec"]);
    const postgres = await PostgresServer.start();
    const proxies = await Promise.all([TcpProxy.start(redis.port), TcpProxy.start(postgres.port)]);
    return new Cluster(redis, postgres, ...proxies);
  }

  /** Managers with a schema and a prefix that no other scene has. */
  readonly deployment = (): Deployment =>
    this.#deployed({ ...QUICK, dispatcher: { leaseMs: LEASE_MS, pollMs: 200 } });

  /** The same, with a lease that none of them outlasts but by its death: no job is submitted twice. */
  readonly patientDeployment = (): Deployment =>
    this.#deployed({ ...QUICK, dispatcher: { leaseMs: PATIENT_LEASE_MS, pollMs: 200 } });

  /** The same, with the default settings but for the lease. */
  readonly plainDeployment = (): Deployment => this.#deployed({ dispatcher: { leaseMs: LEASE_MS } });

  #deployed({ dispatcher, ...settings }: TidegateSettings): Deployment {
    this.#scenes += 1;
    const name = `scene_${this.#scenes}`;
    return {
      parts: {
        bullmq: this.#bullmq(this.redis.port, name),
        postgres: this.#store(this.postgres.port, name),
        settings: { ...settings, dispatcher: { ...dispatcher, drainMs: 2_000 } },
      },
      openStore: async () => {
        // Whoever looks afterwards has time, also on a busy machine.
        const patience = { statementTimeoutMs: 120_000, connectTimeoutMs: 120_000 };
        const store = new PostgresStore({ ...this.#store(this.postgres.port, name), ...patience });
        await store.open();
        return store;
      },
    };
  }

  /** What leads the last scene's managers to their servers by way of proxies. */
  through(redisProxy: TcpProxy, postgresProxy: TcpProxy): { bullmq: object; postgres: object } {
    const name = `scene_${this.#scenes}`;
    return {
      bullmq: this.#bullmq(redisProxy.port, name),
      postgres: this.#store(postgresProxy.port, name),
    };
  }

  /** The same, by way of the cluster's own proxies. */
  get throughProxies(): { bullmq: object; postgres: object } {
    return this.through(this.redisProxy, this.postgresProxy);
  }

  /** What has the last scene's managers do with Postgres alone. */
  get withoutRedis(): { bullmq: object } {
    const name = `scene_${this.#scenes}`;
    const connection = { postgres: { connectionString: this.postgres.url() } };
    return { bullmq: { ...this.#bullmq(0, name), connection } };
  }

  async dispose(): Promise<void> {
    await Promise.all([this.redisProxy.dispose(), this.postgresProxy.dispose()]);
    await Promise.all([this.redis.dispose(), this.postgres.dispose()]);
  }

  #bullmq(port: number, prefix: string): object {
    const connection = { host: "127.0.0.1", port };
    // Small batches, so that every manager gets some.
    return { connection, prefix, batchSize: 5, concurrency: 1, leaseMs: 1_500, commandTimeoutMs: 2_000 };
  }

  #store(port: number, schema: string): { connectionString: string; schema: string } {
    return { connectionString: `postgres://tidegate@127.0.0.1:${port}/postgres`, schema };
  }
}
