import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { InterleavingStore } from "../support/interleaving-store.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

let world: World;
let store: InterleavingStore;

beforeEach(async () => {
  store = new InterleavingStore();
  world = await World.start({ store });
});
afterEach(() => world.stop());

const second = { lower: T0 + HOUR, upper: T0 + 2 * HOUR };
const secondAgain = { groupId: "g", from: second.lower, to: second.upper, select: "all" } as const;

/** Has a copy of the first hour and an increment of the second; jobs of increments go on from then on. */
async function withIncrement(more: Partial<ScheduleInfo> = {}): Promise<void> {
  await world.client.register(hourly("g", { mode: "full-then-incremental", maxAttempts: 1, ...more }));
  for (const hour of [1, 2]) await world.fireAt("g", T0 + hour * HOUR);
  await world.advance(30 * MINUTE);
  world.operator.answer = ({ mode }) => (mode === "full" ? SUCCEEDED : "runs");
}

/** The hours in which open runs of the group begin, and whether each is a snapshot. */
async function open(): Promise<[number, boolean][]> {
  const runs = await world.runs("g", { states: ["PLANNED", "SUBMITTING", "RUNNING"] });
  return runs.map(({ lower, snapshot }) => [(lower - T0) / HOUR, snapshot !== null]);
}

describe("a snapshot is planned while no other run is open, also if one was inserted since it looked", () => {
  it("by a person who runs an interval again", async () => {
    await withIncrement();
    store.before("plan", () => world.client.trigger("g", second));
    await expect(world.client.resnapshot("g")).rejects.toMatchObject({ code: "INTERVAL_OPEN" });
    expect(await open()).toEqual([[1, false]]);
    await world.settle();
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    expect(await world.client.resnapshot("g")).toMatchObject({ snapshot: { cause: "requested" } });
  });

  it("by a backfill", async () => {
    await withIncrement({ fullEvery: { type: "cron", expression: "0 */3 * * *" } });
    store.before("plan", () => world.client.backfill(secondAgain));
    await world.fireAt("g", T0 + 3 * HOUR);
    expect(await open()).toEqual([[1, false]]);
    expect((await world.client.get("g")).watermark).toBe(second.upper);
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    const newest = (await world.runs("g")).at(-1);
    expect(newest).toMatchObject({
      lower: second.upper,
      snapshot: { cause: "recurring" },
      state: "SUCCEEDED",
    });
    expect((await world.client.audit("g")).isSound).toBe(true);
  });

  it("by a retry, in a lane that takes several runs at once", async () => {
    world.operator.answer = ({ mode }) => (mode === "full" ? SUCCEEDED : failed("no space left"));
    await withIncrement({ overlap: "allow", onFailure: "continue" });
    const [, increment] = await world.runs("g");
    store.before("plan", () => world.client.retryRun(increment!.id));
    await expect(world.client.resnapshot("g")).rejects.toMatchObject({ code: "INTERVAL_OPEN" });
    expect(await open()).toEqual([[1, false]]);
  });
});

describe("nothing is written behind a snapshot, also if it was planned since somebody looked", () => {
  it("by a re-run", async () => {
    await withIncrement();
    store.before("insertRuns", () => world.client.resnapshot("g"));
    await expect(world.client.trigger("g", second)).rejects.toMatchObject({
      code: "INTERVAL_INVALID",
      message: expect.stringContaining("client.resnapshot"),
    });
    expect(await open()).toEqual([[2, true]]);
  });

  it("by a backfill, which leaves that time out then", async () => {
    await withIncrement();
    store.before("planBackfill", () => world.client.resnapshot("g"));
    const { backfill } = await world.client.backfill(secondAgain);
    expect(await open()).toEqual([[2, true]]);
    await world.advance(MINUTE);
    expect(await world.client.getBackfill(backfill!.id)).toMatchObject({ state: "DONE", plannedRuns: 0 });
    expect((await world.runs("g")).map(({ kind }) => kind)).toEqual(["SCHEDULED", "SCHEDULED", "SCHEDULED"]);
  });

  it("by a retry", async () => {
    world.operator.answer = ({ mode }) => (mode === "full" ? SUCCEEDED : failed("no space left"));
    await withIncrement({ onFailure: "continue" });
    const [, increment] = await world.runs("g");
    let copy = "";
    store.before("changeRuns", async () => {
      copy = (await world.client.resnapshot("g")).id;
    });
    await expect(world.client.retryRun(increment!.id)).rejects.toMatchObject({ code: "RUN_STATE_ILLEGAL" });
    expect(copy).not.toBe("");
    expect(await open()).toEqual([[2, true]]);
  });
});

describe("a snapshot that was given up is made again alone", () => {
  /** Has a snapshot that was cancelled before it began. */
  async function givenUp(more: Partial<ScheduleInfo> = {}): Promise<string> {
    await withIncrement(more);
    world.operator.answer = () => "runs";
    const { id } = await world.client.resnapshot("g");
    await world.settle();
    await world.client.cancelRun(id);
    await world.settle();
    return id;
  }

  it("and not beside a re-run that began since", async () => {
    const id = await givenUp();
    await world.client.trigger("g", second);
    await world.settle();
    await expect(world.client.retryRun(id)).rejects.toMatchObject({
      code: "RUN_STATE_ILLEGAL",
      message: expect.stringContaining("which is made alone"),
    });
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    await world.client.retryRun(id);
    expect(await open()).toEqual([[2, true]]);
  });

  it("and not in front of increments that are planned already, which it would replace", async () => {
    const id = await givenUp();
    store.before("changeRuns", () => world.fireAt("g", T0 + 3 * HOUR));
    await expect(world.client.retryRun(id)).rejects.toMatchObject({
      code: "RUN_STATE_ILLEGAL",
      message: expect.stringContaining("other runs follow"),
    });
    expect(await open()).toEqual([[2.5, false]]);
  });

  it("so that increments of a lane that takes several at once wait for it, however late it was retried", async () => {
    const id = await givenUp({ overlap: "allow" });
    store.before("plan", () => world.client.retryRun(id));
    await world.fireAt("g", T0 + 3 * HOUR);
    expect(await open()).toEqual([[2, true]]);
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    expect(await open()).toEqual([[2.5, false]]);
  });
});
