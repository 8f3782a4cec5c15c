import { describe, expect, it } from "@jest/globals";
import type { RestatementPlan } from "../../src/client/restatement-control.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { DAY, HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

const hours = (from: number, to: number) => ({ lower: T0 + from * HOUR, upper: T0 + to * HOUR });

const daily = (groupId: string, more: Partial<ScheduleInfo>): ScheduleInfo => ({
  groupId,
  trigger: { type: "period", every: 1, unit: "day" },
  startTime: T0,
  ...more,
});

/** Registers groups and carries out three days of them, upstream groups first. */
async function threeDays(...infos: readonly ScheduleInfo[]): Promise<World> {
  const world = await World.start({ backfillEveryMs: MINUTE });
  for (const info of infos) await world.client.register(info);
  for (let hour = 1; hour <= 72; hour += 1)
    for (const { groupId } of infos) await world.fireAt(groupId, T0 + hour * HOUR);
  return world;
}

/** The plan's groups with their hours. */
function reach({ groups }: RestatementPlan): Record<string, string> {
  const hourOf = (instant: number): number => (instant - T0) / HOUR;
  return Object.fromEntries(
    groups.map(({ groupId, intervals, runs }) => [
      groupId,
      `${intervals.map(({ lower, upper }) => `${hourOf(lower)}-${hourOf(upper)}`).join(", ")}: ${runs}`,
    ]),
  );
}

const ORDERS = hourly("orders");
const SALES = daily("sales", { dependsOn: { groupId: "orders" } });
const WEEK = daily("week", { dependsOn: { groupId: "sales", window: { from: "-1 day" } } });

