import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Fire } from "@tidegate/core/engine";
import { createEmitter } from "@tidegate/core/testing";
import { RedisServer } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";
import type { Redis } from "ioredis";
import type { FiredSchedule } from "../src/definition.js";
import { BullmqEngine } from "../src/index.js";

jest.setTimeout(600_000);

/** Long enough for any answer of a busy machine. */
const PATIENCE = { commandTimeoutMs: 60_000 };

/** Shorter than any fire takes, so that there is always one due. */
const PERIOD_MS = 1;

let redis: RedisServer;
let client: Redis;

beforeAll(async () => {
  redis = await RedisServer.start(["--appendonly", "yes"]);
  client = redis.client();
}, 180_000);

afterAll(async () => {
  client.disconnect();
  await redis.dispose();
});

function schedule(index: number): FiredSchedule {
  return { groupId: `group-${index}`, version: 1, delayMs: 0, nextFireAt: Date.now() };
}

/** A ledger that owes each schedule the next fire at once, and counts. */
function countingSink(): { fired: number; fire: (fires: readonly Fire[]) => Promise<never[]> } {
  const sink = {
    fired: 0,
    fire: async (fires: readonly Fire[]) => {
      sink.fired += fires.length;
      return fires.map(({ groupId, scheduledTime }) => {
        const nextFireAt = scheduledTime + PERIOD_MS;
        return { groupId, outcome: "planned", runs: [], nextFireAt };
      }) as never[];
    },
  };
  return sink;
}

/** How many entries each key has, by name. */
async function sizes(prefix: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const key of await client.keys(`{${prefix}}*`)) {
    const type = await client.type(key);
    const size: Record<string, () => Promise<number>> = {
      hash: () => client.hlen(key),
      zset: () => client.zcard(key),
      list: () => client.llen(key),
      set: () => client.scard(key),
      stream: () => client.xlen(key),
      string: () => client.strlen(key),
    };
    // What has lapsed since it was listed has no type.
    found.set(key.slice(prefix.length + 3), (await size[type]?.()) ?? 0);
  }
  return found;
}

describe("what Redis holds", () => {
  it("does not grow with fires", async () => {
    const engine = new BullmqEngine({
      ...PATIENCE,
      connection: redis.connection,
      prefix: "bounds",
      batchSize: 10,
    });
    const sink = countingSink();
    const schedules = Array.from({ length: 100 }, (_, index) => schedule(index));
    await engine.handleRegister(schedules);
    await engine.start({ sink, events: createEmitter(), onFireMoved: () => () => {} });
    await until(() => sink.fired > 10_000, { what: "10,000 fires", limitMs: 300_000 });
    const early = await sizes("bounds");
    await until(() => sink.fired > 40_000, { what: "40,000 fires", limitMs: 300_000 });
    await engine.stop();
    const late = await sizes("bounds");
    expect(late.get("engine:definitions")).toBe(100);
    expect(late.get("engine:groups")).toBe(100);
    expect(late.get("engine:due")).toBe(100);
    expect(late.get("calls:events") ?? 0).toBeLessThan(1_000);
    const others = [...late].filter(([key]) => !key.startsWith("engine:") && key !== "calls:events");
    const total = others.reduce((sum, [, size]) => sum + size, 0);
    expect(total).toBeLessThan(200);
    expect(late.size).toBeLessThan(early.size + 20);
  });

  it("does not grow while all workers are busy", async () => {
    const limits = { batchSize: 1, concurrency: 1, leaseMs: 1_000 };
    const engine = new BullmqEngine({ ...PATIENCE, connection: redis.connection, prefix: "busy", ...limits });
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const sink = countingSink();
    const fire = async (fires: readonly Fire[]) => {
      await gate;
      return sink.fire(fires);
    };
    await engine.handleRegister(Array.from({ length: 100 }, (_, index) => schedule(index)));
    await engine.start({ sink: { fire }, events: createEmitter(), onFireMoved: () => () => {} });
    // Long enough for leases to lapse if nobody kept them, and for a hundred looks.
    await sleep(3_000);
    const held = await sizes("busy");
    // One has begun, or waits again if the machine stalled for longer than its lock.
    expect((held.get("calls:wait") ?? 0) + (held.get("calls:active") ?? 0)).toBeLessThanOrEqual(17);
    release();
    await until(() => sink.fired > 500, { what: "500 fires" });
    await engine.stop();
  });

  it("is nothing of a schedule that was unregistered", async () => {
    const engine = new BullmqEngine({ ...PATIENCE, connection: redis.connection, prefix: "gone" });
    await engine.handleRegister([schedule(1), schedule(2)]);
    await engine.handleUnregister(["group-1", "group-2", "nobody"]);
    // One value of the engine's own is left, by which it notices that Redis has lost something.
    expect(await sizes("gone")).toEqual(new Map([["engine:state", 1]]));
    await engine.stop();
  });

  it("is read page by page, in the order of bytes", async () => {
    const engine = new BullmqEngine({ ...PATIENCE, connection: redis.connection, prefix: "pages" });
    const schedules = Array.from({ length: 2_500 }, (_, index) => schedule(index));
    await engine.handleRegister(schedules);
    const listed: string[] = [];
    for await (const { groupId } of engine.list()) listed.push(groupId);
    expect(listed).toEqual(schedules.map(({ groupId }) => groupId).sort());
    await engine.stop();
  });

  it("counts as lost where a part of it is, so that the reconciler registers it again", async () => {
    const engine = new BullmqEngine({ ...PATIENCE, connection: redis.connection, prefix: "parts" });
    await engine.handleRegister([schedule(1), schedule(2)]);
    await client.zrem("{parts}:engine:due", "group-1");
    const listed: string[] = [];
    for await (const { groupId } of engine.list()) listed.push(groupId);
    expect(listed).toEqual(["group-2"]);
    await engine.stop();
  });
});
