import { describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { SECOND, T0 } from "../support/instants.js";
import { QuickStore } from "../support/quick-store.js";
import { failed, ScriptedOperator, SUCCEEDED } from "../support/scripted-operator.js";
import { World, type WorldOptions } from "../support/world.js";

const GROUP = "orders";

/** The managers look at their store each second, so that a longer one would take a test longer. */
const STEP = 10 * SECOND;

const everyStep = (groupId: string, more: Partial<ScheduleInfo> = {}): ScheduleInfo => ({
  groupId,
  trigger: { type: "period", every: 10, unit: "second" },
  ...more,
});

/** A manager on a store with shortcuts, and what it has read and claimed since. */
async function started(options: Omit<WorldOptions, "store"> = {}) {
  const clock = options.clock ?? new VirtualClock({ start: T0 });
  const store = new QuickStore({ clock });
  const world = await World.start({ ...options, clock, store });
  await world.client.register(everyStep(GROUP));
  await world.settle();
  return { world, store, clock };
}

describe("on a store with shortcuts, a manager", () => {
  it("carries out what it plans without a claim", async () => {
    const { world, store } = await started();
    await world.fireAt(GROUP, T0 + STEP);
    expect(await world.runs(GROUP)).toMatchObject([{ state: "SUCCEEDED", attempt: 1 }]);
    expect(store.claims).toBe(0);
  });

  it("tells that a run is planned before it tells that it begins", async () => {
    const { world } = await started();
    const told: string[] = [];
    world.tidegate.events.on("runs-planned", () => told.push("planned"));
    world.tidegate.events.on("run-state", ({ run }) => told.push(run.state));
    await world.fireAt(GROUP, T0 + STEP);
    expect(told).toEqual(["planned", "SUBMITTING", "SUCCEEDED"]);
  });

  it("reads no schedule again when its run has ended and nothing is owed", async () => {
    const { world, store } = await started();
    await world.fireAt(GROUP, T0 + STEP);
    const before = store.reads;
    for (const steps of [2, 3, 4]) await world.fireAt(GROUP, T0 + steps * STEP);
    expect(await world.runs(GROUP)).toHaveLength(4);
    expect(store.reads).toBe(before);
  });

  it("drops an interval by the lane as it is, and not as it was when its last run ended", async () => {
    const { world } = await started();
    await world.client.register(
      everyStep("drops", { overlap: "drop", onFailure: "continue", maxAttempts: 1 }),
    );
    world.operator.answer = () => failed("no rows");
    await world.fireAt("drops", T0 + STEP);
    const [first] = await world.runs("drops");
    world.operator.answer = () => "runs";
    await world.client.retryRun(first!.id);
    await world.settle();
    await world.fireAt("drops", T0 + 2 * STEP);
    expect(await world.runs("drops")).toMatchObject([
      { state: "RUNNING" },
      { state: "SKIPPED", reason: "overlap-dropped" },
    ]);
  });

  it("carries out a backlog in its order, run after run", async () => {
    const { world, store } = await started();
    await world.fireAt(GROUP, T0 + STEP);
    const before = store.claims;
    await world.fireAt(GROUP, T0 + 12 * STEP);
    const runs = await world.runs(GROUP);
    expect(runs.map(({ state, lower }) => [state, lower])).toEqual(
      Array.from({ length: 12 }, (_, step) => ["SUCCEEDED", T0 + step * STEP]),
    );
    // Those that were planned ahead when it was fired are claimed; the rest is planned as runs end.
    expect(store.claims - before).toBeLessThanOrEqual(5);
    expect((await world.client.describe(GROUP)).schedule.nextFireAt).toBe(T0 + 13 * STEP);
  });

  it("claims nothing beyond its room; what is left is carried out once there is some", async () => {
    const { world } = await started({ dispatcher: { maxConcurrentRuns: 1 } });
    await world.client.register(everyStep("refunds"));
    world.operator.answer = () => "runs";
    await world.fireAt(GROUP, T0 + STEP);
    await world.fireAt("refunds", T0 + STEP);
    expect(await world.runs("refunds")).toMatchObject([{ state: "PLANNED" }]);
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    expect(await world.runs("refunds")).toMatchObject([{ state: "RUNNING" }]);
  });

  it("leaves a run behind those that waited before it", async () => {
    const { world } = await started({ dispatcher: { maxConcurrentRuns: 1 } });
    for (const groupId of ["first", "second"]) await world.client.register(everyStep(groupId));
    world.operator.answer = () => "runs";
    await world.fireAt(GROUP, T0 + STEP);
    await world.fireAt("first", T0 + STEP);
    await world.advance(SECOND);
    await world.fireAt("second", T0 + STEP);
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    expect(await world.runs("first")).toMatchObject([{ state: "RUNNING" }]);
    expect(await world.runs("second")).toMatchObject([{ state: "PLANNED" }]);
  });

  it("leaves runs of an operator that it lacks to others", async () => {
    const { world, clock, store } = await started();
    const other = await World.start({ clock, store, operator: new ScriptedOperator("other") });
    await other.fireAt(GROUP, T0 + STEP);
    await world.advance(SECOND);
    expect(store.claims).toBe(1);
    expect(await world.runs(GROUP)).toMatchObject([{ state: "SUCCEEDED" }]);
  });

  it("keeps a run that it has planned and not submitted: its successor asks for the job first", async () => {
    const { world } = await started();
    world.operator.answer = () => "runs";
    await world.fireAt(GROUP, T0 + STEP);
    await world.restart();
    world.operator.endAll(SUCCEEDED);
    await world.advance(31 * SECOND);
    expect(world.operator.submissions).toHaveLength(1);
    expect(await world.runs(GROUP)).toMatchObject([{ state: "SUCCEEDED", attempt: 1 }]);
  });
});

describe("on a store with shortcuts, of two managers", () => {
  it.each(["coalesce-pending", "cancel-running"] as const)(
    "the second plans on when a run has ended for which the first has put off the planning (%s)",
    async (overlap) => {
      const clock = new VirtualClock({ start: T0 });
      const store = new QuickStore({ clock });
      const second = new World({ store, clock });
      second.operator.answer = () => "runs";
      second.operator.onCancel = undefined;
      await second.start();
      await second.client.register(everyStep(GROUP, { overlap }));
      const first = new World({ store, clock, operator: new ScriptedOperator("other") });
      await first.start();
      await first.fireAt(GROUP, T0 + STEP);
      await second.advance(SECOND);
      await first.fireAt(GROUP, T0 + 2 * STEP);
      await second.advance(SECOND);
      expect(await second.runs(GROUP)).toHaveLength(1);
      second.operator.endAll(SUCCEEDED);
      await second.settle();
      expect(await second.runs(GROUP)).toMatchObject([
        { state: "SUCCEEDED" },
        { state: "RUNNING", lower: T0 + STEP, upper: T0 + 2 * STEP },
      ]);
    },
  );

  it("each plans on from where the other has planned, and reads no schedule for it", async () => {
    const { world, clock, store } = await started();
    const other = await World.start({ clock, store });
    const fire = (step: number) => (step % 2 === 0 ? world : other).fireAt(GROUP, T0 + step * STEP);
    for (const step of [1, 2]) await fire(step);
    const before = store.reads;
    for (const step of [3, 4, 5, 6]) await fire(step);
    expect(store.reads).toBe(before);
    const runs = await world.runs(GROUP);
    expect(runs.map(({ state }) => state)).toEqual(new Array(6).fill("SUCCEEDED"));
    expect((await world.client.audit(GROUP)).isSound).toBe(true);
  });
});
