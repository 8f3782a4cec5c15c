import { describe, expect, it } from "@jest/globals";
import { StoreError } from "../../src/errors/errors.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { HOUR, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { SUCCEEDED } from "../support/scripted-operator.js";
import { World, type WorldOptions } from "../support/world.js";

const ENGINE = "manual";
const nth = (n: number) => ({ lowerBoundary: T0 + n * HOUR, upperBoundary: T0 + (n + 1) * HOUR });

/** A manager with an hourly group, at some hours after its beginning. */
async function withOrders(hours: number, options: WorldOptions = {}, more: object = {}): Promise<World> {
  const world = await World.start(options);
  await world.client.register(hourly("orders", more));
  await world.clock.advanceTo(T0 + hours * HOUR);
  return world;
}

describe("a callback, whatever receives it", () => {
  it("plans what its group owes, and names the run of its interval", async () => {
    const world = await withOrders(3);
    const { intake } = world.tidegate;
    const taken = await intake.take({ engine: ENGINE, groupId: "orders", ...nth(1) });
    const runs = await world.runs("orders");
    expect(runs.map(({ lower }) => (lower - T0) / HOUR)).toEqual([0, 1, 2]);
    expect(taken).toMatchObject({ run: { id: runs[1]!.id, ...bounds(1) }, duplicate: false });
    expect(await intake.take({ engine: "any", groupId: "orders", ...nth(1) })).toMatchObject({
      run: { id: runs[1]!.id },
      duplicate: true,
    });
  });

  it("finds what another caller has planned since its schedule was read", async () => {
    const store = new MemoryStore();
    const world = await withOrders(1, { store });
    const read = store.getSchedules.bind(store);
    store.getSchedules = async (groupIds) => {
      store.getSchedules = read;
      const before = await read(groupIds);
      await world.engine.fire("orders", T0 + HOUR);
      return before;
    };
    const taken = await world.tidegate.intake.take({ engine: ENGINE, groupId: "orders" });
    const [run] = await world.runs("orders");
    expect(taken).toMatchObject({ run: { id: run!.id }, duplicate: true });
  });

  it("names runs as the ledger does, also after a purge, whose groups have ids of their own", async () => {
    const world = await withOrders(1, { namespace: "here" });
    const { intake } = world.tidegate;
    const first = await intake.take({ engine: ENGINE, groupId: "orders", ...nth(0) });
    await world.settle();
    await world.client.unregister("orders", { purge: true });
    await world.client.register(hourly("orders"));
    const second = await intake.take({ engine: ENGINE, groupId: "orders", ...nth(0) });
    expect(second.run.id).not.toBe(first.run.id);
    expect(await intake.take({ engine: ENGINE, groupId: "orders", ...nth(0) })).toMatchObject({
      run: { id: second.run.id },
      duplicate: true,
    });
  });

  it("is answered with the success while its interval is run again, then with the later success", async () => {
    const world = await withOrders(1);
    const { intake } = world.tidegate;
    const callback = { engine: ENGINE, groupId: "orders", ...nth(0) };
    const first = await intake.take(callback);
    await world.settle();
    world.operator.answer = () => "runs";
    const rerun = { id: "clear-1", select: "all" as const };
    const again = await intake.take({ ...callback, rerun });
    expect(again).toMatchObject({ run: { generation: 1, ...bounds(0) }, duplicate: false });
    await world.settle();
    expect((await intake.take(callback)).run.id).toBe(first.run.id);
    world.operator.end(world.operator.submissions.at(-1)!.idempotencyKey, SUCCEEDED);
    await world.settle();
    expect((await intake.take(callback)).run.id).toBe(again.run.id);
    expect(await intake.take({ ...callback, rerun })).toMatchObject({
      run: { id: again.run.id },
      duplicate: true,
    });
  });

  it("waits for the run's end", async () => {
    const world = await withOrders(1);
    const { intake } = world.tidegate;
    world.operator.answer = () => "runs";
    const { run } = await intake.take({ engine: ENGINE, groupId: "orders" });
    await world.settle();
    const waiting = intake.waitForEnd(run.id, HOUR);
    world.operator.end(world.operator.submissions[0]!.idempotencyKey, SUCCEEDED);
    await world.settle();
    expect(await waiting).toMatchObject({ id: run.id, state: "SUCCEEDED" });
    await expect(intake.waitForEnd("none", HOUR)).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  });
});

