import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { shared } from "../support/fleet.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { InterleavingStore } from "../support/interleaving-store.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { ScriptedSource } from "../support/scripted-source.js";
import { World } from "../support/world.js";

const SEALED = { code: "SEALED" };
const OPEN = { code: "INTERVAL_OPEN", field: "until" };
const hour = (n: number, to = n + 1) => ({ lower: T0 + n * HOUR, upper: T0 + to * HOUR });
const again = (n: number, to = n + 1) =>
  ({ groupId: "orders", from: T0 + n * HOUR, to: T0 + to * HOUR, select: "all" }) as const;

let store: InterleavingStore;
let world: World;
/** Another manager of the same store. */
let rival: World;

beforeEach(async () => {
  const clock = new VirtualClock();
  store = new InterleavingStore({ clock });
  const offsetProviders = [new ScriptedSource("log", { "0": 10 })];
  world = await World.start({ store, clock, offsetProviders, restateSettleMs: 10 * MINUTE });
});
afterEach(async () => {
  await rival.stop();
  await world.stop();
});

async function startRival(): Promise<void> {
  const offsetProviders = [new ScriptedSource("log", { "0": 10 })];
  rival = await World.start({
    store: shared(store),
    clock: world.clock,
    operator: world.operator,
    offsetProviders,
  });
}

/** Registers a group that has succeeded for so many hours, and starts the other manager. */
async function withHours(
  hours: number,
  info: ScheduleInfo = hourly("orders", { maxAttempts: 1 }),
): Promise<void> {
  await world.client.register(info);
  for (let n = 1; n <= hours; n += 1) await world.fireAt(info.groupId, T0 + n * HOUR);
  await startRival();
}

/** Registers another group with a first copy of one hour, of which half an hour is over. */
async function withCopy(): Promise<void> {
  await world.client.register(hourly("copied", { mode: "full-then-incremental", startTime: T0 + 4 * HOUR }));
  await world.fireAt("copied", T0 + 5 * HOUR);
  await world.advance(30 * MINUTE);
}

/** Has a source copied in full, and then read by positions. */
const copiedByPositions = hourly("orders", {
  mode: "full-then-incremental",
  boundaryType: "OFFSET",
  source: { type: "log", topic: "orders" },
});

const sealBy = (hours: number) => () => rival.client.seal("orders", T0 + hours * HOUR);

/** Runs an hour again without success, and returns that run. */
async function failedAgain(n: number): Promise<string> {
  world.operator.answer = () => failed("broken");
  const [rerun] = await world.client.trigger("orders", hour(n));
  await world.settle();
  world.operator.answer = () => SUCCEEDED;
  return rerun!.id;
}

/** The generations and states of an hour's runs. */
async function runsOf(n: number, groupId = "orders"): Promise<[number, string][]> {
  const runs = await world.runs(groupId, { within: hour(n) });
  return runs.map(({ generation, state }) => [generation, state]);
}

