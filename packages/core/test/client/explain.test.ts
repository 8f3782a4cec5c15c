import { describe, expect, it } from "@jest/globals";
import { explainRun } from "../../src/client/explain.js";
import type { Run } from "../../src/run/run.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed, ScriptedOperator, SUCCEEDED } from "../support/scripted-operator.js";
import { World, type WorldOptions } from "../support/world.js";

const GROUP = "orders";

async function registered(info: Partial<ScheduleInfo> = {}, options: WorldOptions = {}): Promise<World> {
  const world = await World.start(options);
  await world.client.register(hourly(GROUP, { maxAttempts: 1, ...info }));
  return world;
}

/** Why the newest run waits. */
async function explained(world: World): Promise<readonly string[]> {
  const last = (await world.runs(GROUP)).at(-1)!;
  return (await world.client.explain(last.id)).reasons;
}

describe("explain", () => {
  it("names the run that blocks, however many have failed before it without blocking", async () => {
    const world = await registered({ onFailure: "continue" });
    world.operator.answer = () => failed("no");
    await world.fireAt(GROUP, T0 + 150 * HOUR);
    expect(await world.runs(GROUP, { states: ["FAILED"] })).toHaveLength(150);
    const { version } = await world.client.get(GROUP);
    await world.client.update(hourly(GROUP, { maxAttempts: 1 }), { version });
    await world.fireAt(GROUP, T0 + 152 * HOUR);
    const [blocking] = await world.runs(GROUP, { isBlocking: true });
    expect(blocking!.lower).toBe(T0 + 150 * HOUR);
    expect(await explained(world)).toEqual([expect.stringContaining(`Run ${blocking!.id}`)]);
    expect((await explained(world))[0]).toMatch(/has failed and onFailure is "block"; retry or cancel it/);
  });

  it("names the runs that are active", async () => {
    const world = await registered({ overlap: "allow", maxActiveRuns: 2 });
    world.operator.answer = () => "runs";
    await world.fireAt(GROUP, T0 + 3 * HOUR);
    const reasons = await explained(world);
    expect(reasons).toHaveLength(2);
    expect(reasons[0]).toMatch(/is RUNNING and overlap is "allow"/);
  });

  it("says until when a run waits for its next attempt, and why", async () => {
    const world = await registered({ maxAttempts: 2, backoff: { initialMs: HOUR, maxMs: HOUR } });
    world.operator.answer = () => failed("the disk is full");
    await world.fireAt(GROUP, T0 + HOUR);
    const [run] = await world.runs(GROUP);
    expect(run).toMatchObject({ place: "ready", wait: { reason: "retry", since: T0 + HOUR } });
    expect(await explained(world)).toEqual([
      `It waits for its next attempt until ${new Date(run!.readyAt!).toISOString()}. Attempt 1 failed: the disk is full`,
    ]);
  });

  it.each([{ to: "+999999 years" }, { from: "-999999 years" }])(
    "says what a window of a million years lacks: %j",
    async (window) => {
      const world = await registered({ dependsOn: { groupId: "daily", window, mayComeLater: true } });
      await world.client.register(hourly("daily", { startTime: T0 }));
      await world.fireAt(GROUP, T0 + HOUR);
      expect((await explained(world)).join()).toContain("daily");
    },
  );

  it("says what a gate says, and what is missing", async () => {
    const world = await registered();
    const { answer } = world.operator;
    world.operator.answer = () => "runs";
    await world.fireAt(GROUP, T0 + 2 * HOUR);
    const waiting = (await world.runs(GROUP)).at(-1)!;
    const missing = [{ lower: T0, upper: T0 + HOUR }];
    const wait = { reason: "upstream is behind", since: T0 + HOUR, missing };
    await world.store.changeRuns([
      { id: waiting.id, from: ["PLANNED"], state: "PLANNED", at: T0 + HOUR, place: "gated", wait },
    ]);
    world.operator.answer = answer;
    expect(await explained(world)).toEqual([
      "It is held by a gate since 2026-01-01T01:00:00.000Z: upstream is behind; missing: [2026-01-01T00:00:00.000Z, 2026-01-01T01:00:00.000Z).",
    ]);
  });

  it("says that a run is ready where nothing holds it", async () => {
    const world = await registered({}, { dispatcher: { maxConcurrentRuns: 1 } });
    world.operator.answer = () => "runs";
    await world.client.register(hourly("other"));
    await world.fireAt("other", T0 + HOUR);
    await world.fireAt(GROUP, T0 + HOUR);
    expect(await explained(world)).toEqual(["It is ready and waits for a manager with a free place."]);
  });
});

