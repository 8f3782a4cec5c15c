import { describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { DAY, HOUR, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

const SEALED = { code: "SEALED" };
const hour = (n: number) => ({ lower: T0 + n * HOUR, upper: T0 + (n + 1) * HOUR });

/** A world whose group has succeeded from T0 on for so many hours. */
async function worldOf(hours: number, more: Partial<ScheduleInfo> = {}): Promise<World> {
  const world = await World.start();
  await world.client.register(hourly("orders", { maxAttempts: 1, ...more }));
  for (let n = 1; n <= hours; n += 1) await world.fireAt("orders", T0 + n * HOUR);
  return world;
}

async function numbers(world: World): Promise<(number | null)[]> {
  const { schedule, coveredThrough, sealedThrough } = await world.client.describe("orders");
  return [schedule.watermark, coveredThrough, sealedThrough].map((at) =>
    at === null ? null : (at - T0) / HOUR,
  );
}

describe("time that a person has sealed", () => {
  it("is shown beside the watermark and the covered time, with the reason", async () => {
    const world = await worldOf(5);
    expect(await numbers(world)).toEqual([5, 5, null]);
    const seal = await world.client.seal("orders", new Date(T0 + 3 * HOUR), "January is closed.");
    expect(seal).toEqual({
      groupId: "orders",
      through: T0 + 3 * HOUR,
      note: "January is closed.",
      sealedAt: T0 + 5 * HOUR,
    });
    expect(await numbers(world)).toEqual([5, 5, 3]);
    expect((await world.client.describe("orders")).seal).toEqual(seal);
  });

  it("is not run again without force", async () => {
    const world = await worldOf(5);
    await world.client.seal("orders", T0 + 3 * HOUR);
    await expect(world.client.trigger("orders", hour(2))).rejects.toMatchObject({
      ...SEALED,
      field: "interval",
    });
    expect(await world.runs("orders")).toHaveLength(5);
    expect(await world.client.trigger("orders", hour(3))).toHaveLength(1);
    expect(await world.client.trigger("orders", hour(2), { force: true })).toMatchObject([{ generation: 1 }]);
  });

  it("is not run again as the last interval either", async () => {
    const world = await worldOf(3);
    await world.client.seal("orders", T0 + 3 * HOUR);
    await expect(world.client.trigger("orders")).rejects.toMatchObject(SEALED);
    expect(await world.client.trigger("orders", undefined, { force: true })).toHaveLength(1);
  });

  it("is not backfilled without force; a dry run says so", async () => {
    const world = await worldOf(5);
    await world.client.seal("orders", T0 + 3 * HOUR);
    const request = { groupId: "orders", from: T0 + 2 * HOUR, to: T0 + 4 * HOUR, select: "all" } as const;
    await expect(world.client.backfill(request)).rejects.toMatchObject({ ...SEALED, field: "from" });
    expect((await world.client.backfill({ ...request, isDryRun: true })).notes).toEqual([
      "The group is sealed through 2026-01-01T03:00:00.000Z: a part of this can be run again with force only.",
    ]);
    expect((await world.client.backfill({ ...request, from: T0 + 3 * HOUR })).runs).toBe(1);
    await world.settle();
    expect((await world.client.backfill({ ...request, force: true })).runs).toBe(2);
  });

  it("may be in a backfill that has nothing to write there", async () => {
    const world = await worldOf(5);
    await world.client.seal("orders", T0 + 3 * HOUR);
    const request = { groupId: "orders", from: T0 - 2 * HOUR, to: T0 + 5 * HOUR, select: "missing" } as const;
    const plan = await world.client.backfill(request);
    expect(plan.ranges).toEqual([{ lower: T0 - 2 * HOUR, upper: T0 }]);
    await world.settle();
    expect((await world.runs("orders")).map(({ state }) => state)).toEqual(
      Array.from({ length: 7 }, () => "SUCCEEDED"),
    );
  });

  it("is not retried without force, where a re-run of it has failed", async () => {
    const world = await worldOf(5);
    world.operator.answer = () => failed("broken");
    const [rerun] = await world.client.trigger("orders", hour(1));
    await world.settle();
    await world.client.seal("orders", T0 + 3 * HOUR);
    await expect(world.client.retryRun(rerun!.id)).rejects.toMatchObject({ ...SEALED, field: "id" });
    expect(await world.client.retryRuns("orders")).toEqual([]);
    expect(await world.client.retryRuns("orders", { force: true })).toEqual([rerun!.id]);
  });

  it("of a source group is not reported again with another version without force", async () => {
    const world = await World.start();
    await world.client.registerSource({ groupId: "deliveries", startTime: T0 });
    const report = { lower: T0, upper: T0 + DAY, version: "1" };
    await world.client.reportCoverage("deliveries", report);
    await world.client.seal("deliveries", T0 + 12 * HOUR);
    expect((await world.client.reportCoverage("deliveries", report)).changed).toEqual([]);
    const again = { ...report, version: "2" };
    await expect(world.client.reportCoverage("deliveries", again)).rejects.toMatchObject({
      ...SEALED,
      field: "lower",
    });
    const rest = { ...again, lower: T0 + 12 * HOUR };
    expect((await world.client.reportCoverage("deliveries", rest)).changed).toHaveLength(1);
    expect((await world.client.reportCoverage("deliveries", { ...again, force: true })).changed).toEqual([
      { lower: T0, upper: T0 + 12 * HOUR },
    ]);
  });

  it("must be covered, past the beginning, and at rest", async () => {
    const world = await worldOf(3);
    const refused = { code: "INTERVAL_OPEN", field: "until" };
    await expect(world.client.seal("orders", T0 + 4 * HOUR)).rejects.toMatchObject(refused);
    await expect(world.client.seal("orders", T0)).rejects.toMatchObject({
      code: "INTERVAL_INVALID",
      field: "until",
    });
    await expect(world.client.seal("orders", "soon")).rejects.toMatchObject({ field: "until" });
    await expect(world.client.seal("nobody", T0)).rejects.toMatchObject({ code: "SCHEDULE_NOT_FOUND" });
    world.operator.answer = () => "runs";
    const [rerun] = await world.client.trigger("orders", hour(1));
    await expect(world.client.seal("orders", T0 + 2 * HOUR)).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining(rerun!.id),
    });
    expect((await world.client.seal("orders", T0 + HOUR)).through).toBe(T0 + HOUR);
    world.operator.endAll();
    await world.settle();
    expect((await world.client.seal("orders", T0 + 3 * HOUR)).through).toBe(T0 + 3 * HOUR);
  });

  it("is opened again with force only", async () => {
    const world = await worldOf(5);
    await world.client.seal("orders", T0 + 3 * HOUR);
    await expect(world.client.seal("orders", T0 + HOUR)).rejects.toMatchObject({ ...SEALED, field: "until" });
    await world.client.seal("orders", T0 + HOUR, "A correction.", { force: true });
    expect(await numbers(world)).toEqual([5, 5, 1]);
    expect(await world.client.trigger("orders", hour(1))).toHaveLength(1);
  });

  it("is left alone by runs that would come back with their group", async () => {
    const world = await worldOf(4, { maxAttempts: 3 });
    world.operator.answer = () => failed("broken");
    for (const n of [1, 3]) await world.client.trigger("orders", hour(n));
    await world.settle();
    await world.client.unregister("orders");
    await world.client.seal("orders", T0 + 3 * HOUR);
    world.operator.answer = () => ({ state: "SUCCEEDED" });
    await world.client.register(hourly("orders"));
    await world.settle();
    const again = await world.runs("orders", { kinds: ["MANUAL"] });
    expect(again.map(({ lower, state }) => [(lower - T0) / HOUR, state])).toEqual([
      [1, "CANCELLED"],
      [3, "SUCCEEDED"],
    ]);
  });

  it("stays sealed through an unregistration, and not through a purge", async () => {
    const world = await worldOf(3);
    await world.client.seal("orders", T0 + 2 * HOUR);
    await world.client.unregister("orders");
    await world.client.register(hourly("orders"));
    expect(await numbers(world)).toEqual([3, 3, 2]);
    await world.client.unregister("orders", { purge: true });
    await world.client.register(hourly("orders"));
    expect((await numbers(world))[2]).toBeNull();
  });
});

