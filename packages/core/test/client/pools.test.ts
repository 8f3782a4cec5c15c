import { describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

const POOL = { name: "warehouse", slots: 2 };

async function worldWith(groupIds: readonly string[], info: Partial<ScheduleInfo> = {}): Promise<World> {
  const world = await World.start();
  await world.client.setPool(POOL);
  for (const groupId of groupIds) {
    await world.client.register(hourly(groupId, { pool: "warehouse", ...info }));
  }
  return world;
}

describe("a pool", () => {
  it("is set, listed with what is in use of it, and deleted", async () => {
    const world = await World.start();
    expect(await world.client.setPool(POOL)).toEqual({
      ...POOL,
      perSecond: null,
      backfillShare: 0.5,
      reserveAfterMs: 30_000,
      used: 0,
      activeRuns: 0,
      waitingRuns: 0,
    });
    expect(await world.client.listPools()).toMatchObject([POOL]);
    await world.client.deletePool("warehouse");
    expect(await world.client.listPools()).toEqual([]);
  });

  it("is refused if it is malformed, with the field", async () => {
    const { client } = await World.start();
    const refused = { code: "POOL_INVALID" };
    await expect(client.setPool({ name: "a b", slots: 1 })).rejects.toMatchObject({
      ...refused,
      field: "name",
    });
    await expect(client.setPool({ name: "a", slots: 0 })).rejects.toMatchObject({
      ...refused,
      field: "slots",
    });
    const unknown = { name: "a", slots: 1, slot: 1 } as never;
    await expect(client.setPool(unknown)).rejects.toMatchObject({ ...refused, field: "slot" });
  });

  it("is not deleted while a schedule needs it, or if there is none", async () => {
    const { client } = await worldWith(["orders"]);
    await expect(client.deletePool("warehouse")).rejects.toMatchObject({
      code: "POOL_IN_USE",
      field: "name",
    });
    await expect(client.deletePool("other")).rejects.toMatchObject({ code: "POOL_NOT_FOUND", field: "name" });
    await client.unregister("orders");
    await client.deletePool("warehouse");
  });

  it("is declared in the settings: it is made at the start, and changed at the next", async () => {
    const world = await World.start({ pools: { warehouse: { slots: 3 } } });
    expect(await world.client.listPools()).toMatchObject([{ name: "warehouse", slots: 3, perSecond: null }]);
    const next = await World.start({ store: world.store, pools: { warehouse: { slots: 4, perSecond: 2 } } });
    expect(await next.client.listPools()).toMatchObject([{ name: "warehouse", slots: 4, perSecond: 2 }]);
    await expect(World.start({ pools: { warehouse: { slots: 0 } } })).rejects.toMatchObject({
      code: "CONFIGURATION_INVALID",
      field: "pools.warehouse.slots",
    });
  });
});

describe("a schedule that needs a pool", () => {
  it("is refused if there is none of that name, wherever it is registered", async () => {
    const { client } = await worldWith(["orders"]);
    const unknown = {
      code: "POOL_UNKNOWN",
      field: "pool",
      message: expect.stringContaining("known: warehouse"),
    };
    await expect(client.register(hourly("a", { pool: "other" }))).rejects.toMatchObject(unknown);
    await expect(client.ensure(hourly("orders", { pool: "other" }))).rejects.toMatchObject(unknown);
    await client.unregister("orders");
    await expect(client.register(hourly("orders", { pool: "other" }))).rejects.toMatchObject(unknown);
    const results = await client.registerMany([
      hourly("a", { pool: "other" }),
      hourly("b", { pool: [{ name: "warehouse", slots: 2 }] }),
      hourly("c", {
        pool: [
          { name: "warehouse", slots: 1 },
          { name: "other", slots: 1 },
        ],
      }),
    ]);
    expect(results).toMatchObject([
      { isRegistered: false, error: unknown },
      { isRegistered: true },
      { isRegistered: false, error: { code: "POOL_UNKNOWN", field: "pool.1" } },
    ]);
  });

  it("is refused if it needs more slots than there are, or is malformed", async () => {
    const { client } = await worldWith([]);
    const refusal = async (info: Partial<ScheduleInfo>): Promise<unknown> =>
      client.register(hourly("a", info)).then(
        () => "accepted",
        (error: { code: string; field: string }) => `${error.code} ${error.field}`,
      );
    expect(await refusal({ pool: [{ name: "warehouse", slots: 3 }] })).toBe("SCHEDULE_INVALID pool.0.slots");
    expect(await refusal({ pool: [] })).toBe("SCHEDULE_INVALID pool");
    expect(await refusal({ priority: 0 })).toBe("SCHEDULE_INVALID priority");
    expect(await refusal({ priority: 6 })).toBe("SCHEDULE_INVALID priority");
    expect(await refusal({ fairnessWeight: 0 })).toBe("SCHEDULE_INVALID fairnessWeight");
    expect(await refusal({ fairnessKey: "x".repeat(65) })).toBe("SCHEDULE_INVALID fairnessKey");
    expect(await refusal({ pool: "warehouse", priority: 1, fairnessKey: "a", fairnessWeight: 2 })).toBe(
      "accepted",
    );
  });

  it("runs no more at once than the pool has slots, and the next as soon as one ends", async () => {
    const groups = ["a", "b", "c", "d"];
    const world = await worldWith(groups);
    world.operator.answer = () => "runs";
    for (const group of groups) await world.fireAt(group, T0 + HOUR);
    expect(await world.client.listPools()).toMatchObject([{ used: 2, waitingRuns: 2 }]);
    for (const running of [2, 3, 4]) {
      expect(world.operator.submissions).toHaveLength(running);
      world.operator.end(world.operator.submissions[running - 2]!.idempotencyKey, SUCCEEDED);
      await world.settle();
    }
    expect(await world.client.listPools()).toMatchObject([{ used: 1, waitingRuns: 0 }]);
  });

  it("explains how many runs are before it, and which groups use the pool", async () => {
    const groups = ["a", "b", "c", "d", "e"];
    const world = await worldWith(groups);
    world.operator.answer = () => "runs";
    for (const group of groups) {
      await world.fireAt(group, T0 + HOUR);
      await world.advance(1);
    }
    const [last] = await world.runs("e");
    expect((await world.client.explain(last!.id)).reasons).toEqual([
      "2 before it in pool warehouse (2/2 used by a, b).",
    ]);
  });
});