describe("a run whose operator is not here", () => {
  const steam = new ScriptedOperator("Steam");

  it("waits for a manager that has it, and says so", async () => {
    const world = await registered({ operator: "Steam" }, { moreOperators: [steam] });
    await world.stop();
    const other = new World({ store: world.store, clock: world.clock });
    await other.start();
    await other.fireAt(GROUP, T0 + HOUR);
    await other.advance(HOUR / 2);
    const [run] = (await other.runs(GROUP)) as [Run];
    expect(run).toMatchObject({ state: "PLANNED", place: "ready", operator: "steam", attempt: 0 });
    expect(await explained(other)).toEqual([
      expect.stringMatching(/needs operator "steam", which this manager does not have \(it has: scripted\)/),
    ]);
    expect(other.eventsOf("trouble")).toEqual([]);
    await other.stop();
    await world.start();
    expect(await world.runs(GROUP)).toMatchObject([{ state: "SUCCEEDED", attempt: 1 }]);
    expect(steam.submissions).toHaveLength(1);
  });
});

describe("resuming a schedule that was paused by a failure", () => {
  it("unblocks its lane, however many superseded failures there are before", async () => {
    const world = await registered({ onFailure: "continue" });
    world.operator.answer = () => failed("no");
    await world.fireAt(GROUP, T0 + 600 * HOUR);
    for (let from = 0; from < 600; from += 100) {
      const interval = { lower: T0 + from * HOUR, upper: T0 + (from + 100) * HOUR };
      await world.client.trigger(GROUP, interval);
      await world.settle();
    }
    expect((await world.runs(GROUP, { states: ["FAILED"] })).length).toBe(1_000);
    const { version } = await world.client.get(GROUP);
    await world.client.update(hourly(GROUP, { maxAttempts: 1, onFailure: "pause" }), { version });
    await world.fireAt(GROUP, T0 + 601 * HOUR);
    expect(await world.client.get(GROUP)).toMatchObject({ status: "PAUSED", blockingRuns: 1 });
    world.operator.answer = () => SUCCEEDED;
    await world.client.resume(GROUP);
    expect(await world.client.get(GROUP)).toMatchObject({ blockingRuns: 0 });
  });

  it("says that a cancelled run waits for its job to stop, and that others wait for it", async () => {
    const world = await registered();
    world.operator.answer = () => "runs";
    world.operator.onCancel = undefined;
    await world.fireAt(GROUP, T0 + 2 * HOUR);
    const [active] = await world.runs(GROUP);
    await world.client.cancelRun(active!.id);
    await world.settle();
    expect((await world.client.explain(active!.id)).reasons).toEqual([
      "It is RUNNING (cancelled)",
      "Its cancellation was requested; it ends when its job is known to have stopped or ended.",
    ]);
    expect(await explained(world)).toEqual([
      expect.stringMatching(/is RUNNING, although its cancellation was requested, and overlap is "queue"/),
    ]);
  });

  it("says that a job may still be working although its run has ended", async () => {
    const world = await registered();
    world.operator.answer = () => "runs";
    await world.fireAt(GROUP, T0 + HOUR);
    const [run] = await world.runs(GROUP);
    expect(run!.isJobOpen).toBe(true);
    const ended = { ...run!, state: "FAILED", place: "blocking" } as const;
    expect(
      (
        await explainRun(
          { store: world.store, clock: world.clock, operators: [], gates: [] },
          ended,
          undefined,
        )
      ).reasons[1],
    ).toMatch(/^Its job may still be working/);
  });
});