describe("the plan of a restatement", () => {
  it("is the group's own intervals, widened to its grid, and changes nothing", async () => {
    const world = await threeDays(ORDERS, SALES);
    const before = await world.runs("orders");
    const plan = await world.client.restate({
      groupId: "orders",
      from: T0 + 2.5 * HOUR,
      to: "2026-01-01T04:30:00Z",
    });
    expect(reach(plan)).toEqual({ orders: "2-5: 3" });
    expect(plan).toMatchObject({ runs: 3, stops: [], groups: [{ depth: 0 }] });
    await world.advance(HOUR / 2);
    expect(await world.runs("orders")).toEqual(before);
    expect(await world.store.listBackfills({})).toEqual([]);
  });

  it("is of intervals as they were planned, although triggers were changed since", async () => {
    const world = await threeDays(ORDERS, hourly("copy", { dependsOn: { groupId: "orders" } }));
    const { trigger } = SALES;
    await world.client.update({ ...ORDERS, trigger }, { version: 1 });
    const dependsOn = { groupId: "orders" };
    await world.client.update(hourly("copy", { dependsOn, trigger }), { version: 1 });
    const range = { groupId: "orders", from: T0 + 2.5 * HOUR, to: T0 + 4.5 * HOUR } as const;
    const plan = await world.client.restate({ ...range, cascade: "downstream" });
    expect(reach(plan)).toEqual({ orders: "2-5: 3", copy: "2-5: 3" });
  });

  it("follows the dependencies, each by its own window and grid", async () => {
    const world = await threeDays(ORDERS, SALES, WEEK);
    const plan = await world.client.restate({
      groupId: "orders",
      from: T0 + 26 * HOUR,
      to: T0 + 27 * HOUR,
      cascade: "downstream",
    });
    expect(reach(plan)).toEqual({ orders: "26-27: 1", sales: "24-48: 1", week: "24-72: 2" });
    expect(plan.runs).toBe(4);
    expect(plan.groups.map(({ groupId, depth }) => [groupId, depth])).toEqual([
      ["orders", 0],
      ["sales", 1],
      ["week", 2],
    ]);
  });

  it("leaves to the live schedules what is not over", async () => {
    const world = await threeDays(ORDERS, SALES);
    const request = { groupId: "orders", from: T0 + 70 * HOUR, to: T0 + 900 * HOUR };
    expect(reach(await world.client.restate({ ...request, cascade: "downstream" }))).toEqual({
      orders: "70-72: 2",
      sales: "48-72: 1",
    });
    const later = { ...request, from: T0 + 80 * HOUR };
    expect(reach(await world.client.restate(later))).toEqual({ orders: ": 0" });
  });

  it("stops where it is told to, where changes are ignored, and where nothing could run", async () => {
    const world = await threeDays(
      ORDERS,
      SALES,
      WEEK,
      daily("ignoring", { dependsOn: { groupId: "orders", onRestate: "ignore" } }),
      daily("gone", { dependsOn: { groupId: "orders" } }),
    );
    await world.client.unregister("gone");
    const request = { groupId: "orders", from: T0, to: T0 + HOUR, cascade: "downstream" } as const;
    const plan = await world.client.restate({ ...request, except: ["sales"] });
    expect(reach(plan)).toEqual({ orders: "0-1: 1" });
    expect(plan.stops).toEqual([
      { groupId: "gone", reason: "unregistered" },
      { groupId: "ignoring", reason: "ignore" },
      { groupId: "sales", reason: "except" },
    ]);
  });

  it("counts a group that reads everything as one", async () => {
    const full = hourly("mirror", { mode: "full", dependsOn: { groupId: "orders" } });
    const world = await threeDays(ORDERS, full);
    const request = { groupId: "orders", from: T0, to: T0 + 5 * HOUR, cascade: "downstream" } as const;
    expect(reach(await world.client.restate(request))).toEqual({ orders: "0-5: 5", mirror: "71-72: 1" });
    expect(reach(await world.client.restate({ ...request, groupId: "mirror" }))).toEqual({
      mirror: "71-72: 1",
    });
  });

  it("begins at a source group, which nobody runs", async () => {
    const world = await World.start({ backfillEveryMs: MINUTE });
    await world.client.registerSource({ groupId: "deliveries", startTime: T0 });
    await world.client.register(hourly("orders", { dependsOn: { groupId: "deliveries" } }));
    await world.client.reportCoverage("deliveries", hours(0, 9));
    for (let hour = 1; hour <= 5; hour += 1) await world.fireAt("orders", T0 + hour * HOUR);
    const request = { groupId: "deliveries", from: T0 + HOUR, to: T0 + 3 * HOUR } as const;
    const plan = await world.client.restate({ ...request, cascade: "downstream" });
    expect(reach(plan)).toEqual({ deliveries: ": 0", orders: "1-3: 2" });
  });

  it("ends although groups depend on each other round a cycle that goes back in time", async () => {
    const world = await threeDays(
      daily("b", { dependsOn: { groupId: "a", mayComeLater: true } }),
      daily("a", {
        dependsOn: { groupId: "b", window: { from: "-1 day", to: "-1 day" }, beforeOrigin: "ignore" },
      }),
    );
    const request = { groupId: "b", from: T0, to: T0 + DAY, cascade: "downstream" } as const;
    expect(reach(await world.client.restate(request))).toEqual({ b: "0-72: 3", a: "24-72: 2" });
  });

  it.each([
    [{ groupId: "orders", from: T0, to: T0 }, "from"],
    [{ groupId: "orders", from: "yesterday", to: T0 }, "from"],
    [{ groupId: "orders", from: T0, to: T0 + 1, cascade: "up" }, "cascade"],
    [{ groupId: "orders", from: T0, to: T0 + 1, except: "sales" }, "except"],
    [{ groupId: "orders", from: T0, to: T0 + 1, note: 7 }, "note"],
  ])("is refused for %j", async (request, field) => {
    const world = await World.start();
    const refused = world.client.restate(request as never);
    await expect(refused).rejects.toMatchObject({ code: "INTERVAL_INVALID", field });
  });
});

