import { describe, expect, it } from "@jest/globals";
import type { RestatePolicy } from "../../src/dependency/dependency.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { DAY, HOUR, MINUTE, T0 } from "../support/instants.js";
import { InterleavingStore } from "../support/interleaving-store.js";
import { hourly } from "../support/schedules.js";
import { ScriptedGate } from "../support/scripted-gate.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World, type WorldOptions } from "../support/world.js";

const hours = (from: number, to: number) => ({ lower: T0 + from * HOUR, upper: T0 + to * HOUR });

/** A gate that is open, and says that runs read their own interval of the group that its settings name. */
class ReadingGate extends ScriptedGate {
  constructor(world: () => World) {
    super("reads");
    this.answer = async ({ interval, settings }) => {
      const { groupId, days = 0 } = settings as { groupId: string; days?: number };
      const window = days === 0 ? interval : { lower: T0, upper: T0 + days * DAY };
      const [digest] = await world().store.generationDigests([{ groupId, ...window }]);
      return { isOpen: true, inputs: [{ groupId, ...window, digest: digest! }] };
    };
  }
}

const reading = (groupId: string, of: string, more: Partial<ScheduleInfo> = {}): ScheduleInfo =>
  hourly(groupId, { gates: { reads: { groupId: of } }, ...more });

/** Hours of a source group are read by `orders`, and those by `report`. */
async function chain(policy?: RestatePolicy, options: WorldOptions = {}): Promise<World> {
  let world: World | undefined;
  const gate = new ReadingGate(() => world!);
  world = await World.start({ gates: [gate], restateSettleMs: 10 * MINUTE, ...options });
  await world.client.registerSource({ groupId: "deliveries", startTime: T0 });
  const dependsOn = policy === undefined ? {} : { dependsOn: { groupId: "deliveries", onRestate: policy } };
  await world.client.register(reading("orders", "deliveries", dependsOn));
  await world.client.register(reading("report", "orders"));
  await world.client.reportCoverage("deliveries", { ...hours(0, 5), version: "v1" });
  for (let hour = 1; hour <= 5; hour += 1) {
    await world.fireAt("orders", T0 + hour * HOUR);
    await world.fireAt("report", T0 + hour * HOUR);
  }
  return world;
}

/** The stale and tainted runs, by group and hour. */
async function staleness(world: World, groupId?: string): Promise<string[]> {
  const found = await world.client.stale(groupId);
  return found.map(({ run, state }) => `${run.groupId} ${(run.lower - T0) / HOUR} ${state}`).sort();
}

const restated = (world: World, from: number, to: number, version = "v2") =>
  world.client.reportCoverage("deliveries", { ...hours(from, to), version });

describe("a run whose input is covered anew", () => {
  it("is stale, and what has read it is tainted, along the whole path", async () => {
    const world = await chain();
    await world.client.register(
      reading("summary", "report", { gates: { reads: { groupId: "report", days: 1 } } }),
    );
    await world.fireAt("summary", T0 + 6 * HOUR);
    expect(await staleness(world)).toEqual([]);
    await restated(world, 2, 4);
    const path = ["orders 2 stale", "orders 3 stale", "report 2 tainted", "report 3 tainted"];
    const summaries = [0, 1, 2, 3, 4, 5].map((hour) => `summary ${hour} tainted`);
    expect(await staleness(world)).toEqual([...path, ...summaries]);
    expect(await staleness(world, "report")).toEqual(["report 2 tainted", "report 3 tainted"]);
    expect(await staleness(world, "deliveries")).toEqual([]);
  });

  it("is not stale for time that one of its dependencies ignores, though another reads the same group", async () => {
    const world = await World.start();
    await world.client.registerSource({ groupId: "deliveries", startTime: T0 });
    for (const version of ["v0", "v1"]) await restated(world, 0, 3, version);
    const ignoring = { groupId: "deliveries", window: { to: "+2 hours" }, onRestate: "ignore" } as const;
    await world.client.register(
      hourly("orders", { startTime: T0, dependsOn: { all: [{ groupId: "deliveries" }, ignoring] } }),
    );
    await world.fireAt("orders", T0 + HOUR);
    // The rest of the first report is written anew, unchanged.
    await restated(world, 1, 3);
    expect(await staleness(world)).toEqual([]);
    await restated(world, 0, 1);
    expect(await staleness(world)).toEqual(["orders 0 stale"]);
  });

  it("is told once, stays covered, and the audit shows its time", async () => {
    const world = await chain();
    await restated(world, 2, 4);
    await world.settle();
    const told = world.eventsOf("run-stale");
    expect(told.map(({ run, backfillId }) => [run.groupId, (run.lower - T0) / HOUR, backfillId])).toEqual([
      ["orders", 2, null],
      ["orders", 3, null],
    ]);
    await restated(world, 2, 4, "v3");
    await world.restart();
    await world.advance(DAY);
    expect(world.eventsOf("run-stale")).toHaveLength(2);
    expect(await world.client.audit("orders", hours(0, 5))).toMatchObject({
      stale: [hours(2, 4)],
      isSound: true,
      isComplete: true,
      succeeded: { ms: 5 * HOUR },
    });
    expect(await world.client.audit("report", hours(0, 5))).toMatchObject({ stale: [] });
  });

  it("is stale no longer when it has been run again; then what has read it is", async () => {
    const world = await chain();
    await restated(world, 2, 3);
    await world.client.trigger("orders", hours(2, 3));
    await world.settle();
    expect(await staleness(world)).toEqual(["report 2 stale"]);
    await world.client.trigger("report", hours(2, 3));
    await world.settle();
    expect(await staleness(world)).toEqual([]);
    expect(await world.runs("report", { within: hours(2, 3) })).toMatchObject([
      { generation: 0, isSuperseded: true },
      { generation: 1, isSuperseded: false, staleAt: null },
    ]);
  });
});

