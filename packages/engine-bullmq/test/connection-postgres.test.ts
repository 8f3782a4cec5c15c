import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { createEmitter } from "@tidegate/core/testing";
import { freePort, PostgresServer, TcpProxy } from "@tidegate/test-servers";
import { BullmqEngine, type BullmqEngineOptions } from "../src/index.js";
import { Bed } from "./support/bed.js";

/** Long enough for any answer of a busy machine: a late one would be told of. */
const PATIENCE_MS = 60_000;

let postgres: PostgresServer;
let proxy: TcpProxy | undefined;
let bed: Bed | undefined;

beforeAll(async () => {
  postgres = await PostgresServer.start();
}, 180_000);

afterAll(() => postgres.dispose());

afterEach(async () => {
  await bed?.tidegate.stop();
  bed = undefined;
  await proxy?.dispose();
  proxy = undefined;
});

async function running(options: Partial<BullmqEngineOptions>): Promise<Bed> {
  const connection = postgres.url() as `postgres://${string}`;
  bed = new Bed(new BullmqEngine({ connection, commandTimeoutMs: PATIENCE_MS, ...options }));
  await bed.tidegate.start();
  await bed.register(20);
  await bed.untilEachRan(3);
  return bed;
}

/** Runs some schedules through an engine with these options; returns what it told of. */
async function expectFires(options: Partial<BullmqEngineOptions>): Promise<string[]> {
  const { troubles } = await running(options);
  await bed!.expectEachIntervalOnce();
  return troubles.map(({ error }) => error.message);
}

async function listed(engine: BullmqEngine): Promise<string[]> {
  const groupIds: string[] = [];
  for await (const { groupId } of engine.list()) groupIds.push(groupId);
  return groupIds;
}

describe("a connection to Postgres", () => {
  it("may be a URL", async () => {
    expect(await expectFires({ prefix: "url" })).toEqual([]);
  });

  it("may be what pg takes, with three connections, and in a schema of its own", async () => {
    const pool = { host: "127.0.0.1", port: postgres.port, user: "tidegate", database: "postgres", max: 3 };
    expect(await expectFires({ connection: { postgres: pool, schema: "Mine" } })).toEqual([]);
    const tables = await postgres.query("SELECT 1 FROM pg_tables WHERE schemaname = 'Mine'");
    expect(tables.length).toBeGreaterThan(2);
  });

  it.each(["URL", "keywords"])("may name several hosts, of which one takes writes (%s)", async (form) => {
    const standby = await PostgresServer.start(["fsync=off", "default_transaction_read_only=on"]);
    try {
      const ports = [await freePort(), standby.port, postgres.port];
      const url =
        `postgres://tidegate@${ports.map((port) => `127.0.0.1:${port}`).join(",")}/postgres` as const;
      const keywords = `host=127.0.0.1,127.0.0.1,127.0.0.1 port=${ports.join(",")} user=tidegate dbname=postgres`;
      const connection = form === "URL" ? url : { postgres: { connectionString: keywords } };
      expect(await expectFires({ connection, prefix: `several_${form}` })).toEqual([]);
    } finally {
      await standby.dispose();
    }
  });

  it("that is refused is told of without its password", async () => {
    const connection = `postgres://nobody:wrong-secret@127.0.0.1:${postgres.port}/postgres` as const;
    const engine = new BullmqEngine({ connection });
    const events = createEmitter();
    const told: string[] = [];
    events.on("trouble", ({ error }) => told.push(error.message));
    await engine.start({ sink: { fire: async () => [] }, events, onFireMoved: () => () => {} });
    await expect(engine.handleUnregister(["orders"])).rejects.toMatchObject({
      code: "ENGINE_FAILED",
      message: expect.stringContaining('role "nobody" does not exist'),
    });
    await engine.stop();
    expect(told.join()).toContain("nobody");
    expect(told.join()).not.toContain("wrong-secret");
  });

  it("that is cut again and again loses nothing", async () => {
    proxy = await TcpProxy.start(postgres.port);
    const connection = `postgres://tidegate@127.0.0.1:${proxy.port}/postgres` as const;
    const cut = await running({ connection, prefix: "cut", leaseMs: 1_000, commandTimeoutMs: 1_000 });
    for (let round = 0; round < 12; round += 1) {
      // Any moment of its work: another one in each round.
      await sleep(300 + round * 37);
      proxy.cutAll();
    }
    await cut.untilEachRan(3);
    await cut.expectEachIntervalOnce();
  });

  it("that a firewall has forgotten is opened again", async () => {
    proxy = await TcpProxy.start(postgres.port);
    const connection = `postgres://tidegate@127.0.0.1:${proxy.port}/postgres` as const;
    const cut = await running({ connection, prefix: "forgotten", leaseMs: 1_000, commandTimeoutMs: 1_000 });
    for (let round = 0; round < 3; round += 1) {
      proxy.swallow({ forgets: true });
      proxy.mend();
      await cut.untilEachRan(2);
    }
    await cut.expectEachIntervalOnce();
  });
});

describe("a Postgres that is restarted in good order", () => {
  it("goes on as it was", async () => {
    const other = await PostgresServer.start();
    try {
      const restarted = await running({ connection: { postgres: { connectionString: other.url() } } });
      for (let round = 0; round < 3; round += 1) {
        await other.stop();
        await sleep(round * 1_000);
        await other.startAgain();
        await restarted.untilEachRan(2);
      }
      await restarted.expectEachIntervalOnce();
      await restarted.tidegate.stop();
    } finally {
      await other.dispose();
    }
  });
});

describe("two engines with different prefixes in one database", () => {
  it("know nothing of each other", async () => {
    const other = new BullmqEngine({
      connection: { postgres: { connectionString: postgres.url() } },
      commandTimeoutMs: PATIENCE_MS,
      prefix: "other",
    });
    await expectFires({ prefix: "one" });
    expect(await listed(other)).toEqual([]);
    await other.stop();
  });
});

describe("an option that Postgres does not take", () => {
  it.each<[Partial<BullmqEngineOptions>, string]>([
    [{ prefix: "my-installation" }, "connection.schema"],
    [{ connection: { postgres: {}, schema: 'a"b' } }, "connection.schema"],
    [{ connection: { postgres: {}, schema: "1st" } }, "connection.schema"],
    [{ connection: { postgres: { max: 2 } } }, "connection.postgres.max"],
  ])("is refused: %j", (options, field) => {
    const make = () => new BullmqEngine({ connection: "postgres://localhost/postgres", ...options });
    expect(make).toThrow(expect.objectContaining({ code: "CONFIGURATION_INVALID", field }));
  });
});
