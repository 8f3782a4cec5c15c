import { PostgresServer, RedisServer } from "@tidegate/test-servers";
import type { BullmqConnection } from "../../src/index.js";

/** A real server of either kind: what a test does to it, and what it looks for in it. */
export interface Scene {
  readonly connection: BullmqConnection;
  readonly server: Pick<RedisServer, "kill" | "startAgain" | "thaw" | "dispose"> & {
    freeze(): void | Promise<void>;
  };
  /** It dies, and comes back without what it kept for this prefix. */
  comeBackEmpty(prefix: string): Promise<void>;
  /** The groups that are to be looked at by a time, in ms since 1970. */
  dueBy(prefix: string, time: number): Promise<string[]>;
  /** How many schedules it keeps anything of. */
  kept(prefix: string): Promise<number>;
  /** The ids of the jobs that a worker has begun. */
  begunCalls(prefix: string): Promise<string[]>;
  /** How many of these jobs are there in any state. */
  countCalls(prefix: string, ids: readonly string[]): Promise<number>;
}

async function onRedis(): Promise<Scene> {
  const server = await RedisServer.start(["--appendonly", "yes", "--appendfsync", "everysec"]);
  const ask = async <T>(question: (client: ReturnType<RedisServer["client"]>) => Promise<T>): Promise<T> => {
    const client = server.client();
    try {
      return await question(client);
    } finally {
      client.disconnect();
    }
  };
  return {
    connection: server.connection,
    server,
    comeBackEmpty: async () => {
      await server.kill();
      server.loseDisk();
      await server.startAgain();
    },
    dueBy: (prefix, time) => ask((client) => client.zrangebyscore(`{${prefix}}:engine:due`, "-inf", time)),
    kept: (prefix) =>
      ask(async (client) => {
        const parts = ["definitions", "groups", "due"].map((part) => `{${prefix}}:engine:${part}`);
        const [definitions = "", groups = "", due = ""] = parts;
        return Math.max(await client.hlen(definitions), await client.zcard(groups), await client.zcard(due));
      }),
    begunCalls: (prefix) => ask((client) => client.lrange(`{${prefix}}:calls:active`, 0, -1)),
    countCalls: (prefix, ids) =>
      ask((client) => client.exists(...ids.map((id) => `{${prefix}}:calls:${id}`))),
  };
}

async function onPostgres(): Promise<Scene> {
  const server = await PostgresServer.start();
  const ids = async (query: string): Promise<string[]> =>
    (await server.query<{ id: string }>(query)).map(({ id }) => id);
  const table = (prefix: string): string => `${prefix}_engine.tidegate_schedule`;
  return {
    connection: { postgres: { connectionString: server.url() } },
    server,
    comeBackEmpty: async (prefix) => {
      await server.kill();
      await server.startAgain();
      await server.query(`DROP SCHEMA ${prefix}_engine CASCADE`);
    },
    dueBy: (prefix, time) => ids(`SELECT group_id AS id FROM ${table(prefix)} WHERE look_at <= ${time}`),
    kept: async (prefix) => (await server.query(`SELECT 1 FROM ${table(prefix)}`)).length,
    begunCalls: (prefix) => ids(`SELECT id FROM ${prefix}_engine.job WHERE state = 'active'`),
    countCalls: async (prefix, wanted) => {
      const there = await ids(`SELECT id FROM ${prefix}_engine.job`);
      return wanted.filter((id) => there.includes(id)).length;
    },
  };
}

/** All kinds of servers: name and start. */
export const SCENES: readonly (readonly [name: string, start: () => Promise<Scene>])[] = [
  ["Redis", onRedis],
  ["Postgres", onPostgres],
];
