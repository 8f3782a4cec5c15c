import { afterEach, describe, expect, it } from "@jest/globals";
import { createEmitter } from "@tidegate/core/testing";
import { RedisServer, TcpProxy } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";
import { Redis } from "ioredis";
import { BullmqEngine, type BullmqEngineOptions } from "../src/index.js";
import { openServer } from "../src/open-server.js";
import { settingsOf } from "../src/options.js";
import type { ScheduleTable } from "../src/schedule-table.js";
import type { SharedServer } from "../src/shared-server.js";
import { Bed } from "./support/bed.js";

const LONGER_THAN_ANY_TEST_MS = 3_600_000;

/** Long enough for any answer of a busy machine: a late one would be told of. */
const PATIENCE_MS = 60_000;

let redis: RedisServer | undefined;
let proxy: TcpProxy | undefined;
let bed: Bed | undefined;
let servers: SharedServer[] = [];

afterEach(async () => {
  await bed?.tidegate.stop();
  bed = undefined;
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
  await proxy?.dispose();
  proxy = undefined;
  await redis?.dispose();
  redis = undefined;
});

async function serverWith(...settings: string[]): Promise<RedisServer> {
  redis = await RedisServer.start(settings);
  return redis;
}

/** Whether the server answers in time. */
function isAnswered(table: ScheduleTable): Promise<boolean> {
  return table.resign("nobody").then(
    () => true,
    () => false,
  );
}

/** Runs some schedules through an engine with these options; returns what it told of. */
async function expectFires(options: BullmqEngineOptions): Promise<string[]> {
  bed = new Bed(new BullmqEngine({ ...options, commandTimeoutMs: PATIENCE_MS }));
  await bed.tidegate.start();
  await bed.register(20);
  await bed.untilEachRan(3);
  await bed.expectEachIntervalOnce();
  return bed.troubles.map(({ error }) => error.message);
}

describe("a connection", () => {
  it("may be a URL", async () => {
    const { port } = await serverWith("--appendonly", "yes");
    expect(await expectFires({ connection: `redis://127.0.0.1:${port}/3` })).toEqual([]);
  });

  it("may be a cluster: all keys are in one slot", async () => {
    const server = await serverWith(
      "--cluster-enabled",
      "yes",
      "--cluster-announce-ip",
      "127.0.0.1",
      "--appendonly",
      "yes",
    );
    const client = server.client();
    await client.call("CLUSTER", "ADDSLOTS", ...Array.from({ length: 16_384 }, (_, slot) => `${slot}`));
    while (!(await client.cluster("INFO")).includes("cluster_state:ok")) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    client.disconnect();
    expect(await expectFires({ connection: { nodes: [server.connection] } })).toEqual([]);
  });

  it("may be of a user who has no more than the prefix's keys", async () => {
    const server = await serverWith("--appendonly", "yes");
    const client = server.client();
    const rights = ["on", ">secret", "~{mine}:*", "+@all", "-@admin", "-@dangerous", "+info"];
    await client.call("ACL", "SETUSER", "tidegate", ...rights);
    client.disconnect();
    const connection = { ...server.connection, username: "tidegate", password: "secret" };
    expect(await expectFires({ connection, prefix: "mine" })).toEqual([]);
  });

  it("that a firewall has forgotten is opened again", async () => {
    const server = await serverWith("--appendonly", "yes");
    proxy = await TcpProxy.start(server.port);
    const connection = { ...server.connection, port: proxy.port };
    bed = new Bed(new BullmqEngine({ connection, leaseMs: 1_000, commandTimeoutMs: 1_000 }));
    await bed.tidegate.start();
    await bed.register(20);
    for (let round = 0; round < 3; round += 1) {
      await bed.untilEachRan(2);
      proxy.swallow({ forgets: true });
      proxy.mend();
    }
    await bed.untilEachRan(2);
    await bed.expectEachIntervalOnce();
  });

  it("that a firewall has forgotten keeps no fires from others", async () => {
    const server = await serverWith("--appendonly", "yes");
    proxy = await TcpProxy.start(server.port);
    const tableAt = async (port: number, commandTimeoutMs: number): Promise<ScheduleTable> => {
      const connection = { ...server.connection, port };
      const settings = settingsOf({ connection, leaseMs: LONGER_THAN_ANY_TEST_MS, commandTimeoutMs });
      const opened = await openServer(settings, () => {});
      servers.push(opened);
      return opened.table;
    };
    const forgotten = await tableAt(proxy.port, 1_000);
    const other = await tableAt(server.port, PATIENCE_MS);
    await until(() => isAnswered(forgotten), { what: "its connection" });
    await other.register([{ groupId: "orders", version: 1, delayMs: 0, nextFireAt: Date.now() }]);
    proxy.swallow({ forgets: true });
    await expect(forgotten.take(Date.now())).rejects.toMatchObject({ code: "ENGINE_FAILED" });
    proxy.mend();
    // The new connection repeats the unanswered command, and answers it first.
    await until(() => isAnswered(forgotten), { what: "an answer" });
    await until(async () => (await other.take(Date.now())).fires.length === 1, { what: "the fire" });
  });

  it("that is refused is told of without its password", async () => {
    const server = await serverWith("--appendonly", "yes");
    const client = server.client();
    await client.config("SET", "requirepass", "right");
    client.disconnect();
    const engine = new BullmqEngine({ connection: { ...server.connection, password: "wrong-secret" } });
    const events = createEmitter();
    const told: string[] = [];
    events.on("trouble", ({ error }) => told.push(error.message));
    await engine.start({ sink: { fire: async () => [] }, events, onFireMoved: () => () => {} });
    await expect(engine.handleUnregister(["orders"])).rejects.toMatchObject({ code: "ENGINE_FAILED" });
    await engine.stop();
    expect(told.join()).toMatch(/WRONGPASS|NOAUTH|invalid/i);
    expect(told.join()).not.toContain("wrong-secret");
  });
});