describe("time that a schedule seals by itself", () => {
  const TIMED: Partial<ScheduleInfo> = { seal: { afterMs: 2 * HOUR } };

  it("ends so long ago, at the end of an interval", async () => {
    const world = await worldOf(5, TIMED);
    expect(await numbers(world)).toEqual([5, 5, 3]);
    await world.advance(HOUR - 1);
    expect(await numbers(world)).toEqual([5, 5, 3]);
    await world.advance(1);
    expect(await numbers(world)).toEqual([5, 5, 4]);
    await expect(world.client.trigger("orders", hour(3))).rejects.toMatchObject(SEALED);
  });

  it("ends where covered time does, so that what is missing can be run", async () => {
    const world = await worldOf(2, TIMED);
    world.operator.answer = () => failed("broken");
    await world.fireAt("orders", T0 + 3 * HOUR);
    await world.advance(DAY);
    expect(await numbers(world)).toEqual([3, 2, 2]);
    world.operator.answer = () => ({ state: "SUCCEEDED" });
    const failedRun = (await world.runs("orders")).at(-1)!;
    await world.client.retryRun(failedRun.id);
    await world.settle();
    expect((await numbers(world))[2]).toBeGreaterThan(2);
  });

  it("is the later of the two, if a person has sealed more", async () => {
    const world = await worldOf(5, TIMED);
    await world.client.seal("orders", T0 + 4 * HOUR);
    expect((await numbers(world))[2]).toBe(4);
  });
});

describe("time that is sealed by a rule", () => {
  const seal = { afterMs: 2 * HOUR };
  const trigger = { type: "period", every: 1, unit: "day", anchor: T0 } as const;

  it("stays sealed if the trigger is changed to one with longer intervals", async () => {
    const world = await worldOf(30, { seal });
    expect(await numbers(world)).toEqual([30, 30, 28]);
    await world.client.update(hourly("orders", { trigger, seal }), { version: 1 });
    expect(await numbers(world)).toEqual([30, 30, 28]);
    await world.advance(HOUR);
    expect(await numbers(world)).toEqual([30, 30, 29]);
    await expect(world.client.trigger("orders", hour(28))).rejects.toMatchObject(SEALED);
  });

  it("is open for as long after its end as the rule says if the trigger is changed to one with shorter intervals", async () => {
    const world = await World.start();
    await world.client.register(hourly("orders", { trigger, seal }));
    await world.fireAt("orders", T0 + DAY);
    await world.client.update(hourly("orders", { seal }), { version: 1 });
    await world.fireAt("orders", T0 + 25 * HOUR);
    expect(await numbers(world)).toEqual([25, 25, null]);
    expect(await world.client.trigger("orders", { lower: T0, upper: T0 + DAY })).toHaveLength(1);
    await world.fireAt("orders", T0 + 26 * HOUR);
    expect(await numbers(world)).toEqual([26, 26, 24]);
  });
});