describe("a write that was decided before somebody sealed its time", () => {
  it("is refused: a backfill", async () => {
    await withHours(4);
    store.before("insertBackfill", sealBy(3));
    await expect(world.client.backfill(again(1))).rejects.toMatchObject({ ...SEALED, field: "from" });
    expect(await world.client.audit("orders", hour(0, 4))).toMatchObject({ isComplete: true });
    expect(await store.listBackfills({ groupId: "orders" })).toEqual([]);
    expect((await world.client.describe("orders")).sealedThrough).toBe(T0 + 3 * HOUR);
  });

  it("is refused: a run by hand", async () => {
    await withHours(4);
    store.before("insertRuns", sealBy(3));
    await expect(world.client.trigger("orders", hour(1))).rejects.toMatchObject({
      ...SEALED,
      field: "interval",
    });
    expect(await runsOf(1)).toEqual([[0, "SUCCEEDED"]]);
  });

  it("is refused: a retry", async () => {
    await withHours(4);
    const id = await failedAgain(1);
    store.before("changeRuns", sealBy(3));
    await expect(world.client.retryRun(id)).rejects.toMatchObject({ ...SEALED, field: "id" });
    expect(await runsOf(1)).toEqual([
      [0, "SUCCEEDED"],
      [1, "FAILED"],
    ]);
  });

  it("is left out of a retry of all, which goes on with what is not sealed", async () => {
    await withHours(4);
    await failedAgain(1);
    const id = await failedAgain(3);
    store.before("changeRuns", sealBy(3));
    expect(await world.client.retryRuns("orders")).toEqual([id]);
  });

  it("is refused: another version of what a source group has reported", async () => {
    await startRival();
    await world.client.registerSource({ groupId: "orders", startTime: T0 });
    await world.client.reportCoverage("orders", { ...hour(0, 4), version: "1" });
    store.before("report", sealBy(3));
    const report = world.client.reportCoverage("orders", { ...hour(2, 4), version: "2" });
    await expect(report).rejects.toMatchObject({ ...SEALED, field: "lower" });
    expect(
      (await world.client.reportCoverage("orders", { ...hour(3, 4), version: "2" })).changed,
    ).toHaveLength(1);
  });

  it("is refused: what late data would have run again, which is told as late after the seal", async () => {
    await withHours(4, hourly("orders", { onLate: "restate" }));
    await world.client.register(hourly("arrivals", { startTime: T0 + 4 * HOUR }));
    const touched = {
      groupId: "orders",
      intervals: [hour(1), hour(3)].map((each) => ({ ...each, rows: 9 })),
    };
    world.operator.answer = ({ groupId }) =>
      groupId === "arrivals" ? { state: "SUCCEEDED", touched: [touched] } : SUCCEEDED;
    await world.fireAt("arrivals", T0 + 5 * HOUR);
    store.before("insertBackfill", sealBy(3));
    await world.advance(15 * MINUTE);
    expect(await runsOf(1)).toEqual([[0, "SUCCEEDED"]]);
    const { items } = await world.client.lateData({ groupId: "orders" });
    expect(items.map(({ lower, state }) => [(lower - T0) / HOUR, state])).toEqual([
      [1, "SEALED"],
      [3, "RESTATED"],
    ]);
    expect(world.eventsOf("trouble")).toEqual([]);
  });

  it("is refused: another copy", async () => {
    await withHours(4, hourly("orders", { mode: "full-then-incremental" }));
    await world.advance(30 * MINUTE);
    store.before("plan", sealBy(3));
    await expect(world.client.resnapshot("orders")).rejects.toMatchObject({ ...SEALED, field: "groupId" });
    await world.client.seal("orders", T0 + HOUR, "", { force: true });
    store.before("plan", () => world.client.seal("orders", T0 + 2 * HOUR));
    expect((await world.client.resnapshot("orders", { force: true })).snapshot).toMatchObject({
      cause: "requested",
    });
  });

  it("is refused: a rebase, whose snapshot writes everything again", async () => {
    await withHours(4, copiedByPositions);
    store.before("changeSchedules", sealBy(3));
    const rebase = world.client.rebase("orders", { startAt: "earliest" });
    await expect(rebase).rejects.toMatchObject({ ...SEALED, field: "groupId" });
    expect(await world.client.get("orders")).toMatchObject({ version: 1, offsets: { epoch: 1 } });
    await world.client.seal("orders", T0 + HOUR, "", { force: true });
    store.before("changeSchedules", sealBy(2));
    const forced = await world.client.rebase("orders", { startAt: "earliest", force: true });
    expect(forced).toMatchObject({ version: 2, offsets: { needsSnapshot: true } });
  });

  it("is made with force, and after a seal of other time", async () => {
    await withHours(4);
    store.before("insertRuns", sealBy(2));
    expect(await world.client.trigger("orders", hour(1), { force: true })).toHaveLength(1);
    await world.settle();
    store.before("insertRuns", sealBy(3));
    expect(await world.client.trigger("orders", hour(3))).toHaveLength(1);
  });
});

describe("a seal that was decided before somebody began to write its time again", () => {
  beforeEach(() => withHours(4));

  const seal = () => world.client.seal("orders", T0 + 3 * HOUR);

  it("is refused: a backfill has begun", async () => {
    world.operator.answer = () => "runs";
    store.before("putSeal", () => rival.client.backfill(again(1)));
    await expect(seal()).rejects.toMatchObject(OPEN);
    world.operator.endAll();
    await world.settle();
    expect((await world.client.seal("orders", T0 + HOUR)).through).toBe(T0 + HOUR);
  });

  it("is refused: a run has begun by hand", async () => {
    world.operator.answer = () => "runs";
    store.before("putSeal", () => rival.client.trigger("orders", hour(1)));
    await expect(seal()).rejects.toMatchObject(OPEN);
    expect((await world.client.describe("orders")).sealedThrough).toBeNull();
  });

  it("is refused: a failed run is retried", async () => {
    const id = await failedAgain(1);
    world.operator.answer = () => "runs";
    store.before("putSeal", () => rival.client.retryRun(id));
    await expect(seal()).rejects.toMatchObject(OPEN);
  });

  it("is refused: another copy is made", async () => {
    await withCopy();
    world.operator.answer = () => "runs";
    store.before("putSeal", () => rival.client.resnapshot("copied"));
    await expect(world.client.seal("copied", T0 + 5 * HOUR)).rejects.toMatchObject(OPEN);
    world.operator.endAll();
    await world.settle();
    expect((await world.client.seal("copied", T0 + 5 * HOUR)).through).toBe(T0 + 5 * HOUR);
  });

  it("is refused: a source is read from elsewhere, and is copied anew with what is owed next", async () => {
    await world.client.register({ ...copiedByPositions, groupId: "copied", startTime: T0 + 4 * HOUR });
    await world.fireAt("copied", T0 + 5 * HOUR);
    store.before("putSeal", () => rival.client.rebase("copied", { startAt: "earliest" }));
    const seal = () => world.client.seal("copied", T0 + 5 * HOUR);
    await expect(seal()).rejects.toMatchObject(OPEN);
    expect((await world.client.get("copied")).offsets).toMatchObject({ epoch: 2, needsSnapshot: true });
    await world.fireAt("copied", T0 + 6 * HOUR);
    expect((await seal()).through).toBe(T0 + 5 * HOUR);
  });

  it("is written if that has ended by then, or is of other time", async () => {
    store.before("putSeal", async () => {
      await rival.client.trigger("orders", hour(1));
      await world.settle();
      world.operator.answer = () => "runs";
      await rival.client.trigger("orders", hour(3));
    });
    expect((await seal()).through).toBe(T0 + 3 * HOUR);
  });
});
