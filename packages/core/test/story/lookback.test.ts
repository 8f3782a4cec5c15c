import { describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { DAY, HOUR, MINUTE, SECOND, T0 } from "../support/instants.js";
import { InterleavingStore } from "../support/interleaving-store.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World, type WorldOptions } from "../support/world.js";

const hour = (n: number) => ({ lower: T0 + n * HOUR, upper: T0 + (n + 1) * HOUR });

/** A world whose group looks back. */
async function lookingBack(more: Partial<ScheduleInfo> = {}, options: WorldOptions = {}): Promise<World> {
  const world = await World.start(options);
  await world.client.register(hourly("orders", { lookback: { intervals: 2 }, maxAttempts: 1, ...more }));
  return world;
}

/** Plans the interval that ends at an hour, and lets what follows from it come to its end. */
async function pass(world: World, upTo: number): Promise<void> {
  await world.fireAt("orders", T0 + upTo * HOUR);
  await world.advance(10 * SECOND);
}

/** The hours that jobs have read, in the order in which they began. */
const read = (world: World): number[] =>
  world.operator.submissions.map(({ lowerBound }) => (Number(lowerBound) - T0) / HOUR);

const kindsOf = async (world: World): Promise<string[]> =>
  (await world.runs("orders")).map(
    ({ lower, generation, kind, state }) => `${(lower - T0) / HOUR}.${generation} ${kind} ${state}`,
  );

describe("a schedule that looks back", () => {
  it("reads the intervals before each new one again, as new generations beside the live lane", async () => {
    const world = await lookingBack();
    for (const upTo of [1, 2, 3, 4]) await pass(world, upTo);
    expect(read(world)).toEqual([0, 1, 0, 2, 0, 1, 3, 1, 2]);
    expect(await kindsOf(world)).toEqual([
      "0.0 SCHEDULED SUCCEEDED",
      "0.1 BACKFILL SUCCEEDED",
      "0.2 BACKFILL SUCCEEDED",
      "1.0 SCHEDULED SUCCEEDED",
      "1.1 BACKFILL SUCCEEDED",
      "1.2 BACKFILL SUCCEEDED",
      "2.0 SCHEDULED SUCCEEDED",
      "2.1 BACKFILL SUCCEEDED",
      "3.0 SCHEDULED SUCCEEDED",
    ]);
    const [again] = await world.runs("orders", { kinds: ["BACKFILL"] });
    expect(again!.backfillId).toMatch(/^lookback-/);
    expect(again!.isSuperseded).toBe(true);
    expect((await world.client.audit("orders")).isSound).toBe(true);
  });

  it("may read single intervals that lie further back, and none before the ledger begins", async () => {
    const world = await lookingBack({ lookback: { at: [3, 1] } });
    for (const upTo of [1, 2, 3, 4, 5]) await pass(world, upTo);
    expect(read(world)).toEqual([0, 1, 0, 2, 1, 3, 0, 2, 4, 1, 3]);
  });

  it("keeps the coverage of an interval whose second reading fails, and tries it again with the next one", async () => {
    const world = await lookingBack({ lookback: { intervals: 3 }, onFailure: "block" });
    await pass(world, 1);
    world.operator.answer = ({ kind }) => (kind === "BACKFILL" ? failed("no space left") : SUCCEEDED);
    await pass(world, 2);
    expect(await world.client.describe("orders")).toMatchObject({
      coveredThrough: T0 + 2 * HOUR,
      schedule: { blockingRuns: 0 },
    });
    const [first, second] = await world.runs("orders");
    expect(first).toMatchObject({ state: "SUCCEEDED", generation: 0, isSuperseded: false });
    expect(second).toMatchObject({ state: "FAILED", generation: 1, kind: "BACKFILL" });
    world.operator.answer = () => SUCCEEDED;
    await pass(world, 3);
    expect(read(world)).toEqual([0, 1, 0, 2, 0, 1]);
    expect((await world.client.audit("orders")).isSound).toBe(true);
  });

  it("reads each interval once for all that have ended meanwhile, and not at all what was late itself", async () => {
    const world = await lookingBack();
    for (const upTo of [1, 2, 3]) await pass(world, upTo);
    const before = read(world).length;
    await pass(world, 7);
    // Hours 1 and 2 were read before the downtime; hours 3 to 6 only now.
    expect(read(world).slice(before)).toEqual([3, 4, 5, 6, 1, 2]);
  });

  it("has one backfill at a time, which the next one waits for", async () => {
    const world = await lookingBack();
    await pass(world, 1);
    world.operator.answer = ({ kind }) => (kind === "BACKFILL" ? "runs" : SUCCEEDED);
    for (const upTo of [2, 3, 4]) await pass(world, upTo);
    expect(read(world)).toEqual([0, 1, 0, 2, 3]);
    world.operator.answer = () => SUCCEEDED;
    world.operator.endAll();
    await world.advance(SECOND);
    // Hour 0 was read for the second hour; for the third one it is read again.
    expect(read(world)).toEqual([0, 1, 0, 2, 3, 0, 1, 2]);
  });

  it("waits for a run that has begun too early, and goes on with what is before it", async () => {
    const world = await lookingBack({ overlap: "allow" });
    await pass(world, 1);
    world.operator.answer = ({ lowerBound }) => (Number(lowerBound) === T0 + HOUR ? "runs" : SUCCEEDED);
    for (const upTo of [2, 3, 4]) await pass(world, upTo);
    expect(read(world)).toEqual([0, 1, 0, 2, 3]);
    world.operator.answer = () => SUCCEEDED;
    world.operator.endAll();
    await world.advance(SECOND);
    expect(read(world)).toEqual([0, 1, 0, 2, 3, 0, 1, 2]);
  });

  it("leaves sealed time alone", async () => {
    const world = await lookingBack({ seal: { afterMs: 90 * MINUTE } });
    for (const upTo of [1, 2, 3, 4]) await pass(world, upTo);
    expect(read(world)).toEqual([0, 1, 0, 2, 1, 3, 2]);
    expect(world.eventsOf("trouble")).toEqual([]);
  });

  it("reads what is not sealed although a person seals the rest at that very moment", async () => {
    const store = new InterleavingStore();
    const world = await lookingBack({}, { store });
    for (const upTo of [1, 2]) await pass(world, upTo);
    await world.fireAt("orders", T0 + 3 * HOUR);
    store.before("insertBackfill", () => world.client.seal("orders", T0 + HOUR));
    await world.advance(MINUTE);
    expect(read(world)).toEqual([0, 1, 0, 2, 1]);
    expect(world.eventsOf("trouble")).toEqual([]);
  });

  it("goes on after its end, until the last interval was read as often as the others", async () => {
    const world = await lookingBack({ endTime: T0 + 3 * HOUR });
    for (const upTo of [1, 2, 3]) await pass(world, upTo);
    expect(read(world)).toEqual([0, 1, 0, 2, 0, 1]);
    await world.advance(HOUR);
    expect(read(world).slice(6)).toEqual([1, 2]);
    await world.advance(HOUR);
    expect(read(world).slice(8)).toEqual([2]);
    await world.advance(3 * DAY);
    expect(read(world).slice(9)).toEqual([]);
    expect(await world.store.listLookbacks({ before: Number.MAX_SAFE_INTEGER, limit: 1 })).toEqual([]);
  });

  it("goes on where it was after a restart, and in a pause only once it is resumed", async () => {
    const world = await lookingBack();
    await pass(world, 1);
    await world.fireAt("orders", T0 + 2 * HOUR);
    await world.client.pause("orders");
    await world.restart();
    await world.advance(30 * MINUTE);
    expect(read(world)).toEqual([0, 1]);
    await world.client.resume("orders");
    await world.advance(2 * MINUTE);
    expect(read(world)).toEqual([0, 1, 0]);
    await world.restart();
    await world.advance(5 * MINUTE);
    expect(read(world)).toEqual([0, 1, 0]);
  });

  it("begins with the intervals that follow its update, and ends with the next", async () => {
    const world = await lookingBack({ lookback: null });
    for (const upTo of [1, 2, 3]) await pass(world, upTo);
    await world.client.update(hourly("orders", { lookback: { intervals: 1 } }), { version: 1 });
    await world.advance(10 * SECOND);
    expect(read(world)).toEqual([0, 1, 2]);
    await pass(world, 4);
    expect(read(world)).toEqual([0, 1, 2, 3, 2]);
    await world.client.update(hourly("orders"), { version: 2 });
    await pass(world, 5);
    expect(read(world)).toEqual([0, 1, 2, 3, 2, 4]);
  });

  it("counts intervals as they were planned after an update of the trigger, also those that it has not looked at yet", async () => {
    const world = await lookingBack();
    for (const upTo of [1, 2, 3, 4]) await pass(world, upTo);
    await world.client.pause("orders");
    await world.client.resume("orders");
    await world.fireAt("orders", T0 + 5 * HOUR);
    const before = read(world);
    const trigger = { type: "period", every: 8, unit: "hour", anchor: T0 } as const;
    await world.client.update(hourly("orders", { trigger, lookback: { intervals: 2 } }), { version: 1 });
    await world.advance(2 * MINUTE);
    expect(read(world).slice(before.length)).toEqual([2, 3]);
    await pass(world, 8);
    expect(read(world).slice(before.length + 2)).toEqual([5, 3, 4]);
    expect(world.eventsOf("trouble")).toEqual([]);
  });

  it.each([
    ["lookback", { intervals: 0 }],
    ["lookback", { intervals: 1_001 }],
    ["lookback", { at: [] }],
    ["lookback", { at: [0] }],
    ["lookback", { intervals: 1, at: [1] }],
    ["lookback", { intervals: 1, concurrency: 0 }],
  ])("refuses %s %j", async (field, lookback) => {
    const world = await World.start();
    await expect(
      world.client.register(hourly("orders", { lookback: lookback as never })),
    ).rejects.toMatchObject({ code: "SCHEDULE_INVALID", field: expect.stringContaining(field) });
  });
});

describe("the id of a backfill", () => {
  it.each(["restate-1", "stale-1", "lookback-1", "late-data-1"])(
    "is not one that Tidegate gives itself: %s",
    async (id) => {
      const world = await lookingBack();
      await pass(world, 1);
      const { lower: from, upper: to } = hour(0);
      await expect(
        world.client.backfill({ id, groupId: "orders", from, to, select: "all" }),
      ).rejects.toMatchObject({ code: "INTERVAL_INVALID", field: "id" });
      expect(await world.client.getBackfill(id)).toBeUndefined();
    },
  );
});