describe("a run that has read a group's first generations", () => {
  it("is stale once those of another ledger stand in their place", async () => {
    const world = await World.start();
    await world.client.register(hourly("orders"));
    await world.client.register(hourly("report", { dependsOn: { groupId: "orders" } }));
    for (const hour of [1, 2])
      for (const groupId of ["orders", "report"]) await world.fireAt(groupId, T0 + hour * HOUR);
    await world.client.unregister("orders", { force: true, purge: true });
    await world.client.register(hourly("orders", { startTime: T0 }));
    expect(await staleness(world)).toEqual([]);
    for (const groupId of ["orders", "report"]) await world.fireAt(groupId, T0 + 3 * HOUR);
    await world.advance(MINUTE);
    expect(await staleness(world)).toEqual(["report 0 stale", "report 1 stale"]);
    await world.stop();
  });

  it("is stale once time before the ledger is covered that it has read without waiting for it", async () => {
    const world = await World.start();
    await world.client.register(hourly("orders"));
    const day = { groupId: "orders", window: { from: "-1 day" } } as const;
    await world.client.register(hourly("report", { dependsOn: day }));
    for (const hour of [1, 2])
      for (const groupId of ["orders", "report"]) await world.fireAt(groupId, T0 + hour * HOUR);
    expect(await staleness(world)).toEqual([]);
    const before = { groupId: "orders", from: T0 - 24 * HOUR, to: T0 - 23 * HOUR };
    await world.client.backfill(before);
    await world.settle();
    expect(await staleness(world)).toEqual(["report 0 stale"]);
    await world.client.trigger("report", hours(0, 1));
    await world.settle();
    expect(await staleness(world)).toEqual([]);
    const [run] = await world.runs("report", { within: hours(0, 1), includeSuperseded: false });
    expect(run!.inputs).toMatchObject([{ missing: [hours(-23, 0)] }]);
    await world.stop();
  });

  it("is stale once a run that was given up then, which satisfied it, has succeeded", async () => {
    const world = await World.start();
    await world.client.register(hourly("orders", { maxAttempts: 1 }));
    const dependsOn = { groupId: "orders", satisfiedBy: "settled" } as const;
    await world.client.register(hourly("report", { dependsOn }));
    world.operator.answer = ({ groupId }) => (groupId === "orders" ? failed("no") : SUCCEEDED);
    for (const groupId of ["orders", "report"]) await world.fireAt(groupId, T0 + HOUR);
    const [run] = await world.runs("orders");
    await world.client.cancelRun(run!.id);
    await world.advance(MINUTE);
    expect(await world.runs("report")).toMatchObject([
      { state: "SUCCEEDED", inputs: [{ ...hours(0, 1), missing: [hours(0, 1)] }] },
    ]);
    world.operator.answer = () => SUCCEEDED;
    await world.client.retryRun(run!.id);
    await world.advance(MINUTE);
    expect(await staleness(world)).toEqual(["report 0 stale"]);
    await world.stop();
  });
});

