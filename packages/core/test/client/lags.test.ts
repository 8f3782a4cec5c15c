import { describe, expect, it } from "@jest/globals";
import { HOUR, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

/** The lags of groups in hours, and up to which hour each is covered. */
async function lags(world: World, limit?: number): Promise<string[]> {
  const { groups } = await world.client.lags(limit === undefined ? {} : { limit });
  return groups.map(
    ({ groupId, lagMs, coveredThrough, plannedThrough }) =>
      `${groupId}: ${lagMs / HOUR}, ${(coveredThrough - T0) / HOUR} of ${(plannedThrough - T0) / HOUR}`,
  );
}

describe("the lags of groups", () => {
  it("are the planned time that is not covered, the longest first", async () => {
    const world = await World.start();
    const free = { overlap: "allow", onFailure: "continue", maxAttempts: 1 } as const;
    for (const groupId of ["a", "b", "c"]) await world.client.register(hourly(groupId, free));
    const broken: Record<string, number> = { a: 3, b: 1 };
    world.operator.answer = ({ groupId, lowerBound }) =>
      Number(lowerBound) === T0 + (broken[groupId] ?? Number.NaN) * HOUR ? failed("broken") : SUCCEEDED;
    for (let hour = 1; hour <= 5; hour += 1)
      for (const groupId of ["a", "b", "c"]) await world.fireAt(groupId, T0 + hour * HOUR);
    expect(await lags(world)).toEqual(["b: 4, 1 of 5", "a: 2, 3 of 5"]);
    expect((await world.client.lags()).isWhole).toBe(true);
    expect(await lags(world, 1)).toEqual(["b: 4, 1 of 5"]);
    expect((await world.client.lags({ limit: 1 })).isWhole).toBe(false);
    await world.client.unregister("b");
    expect(await lags(world)).toEqual(["a: 2, 3 of 5"]);
    for (const run of await world.runs("a", { states: ["FAILED"] })) await world.client.cancelRun(run.id);
    expect(await lags(world)).toEqual([]);
  });

  it("are those of the groups that lag most, whatever older runs groups without a lag have", async () => {
    const world = await World.start();
    const free = { overlap: "allow", onFailure: "continue", maxAttempts: 1 } as const;
    const broken: Record<string, number> = { gone: 0, small: 1, big: 3 };
    const groupIds = [...Object.keys(broken), "again"];
    for (const groupId of groupIds) await world.client.register(hourly(groupId, free));
    world.operator.answer = ({ groupId, lowerBound }) =>
      Number(lowerBound) === T0 + (broken[groupId] ?? Number.NaN) * HOUR ? failed("broken") : SUCCEEDED;
    for (let hour = 1; hour <= 12; hour += 1)
      for (const groupId of groupIds)
        if (groupId !== "small" || hour < 4) await world.fireAt(groupId, T0 + hour * HOUR);
    await world.client.unregister("gone");
    world.operator.answer = () => "runs";
    await world.client.trigger("again", { lower: T0, upper: T0 + HOUR });
    await world.settle();
    expect(await lags(world, 1)).toEqual(["big: 9, 3 of 12"]);
    expect((await world.client.lags({ limit: 1 })).isWhole).toBe(false);
    expect(await lags(world, 2)).toEqual(["big: 9, 3 of 12", "small: 2, 1 of 3"]);
    expect((await world.client.lags({ limit: 2 })).isWhole).toBe(true);
  });

  it("are not those of what is run again, but of what its policy has cancelled", async () => {
    const world = await World.start();
    await world.client.register(hourly("again", { maxAttempts: 1 }));
    await world.client.register(hourly("newest", { overlap: "cancel-running" }));
    for (let hour = 1; hour <= 3; hour += 1) await world.fireAt("again", T0 + hour * HOUR);
    world.operator.answer = () => "runs";
    await world.client.trigger("again", { lower: T0, upper: T0 + HOUR });
    for (let hour = 4; hour <= 5; hour += 1) await world.fireAt("newest", T0 + hour * HOUR);
    const { coveredThrough } = await world.client.describe("newest");
    expect(await lags(world)).toEqual([`newest: ${5 - (coveredThrough - T0) / HOUR}, 0 of 5`]);
  });

  it("say what the description of each group says", async () => {
    const world = await World.start();
    const groupIds = ["open", "waiting", "failed", "uncovered"];
    const overlaps = {
      open: "allow",
      waiting: "queue",
      failed: "queue",
      uncovered: "cancel-running",
    } as const;
    for (const [groupId, overlap] of Object.entries(overlaps))
      await world.client.register(hourly(groupId, { overlap, maxAttempts: 1 }));
    await world.client.registerSource({ groupId: "source", startTime: T0 });
    world.operator.answer = ({ groupId }) => (groupId === "failed" ? failed("broken") : "runs");
    for (let hour = 1; hour <= 4; hour += 1)
      for (const groupId of groupIds) await world.fireAt(groupId, T0 + hour * HOUR);
    await world.client.backfill({ groupId: "open", from: T0 - 2 * HOUR, to: T0 });
    await world.settle();
    const { groups } = await world.client.lags();
    expect(groups.map(({ groupId }) => groupId).sort()).toEqual([...groupIds].sort());
    for (const { groupId, coveredThrough } of groups) {
      expect((await world.client.describe(groupId)).coveredThrough).toBe(coveredThrough);
    }
  });
});