describe("a restatement", () => {
  const REQUEST = {
    groupId: "orders",
    from: T0 + 26 * HOUR,
    to: T0 + 27 * HOUR,
    cascade: "downstream",
    note: "A late file.",
  } as const;

  const rerun = async (world: World, groupId: string): Promise<string[]> =>
    (await world.runs(groupId, { kinds: ["BACKFILL"] })).map(
      ({ lower, generation, state }) => `${(lower - T0) / HOUR}.${generation} ${state}`,
    );

  it("runs exactly the planned intervals again, once", async () => {
    const world = await threeDays(ORDERS, SALES);
    const { planId } = await world.client.restate(REQUEST);
    const { backfills } = await world.client.applyRestatement(planId);
    expect(backfills).toMatchObject([
      { groupId: "orders", lower: T0 + 26 * HOUR, upper: T0 + 27 * HOUR, select: "all" },
      { groupId: "sales", lower: T0 + DAY, upper: T0 + 2 * DAY, select: "all" },
    ]);
    await world.advance(5 * MINUTE);
    expect(await rerun(world, "orders")).toEqual(["26.1 SUCCEEDED"]);
    expect(await rerun(world, "sales")).toEqual(["24.1 SUCCEEDED"]);
    const again = await world.client.applyRestatement(planId);
    expect(again.backfills.map(({ id }) => id)).toEqual(backfills.map(({ id }) => id));
    await world.advance(5 * MINUTE);
    expect(await rerun(world, "orders")).toHaveLength(1);
  });

  it("begins nothing more when it is repeated later, after more time is over", async () => {
    const world = await World.start({ backfillEveryMs: MINUTE });
    for (const info of [ORDERS, SALES]) await world.client.register(info);
    const upTo = async (from: number, to: number): Promise<void> => {
      for (let hour = from; hour <= to; hour += 1)
        for (const groupId of ["orders", "sales"]) await world.fireAt(groupId, T0 + hour * HOUR);
    };
    await upTo(1, 20);
    const request = { groupId: "orders", from: T0 + 18 * HOUR, to: T0 + 90 * HOUR } as const;
    const { planId } = await world.client.restate({ ...request, cascade: "downstream" });
    const { backfills } = await world.client.applyRestatement(planId);
    await upTo(21, 30);
    const again = await world.client.applyRestatement(planId);
    expect(again.backfills.map(({ id }) => id)).toEqual(backfills.map(({ id }) => id));
    await world.advance(5 * MINUTE);
    expect(await rerun(world, "orders")).toEqual(["18.1 SUCCEEDED", "19.1 SUCCEEDED"]);
    expect(await rerun(world, "sales")).toEqual([]);
  });

  it("has what reads its time wait for it, and nobody else; the old coverage stands meanwhile", async () => {
    const aside = daily("aside", { dependsOn: { groupId: "orders", onRestate: "ignore" } });
    const world = await threeDays(ORDERS, SALES, WEEK, aside);
    world.operator.answer = ({ groupId }) => (groupId === "orders" ? "runs" : SUCCEEDED);
    const { planId } = await world.client.restate(REQUEST);
    await world.client.applyRestatement(planId);
    await world.advance(5 * MINUTE);
    expect(await rerun(world, "orders")).toEqual(["26.1 RUNNING"]);
    const [waiting] = await world.runs("sales", { kinds: ["BACKFILL"] });
    expect(waiting).toMatchObject({ place: "gated", wait: { missing: [hours(26, 27)] } });
    expect(await rerun(world, "week")).toEqual(["24.1 PLANNED"]);
    await world.client.trigger("sales", { lower: T0, upper: T0 + DAY });
    await world.client.trigger("aside", { lower: T0 + DAY, upper: T0 + 2 * DAY });
    await world.settle();
    expect(await world.runs("sales", { kinds: ["MANUAL"] })).toMatchObject([{ state: "SUCCEEDED" }]);
    expect(await world.runs("aside", { kinds: ["MANUAL"] })).toMatchObject([{ state: "SUCCEEDED" }]);
    expect(await world.client.coverage("orders", hours(0, 72))).toMatchObject({ isCovered: true });
    world.operator.end(
      world.operator.submissions.findLast(({ groupId }) => groupId === "orders")!.idempotencyKey,
      SUCCEEDED,
    );
    await world.advance(5 * MINUTE);
    expect(await rerun(world, "orders")).toEqual(["26.1 SUCCEEDED"]);
    expect(await rerun(world, "sales")).toEqual(["24.1 SUCCEEDED"]);
    expect(await rerun(world, "week")).toEqual(["24.1 SUCCEEDED", "48.1 SUCCEEDED"]);
    // Of the day that was run again beside the restatement.
    expect(await world.client.stale()).toMatchObject([
      { run: { groupId: "week", lower: T0 }, state: "stale" },
    ]);
  });

  it("goes on when its group is registered again, and until then what reads its time waits", async () => {
    const world = await threeDays({ ...ORDERS, backoff: { initialMs: HOUR, maxMs: HOUR } }, SALES);
    world.operator.answer = ({ groupId }) => (groupId === "orders" ? failed("not now") : SUCCEEDED);
    const { planId } = await world.client.restate(REQUEST);
    const { backfills } = await world.client.applyRestatement(planId);
    await world.advance(5 * MINUTE);
    expect(await rerun(world, "orders")).toEqual(["26.1 PLANNED"]);
    world.operator.answer = () => SUCCEEDED;
    await world.client.unregister("orders", { force: true });
    await world.advance(20 * MINUTE);
    expect(await rerun(world, "orders")).toEqual(["26.1 CANCELLED"]);
    expect(await rerun(world, "sales")).toEqual(["24.1 PLANNED"]);
    await world.client.register(ORDERS);
    await world.advance(20 * MINUTE);
    expect(await rerun(world, "orders")).toEqual(["26.1 SUCCEEDED"]);
    expect(await rerun(world, "sales")).toEqual(["24.1 SUCCEEDED"]);
    expect(await world.client.stale()).toEqual([]);
    for (const { id } of backfills)
      expect(await world.client.getBackfill(id)).toMatchObject({ state: "DONE" });
  });

  it("has a group wait that reads everything, whatever its window", async () => {
    const mirror = hourly("mirror", { mode: "full", dependsOn: { groupId: "orders" } });
    const world = await threeDays(ORDERS, mirror);
    world.operator.answer = ({ groupId }) => (groupId === "orders" ? "runs" : SUCCEEDED);
    await world.client.applyRestatement((await world.client.restate(REQUEST)).planId);
    await world.advance(5 * MINUTE);
    expect(await world.runs("mirror", { kinds: ["BACKFILL"] })).toMatchObject([
      { ...hours(71, 72), place: "gated", wait: { missing: [hours(26, 27)] } },
    ]);
    world.operator.end(world.operator.submissions.at(-1)!.idempotencyKey, SUCCEEDED);
    await world.advance(5 * MINUTE);
    expect(await rerun(world, "mirror")).toEqual(["71.1 SUCCEEDED"]);
  });

  it("does the work of a dependency with onRestate rerun, which adds nothing to it", async () => {
    const sales = daily("sales", { dependsOn: { groupId: "orders", onRestate: "rerun" } });
    const world = await threeDays(ORDERS, sales);
    world.operator.answer = ({ groupId }) => (groupId === "sales" ? "runs" : SUCCEEDED);
    await world.client.applyRestatement((await world.client.restate(REQUEST)).planId);
    await world.advance(HOUR / 2);
    world.operator.end(world.operator.submissions.at(-1)!.idempotencyKey, SUCCEEDED);
    await world.advance(HOUR / 4);
    expect(await rerun(world, "sales")).toEqual(["24.1 SUCCEEDED"]);
    expect(await world.client.stale()).toEqual([]);
  });

  it("is refused if a ledger or a schedule of the plan has moved since", async () => {
    const world = await threeDays(ORDERS, SALES, WEEK);
    const outdated = { code: "PLAN_OUTDATED", field: "planId" };
    const apply = async (move: () => Promise<unknown>): Promise<void> => {
      const { planId } = await world.client.restate(REQUEST);
      await move();
      await world.settle();
      await expect(world.client.applyRestatement(planId)).rejects.toMatchObject(outdated);
    };
    await apply(() => world.client.trigger("sales", { lower: T0 + DAY, upper: T0 + 2 * DAY }));
    await apply(() => world.client.update({ ...WEEK, description: "new" }, { version: 1 }));
    await apply(() => world.client.unregister("week"));
    expect(await world.store.listBackfills({})).toEqual([]);
  });

  it("does not mind what happens elsewhere", async () => {
    const world = await threeDays(ORDERS, SALES);
    const { planId } = await world.client.restate(REQUEST);
    await world.client.trigger("orders", hours(1, 2));
    await world.client.register(hourly("other"));
    await world.fireAt("orders", T0 + 73 * HOUR);
    expect((await world.client.applyRestatement(planId)).backfills).toHaveLength(2);
  });

  it("is refused for sealed time of any group that it reaches, unless it is forced", async () => {
    const world = await threeDays(ORDERS, SALES);
    await world.client.seal("sales", T0 + 2 * DAY);
    const sealed = { code: "SEALED", field: "from" };
    await expect(world.client.restate(REQUEST)).rejects.toMatchObject(sealed);
    await world.client.restate({ ...REQUEST, except: ["sales"] });
    const { planId } = await world.client.restate({ ...REQUEST, force: true });
    await world.client.applyRestatement(planId);
    await world.advance(5 * MINUTE);
    expect(await rerun(world, "sales")).toEqual(["24.1 SUCCEEDED"]);
  });

  it("is refused if it is no plan", async () => {
    const world = await World.start();
    for (const planId of ["", "x", "e30.abc"])
      await expect(world.client.applyRestatement(planId)).rejects.toMatchObject({
        code: "INTERVAL_INVALID",
        field: "planId",
      });
  });
});