describe("a dependency with onRestate rerun", () => {
  const BACKFILL = { backfillEveryMs: MINUTE };
  const generations = async (world: World): Promise<string[]> =>
    (await world.runs("orders", { includeSuperseded: false })).map(
      ({ lower, generation, state }) => `${(lower - T0) / HOUR}.${generation} ${state}`,
    );

  it("has exactly the affected intervals run again, once things have settled", async () => {
    const world = await chain("rerun", BACKFILL);
    await restated(world, 1, 2);
    await world.advance(9 * MINUTE);
    await restated(world, 1, 3, "v3");
    await world.advance(9 * MINUTE);
    expect(world.eventsOf("run-stale")).toEqual([]);
    await world.advance(2 * MINUTE);
    expect(await generations(world)).toEqual([
      "0.0 SUCCEEDED",
      "1.1 SUCCEEDED",
      "2.1 SUCCEEDED",
      "3.0 SUCCEEDED",
      "4.0 SUCCEEDED",
    ]);
    const told = world.eventsOf("run-stale").filter(({ run }) => run.groupId === "orders");
    expect(told.map(({ run }) => (run.lower - T0) / HOUR)).toEqual([1, 2]);
    const [first] = told;
    expect(await world.client.getBackfill(first!.backfillId!)).toMatchObject({
      groupId: "orders",
      ...hours(1, 3),
      select: "all",
      plannedRuns: 2,
    });
    expect(await staleness(world)).toEqual(["report 1 stale", "report 2 stale"]);
  });

  it("has an interval run again once in ten settling times if its input never ceases to change", async () => {
    const world = await chain("rerun", BACKFILL);
    const after = async (minutes: number): Promise<string | undefined> => {
      for (let minute = 0; minute < minutes; minute += 5) {
        await restated(world, 1, 2, `after ${world.clock.now()}`);
        await world.advance(5 * MINUTE);
      }
      return (await generations(world))[1];
    };
    expect(await after(95)).toBe("1.0 SUCCEEDED");
    expect(await after(10)).toBe("1.1 SUCCEEDED");
  });

  it("begins one backfill although a manager dies and starts again", async () => {
    const world = await chain("rerun", BACKFILL);
    await restated(world, 1, 2);
    await world.restart();
    await world.advance(11 * MINUTE);
    await world.restart();
    await world.advance(30 * MINUTE);
    expect(await world.store.listBackfills({ groupId: "orders" })).toHaveLength(1);
    expect((await generations(world)).slice(0, 3)).toEqual([
      "0.0 SUCCEEDED",
      "1.1 SUCCEEDED",
      "2.0 SUCCEEDED",
    ]);
    expect(world.eventsOf("trouble")).toEqual([]);
  });

  it("leaves runs to people whose time is sealed", async () => {
    const world = await chain("rerun", BACKFILL);
    await world.client.seal("orders", T0 + 3 * HOUR);
    await restated(world, 1, 2);
    await world.advance(HOUR);
    expect(world.eventsOf("run-stale")).toMatchObject([{ backfillId: null }]);
    expect(world.eventsOf("trouble")).toEqual([]);
  });

  it("has those run again that adjoin sealed ones", async () => {
    const world = await chain("rerun", BACKFILL);
    await world.client.seal("orders", T0 + 2 * HOUR);
    await restated(world, 1, 4);
    await world.advance(HOUR);
    const runs = await world.runs("orders", { includeSuperseded: false });
    expect(runs.map(({ generation }) => generation)).toEqual([0, 0, 1, 1, 0]);
    expect(await staleness(world, "orders")).toEqual(["orders 1 stale"]);
    const told = world.eventsOf("run-stale").map(({ run, backfillId }) => [run.lower, backfillId === null]);
    expect(told).toContainEqual([T0 + HOUR, true]);
    expect(told).toContainEqual([T0 + 2 * HOUR, false]);
    expect(world.eventsOf("trouble")).toEqual([]);
  });

  it("has those run again that adjoin what a person seals at that very moment", async () => {
    const store = new InterleavingStore();
    const world = await chain("rerun", { ...BACKFILL, store });
    await restated(world, 1, 4);
    store.before("insertBackfill", () => world.client.seal("orders", T0 + 2 * HOUR));
    await world.advance(HOUR);
    const runs = await world.runs("orders", { includeSuperseded: false });
    expect(runs.map(({ generation }) => generation)).toEqual([0, 0, 1, 1, 0]);
    expect(world.eventsOf("trouble")).toEqual([]);
  });

  it("leaves runs to people whose schedule is gone", async () => {
    const world = await chain("rerun", BACKFILL);
    await world.client.unregister("orders");
    await restated(world, 1, 2);
    await world.advance(HOUR);
    expect(world.eventsOf("run-stale")).toMatchObject([{ backfillId: null }]);
    expect(await world.store.listBackfills({ groupId: "orders" })).toEqual([]);
  });
});
