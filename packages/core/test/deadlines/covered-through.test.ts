import { describe, expect, it } from "@jest/globals";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

/** The hours up to which the group is covered. */
async function covered(world: World): Promise<number> {
  return ((await world.client.describe("orders")).coveredThrough - T0) / HOUR;
}

describe("the time up to which a group is covered", () => {
  it("follows the runs, and stops at the first that has not succeeded", async () => {
    const world = await World.start();
    await world.client.register(
      hourly("orders", { overlap: "allow", onFailure: "continue", maxAttempts: 1 }),
    );
    expect(await covered(world)).toBe(0);
    world.operator.answer = ({ lowerBound }) => (lowerBound === String(T0 + 2 * HOUR) ? "runs" : SUCCEEDED);
    for (let hour = 1; hour <= 5; hour += 1) await world.fireAt("orders", T0 + hour * HOUR);
    expect(await covered(world)).toBe(2);
    world.operator.endAll(failed("broken"));
    await world.settle();
    expect(await covered(world)).toBe(2);
    await world.client.cancelRun((await world.runs("orders"))[2]!.id);
    expect(await covered(world)).toBe(5);
  });

  it("stays where it is while what has succeeded is run again, or when that fails", async () => {
    const world = await World.start();
    await world.client.register(hourly("orders", { maxAttempts: 1 }));
    for (let hour = 1; hour <= 150; hour += 1) await world.fireAt("orders", T0 + hour * HOUR);
    world.operator.answer = () => failed("broken");
    const all = {
      groupId: "orders",
      from: T0,
      to: T0 + 149 * HOUR,
      select: "all",
      concurrency: 200,
    } as const;
    await world.client.backfill(all);
    await world.settle();
    expect(await world.runs("orders", { states: ["FAILED"] })).toHaveLength(149);
    expect(await covered(world)).toBe(150);
    await world.fireAt("orders", T0 + 151 * HOUR);
    expect(await covered(world)).toBe(150);
    world.operator.answer = () => "runs";
    await world.client.trigger("orders", { lower: T0, upper: T0 + HOUR });
    expect(await covered(world)).toBe(150);
  });

  it("is not moved by what is missing before the ledger's beginning", async () => {
    const world = await World.start();
    await world.client.register(hourly("orders", { maxAttempts: 1 }));
    await world.fireAt("orders", T0 + HOUR);
    world.operator.answer = () => failed("broken");
    await world.client.backfill({ groupId: "orders", from: T0 - 3 * HOUR, to: T0 });
    await world.settle();
    expect(await covered(world)).toBe(1);
  });

  it("passes a failed run once a full copy behind it has its rows, for whoever asks", async () => {
    const world = await World.start();
    const mode = "full-then-incremental";
    await world.client.register(hourly("orders", { mode, onFailure: "continue", maxAttempts: 1 }));
    await world.client.register(
      hourly("reports", { dependsOn: { groupId: "orders" }, startTime: T0 + HOUR }),
    );
    await world.fireAt("orders", T0 + HOUR);
    world.operator.answer = () => failed("broken");
    await world.fireAt("orders", T0 + 2 * HOUR);
    await world.fireAt("reports", T0 + 2 * HOUR);
    world.operator.answer = () => SUCCEEDED;
    await world.fireAt("orders", T0 + 3 * HOUR);
    const lags = async () => (await world.client.lags()).groups.map((lag) => [lag.groupId, lag.lagMs / HOUR]);
    expect(await covered(world)).toBe(1);
    expect(await lags()).toEqual([
      ["orders", 2],
      ["reports", 1],
    ]);
    const sealing = (): Promise<unknown> => world.client.seal("orders", T0 + 3 * HOUR);
    await expect(sealing()).rejects.toMatchObject({ code: "INTERVAL_OPEN" });
    await world.advance(30 * MINUTE);
    await world.client.resnapshot("orders");
    await world.settle();
    expect(await covered(world)).toBe(3.5);
    await world.advance(MINUTE);
    expect(await lags()).toEqual([]);
    expect((await world.runs("reports"))[0]).toMatchObject({ state: "SUCCEEDED" });
    expect(await world.client.audit("orders")).toMatchObject({ isComplete: true });
    expect(await sealing()).toMatchObject({ through: T0 + 3 * HOUR });
    await world.stop();
  });

  it("waits for intervals that their overlap policy has cancelled", async () => {
    const world = await World.start();
    await world.client.register(hourly("orders", { overlap: "cancel-running" }));
    world.operator.answer = () => "runs";
    await world.fireAt("orders", T0 + HOUR);
    expect(await covered(world)).toBe(0);
    await world.fireAt("orders", T0 + 2 * HOUR);
    expect(await covered(world)).toBe(0);
    world.operator.endAll();
    await world.settle();
    expect(await covered(world)).toBe(2);
  });
});
