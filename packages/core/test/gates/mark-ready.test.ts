import { describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { closed, ScriptedGate } from "../support/scripted-gate.js";
import { failed } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

async function shutWorld(more: Partial<ScheduleInfo> = {}): Promise<{ world: World; gate: ScriptedGate }> {
  const gate = new ScriptedGate();
  gate.answer = () => closed({ lookAgainAt: T0 + 100 * HOUR });
  const world = await World.start({ gates: [gate] });
  const gates = { door: {} };
  await world.client.register(hourly("orders", { gates, notBefore: { afterMs: 50 * HOUR }, ...more }));
  return { world, gate };
}

describe("a run that a person marks as ready", () => {
  it("begins whatever its gates say, and keeps the note", async () => {
    const { world, gate } = await shutWorld();
    await world.fireAt("orders", T0 + HOUR);
    const { id } = (await world.runs("orders"))[0]!;
    await world.client.markReady(id, "the door is open, it only looks shut");
    await world.settle();
    expect(await world.client.getRun(id)).toMatchObject({
      state: "SUCCEEDED",
      markedReady: { at: T0 + HOUR, note: "the door is open, it only looks shut" },
    });
    expect(gate.batches).toHaveLength(1);
    expect((await world.client.explain(id)).reasons).toEqual([
      "It is SUCCEEDED",
      "Its gates were opened by hand at 2026-01-01T01:00:00.000Z: the door is open, it only looks shut.",
    ]);
  });

  it("is one run: the next one goes through the gates, and so does the next of its interval", async () => {
    const { world } = await shutWorld();
    await world.fireAt("orders", T0 + 2 * HOUR);
    const [first] = await world.runs("orders");
    await world.client.markReady(first!.id);
    await world.settle();
    const [again] = await world.client.trigger("orders", { lower: T0, upper: T0 + HOUR });
    await world.settle();
    expect(
      (await world.runs("orders")).map(({ generation, state, place }) => [generation, state, place]),
    ).toEqual([
      [0, "SUCCEEDED", "none"],
      [1, "PLANNED", "gated"],
      [0, "PLANNED", "gated"],
    ]);
    expect(again).toMatchObject({ markedReady: null });
  });

  it("passes gates that would hold it later on, such as when it is retried", async () => {
    const { world } = await shutWorld({ maxAttempts: 1 });
    await world.fireAt("orders", T0 + HOUR);
    const [run] = await world.runs("orders");
    world.operator.answer = () => failed("no space left", false);
    await world.client.markReady(run!.id);
    await world.settle();
    world.operator.answer = () => ({ state: "SUCCEEDED" });
    await world.client.retryRun(run!.id);
    await world.settle();
    expect(await world.client.getRun(run!.id)).toMatchObject({ state: "SUCCEEDED" });
  });

  it("waits for its turn and for a place all the same", async () => {
    const { world } = await shutWorld({ overlap: "allow", maxActiveRuns: 1 });
    await world.fireAt("orders", T0 + 2 * HOUR);
    world.operator.answer = () => "runs";
    for (const { id } of await world.runs("orders")) await world.client.markReady(id);
    await world.settle();
    expect((await world.runs("orders")).map(({ place }) => place)).toEqual(["active", "waiting"]);
    await world.stop();
  });

  it("begins also if its manager lacks the gate", async () => {
    const { world } = await shutWorld();
    await world.stop();
    const { store, clock, engine } = world;
    const lacking = await World.start({ store, clock, engine });
    await lacking.fireAt("orders", T0 + HOUR);
    const [run] = await lacking.runs("orders");
    await lacking.client.markReady(run!.id, "");
    await lacking.settle();
    expect((await lacking.client.explain(run!.id)).reasons[1]).toMatch(/by hand at .*: no note\.$/);
    expect(await lacking.client.getRun(run!.id)).toMatchObject({ state: "SUCCEEDED" });
  });

  it("is one that gates hold", async () => {
    const { world, gate } = await shutWorld({ notBefore: null });
    gate.answer = () => ({ isOpen: true });
    await world.fireAt("orders", T0 + HOUR);
    const [run] = await world.runs("orders");
    await expect(world.client.markReady(run!.id)).rejects.toMatchObject({
      code: "RUN_STATE_ILLEGAL",
      message: `Run ${run!.id} is SUCCEEDED; it can be marked ready when gates hold it.`,
    });
    await expect(world.client.markReady("0".repeat(32))).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  });

  it("records what it reads of the groups that it depends on, and is stale when what was missing has come", async () => {
    const world = await World.start();
    await world.client.registerSource({ groupId: "deliveries", startTime: T0 });
    await world.client.register(hourly("orders", { dependsOn: { groupId: "deliveries" } }));
    await world.fireAt("orders", T0 + HOUR);
    const { id } = (await world.runs("orders"))[0]!;
    await world.client.markReady(id);
    await world.settle();
    const hour = { lower: T0, upper: T0 + HOUR };
    expect(await world.client.getRun(id)).toMatchObject({
      state: "SUCCEEDED",
      inputs: [{ groupId: "deliveries", ...hour, missing: [hour] }],
      staleAt: null,
    });
    await world.client.reportCoverage("deliveries", hour);
    await world.settle();
    expect((await world.client.stale()).map(({ run }) => run.id)).toEqual([id]);
  });
});