describe("a callback that is refused", () => {
  it("comes too early, and learns in how many ms it may come again", async () => {
    const world = await withOrders(0.5);
    const early = world.tidegate.intake.take({ engine: ENGINE, groupId: "orders", ...nth(0) });
    await expect(early).rejects.toMatchObject({ code: "INTERVAL_OPEN", retryAfterMs: HOUR / 2 });
  });

  it("would re-run a group of another engine", async () => {
    const world = await withOrders(1);
    const rerun = { id: "clear-1", select: "all" as const };
    const stranger = world.tidegate.intake.take({ engine: "airflow", groupId: "orders", rerun });
    await expect(stranger).rejects.toMatchObject({ code: "FORBIDDEN", field: "rerun" });
    expect(await world.runs("orders")).toEqual([]);
  });

  it("is for a group that cannot be planned, and is not told that runs have to end", async () => {
    const store = new MemoryStore();
    const world = await withOrders(1, { store });
    await world.client.register(hourly("payments"));
    const plan = store.plan.bind(store);
    store.plan = async (commits) => {
      if (commits.some(({ groupId }) => groupId === "orders")) {
        throw new StoreError("STORE_FAILED", "a constraint of this row");
      }
      return plan(commits);
    };
    const take = (groupId: string) => world.tidegate.intake.take({ engine: ENGINE, groupId });
    for (const message of [/a constraint of this row/, /the schedule's reason says why/]) {
      const [failed, taken] = await Promise.allSettled([take("orders"), take("payments")]);
      expect(taken.status).toBe("fulfilled");
      expect((failed as PromiseRejectedResult).reason).toMatchObject({
        code: "PLAN_FAILED",
        message: expect.stringMatching(message),
        retryAfterMs: expect.any(Number),
      });
    }
  });

  it("is for an interval that waits for runs to end", async () => {
    const world = await withOrders(1, {}, { overlap: "coalesce-pending" });
    world.operator.answer = () => "runs";
    const { intake } = world.tidegate;
    await intake.take({ engine: ENGINE, groupId: "orders" });
    await world.settle();
    await world.clock.advanceTo(T0 + 2 * HOUR);
    await expect(intake.take({ engine: ENGINE, groupId: "orders" })).rejects.toMatchObject({
      code: "INTERVAL_DEFERRED",
      retryAfterMs: 10_000,
    });
  });
});

function bounds(n: number) {
  const { lowerBoundary: lower, upperBoundary: upper } = nth(n);
  return { lower, upper };
}

describe("a callback that comes after an update of the trigger", () => {
  const DAILY = { trigger: { type: "period", every: 1, unit: "day" } } as const;
  const rerun = { id: "again", select: "all" } as const;

  /** Three hours that are done, and a schedule that has changed since. */
  async function updated(change: object, info: object = {}) {
    const world = await withOrders(3, {}, info);
    await world.fireAt("orders", T0 + 3 * HOUR);
    await world.settle();
    await world.client.update(hourly("orders", { ...info, ...change }), { version: 1 });
    const take = (asked: object) =>
      world.tidegate.intake.take({ engine: ENGINE, groupId: "orders", ...asked });
    return { world, take };
  }

  it.each([
    ["a longer period", DAILY],
    ["the other end of the interval", { ...DAILY, fireAt: "interval-start" }],
    ["a delay", { delayMs: 6 * HOUR }],
  ])("names the run of the interval that was cut before: %s", async (_, change) => {
    const { world, take } = await updated(change);
    for (const n of [0, 1]) {
      expect(await take({ scheduledTime: T0 + (n + 1) * HOUR })).toMatchObject({
        run: bounds(n),
        duplicate: true,
      });
      expect(await take(nth(n))).toMatchObject({ run: bounds(n), duplicate: true });
    }
    expect(await world.runs("orders")).toHaveLength(3);
  });

  it("runs that interval again if it asks for it, and no other", async () => {
    const { world, take } = await updated({ ...DAILY, fireAt: "interval-start" });
    expect(await take({ scheduledTime: T0 + 2 * HOUR, rerun })).toMatchObject({ run: bounds(1) });
    await world.settle();
    const again = (await world.runs("orders")).filter(({ generation }) => generation > 0);
    expect(again).toMatchObject([bounds(1)]);
  });

  it("names the run that its interval was merged into", async () => {
    const { take } = await updated(DAILY, { catchup: "coalesce" });
    const merged = { lower: T0, upper: T0 + 3 * HOUR };
    expect(await take(nth(1))).toMatchObject({ run: merged, duplicate: true });
    expect(await take({ scheduledTime: T0 + 2 * HOUR })).toMatchObject({ run: merged, duplicate: true });
  });

  it("goes by the new grid for what that has cut", async () => {
    const { world, take } = await updated(DAILY);
    const day = { lower: T0 + 3 * HOUR, upper: T0 + 24 * HOUR };
    await world.clock.advanceTo(day.upper);
    expect(await take({ scheduledTime: day.upper })).toMatchObject({ run: day });
    expect(await take({ scheduledTime: day.upper })).toMatchObject({ run: day, duplicate: true });
    expect(await world.client.audit("orders")).toMatchObject({ isSound: true });
  });
});