describe("settings of Redis that lose data", () => {
  it("are told of once, with the way out", async () => {
    const server = await serverWith("--maxmemory-policy", "allkeys-lru");
    const troubles = await expectFires({ connection: server.connection });
    expect(troubles).toEqual([
      expect.stringContaining("set maxmemory-policy to noeviction"),
      expect.stringContaining("Set appendonly to yes"),
    ]);
  });

  it("are none where there are snapshots", async () => {
    const server = await serverWith("--save", "60", "1");
    expect(await expectFires({ connection: server.connection })).toEqual([]);
  });
});

describe("two engines with different prefixes on one Redis", () => {
  it("know nothing of each other", async () => {
    const server = await serverWith("--appendonly", "yes");
    const other = new BullmqEngine({
      connection: server.connection,
      prefix: "other",
      commandTimeoutMs: PATIENCE_MS,
    });
    await expectFires({ connection: server.connection, prefix: "one" });
    const listed: string[] = [];
    for await (const { groupId } of other.list()) listed.push(groupId);
    expect(listed).toEqual([]);
    await other.stop();
    const client = new Redis(server.connection);
    expect((await client.keys("*")).filter((key) => !key.startsWith("{one}:"))).toEqual([]);
    client.disconnect();
  });
});

describe("an option that is out of range", () => {
  it.each([
    [{ batchSize: 0 }, "batchSize"],
    [{ batchSize: 5_000 }, "batchSize"],
    [{ leaseMs: 10 }, "leaseMs"],
    [{ pollMs: 0.5 }, "pollMs"],
    [{ prefix: "a{b}" }, "prefix"],
    [{ connection: { keyPrefix: "x:" } }, "connection.keyPrefix"],
  ])("is refused: %j", (options, field) => {
    const make = () => new BullmqEngine({ connection: {}, ...options });
    expect(make).toThrow(expect.objectContaining({ code: "CONFIGURATION_INVALID", field }));
  });
});
