import { afterEach, describe, expect, it } from "@jest/globals";
import { HOUR, T0 } from "../support/instants.js";
import { ManualEngine } from "../support/manual-engine.js";
import { hourly } from "../support/schedules.js";
import { SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

let world: World;
afterEach(() => world.stop());

const hour = (n: number): number => T0 + n * HOUR;
const moved = (engine: string) => hourly("g", { engine });

/** A group on the first of two engines. */
async function onFirst(): Promise<ManualEngine> {
  const second = new ManualEngine({ engineType: "second" });
  world = await World.start({ moreEngines: [second] });
  await world.client.register(hourly("g"));
  return second;
}

/** The engines that hold the group, with the version that they hold. */
const holders = (second: ManualEngine) => ({
  first: world.engine.held.get("g"),
  second: second.held.get("g"),
});

describe("a group that an update moves to another engine", () => {
  it("is held by the new one alone, and keeps its ledger and its backlog", async () => {
    const second = await onFirst();
    world.operator.answer = () => "runs";
    await world.fireAt("g", hour(5));
    const { schedule } = await world.client.update(moved("second"), { version: 1 });
    expect(schedule).toMatchObject({ status: "REGISTERED", version: 2, spec: { engine: "second" } });
    expect(holders(second)).toEqual({ first: undefined, second: 2 });
    expect(second.calls).toEqual(["register g@2"]);
    world.operator.answer = () => SUCCEEDED;
    world.operator.endAll();
    await world.clock.advanceTo(hour(6));
    await second.fire("g", hour(6));
    await world.settle();
    expect(await world.client.audit("g")).toMatchObject({
      isComplete: true,
      succeeded: { runs: 6 },
      owed: null,
    });
    await world.client.update({ ...moved("second"), description: "later" }, { version: 2 });
    expect(world.engine.calls.filter((call) => call.startsWith("unregister"))).toHaveLength(1);
  });

  it("may be fired by both in between: each interval runs once", async () => {
    const second = await onFirst();
    world.engine.failure = new Error("unreachable");
    await world.client.update(moved("second"), { version: 1 });
    expect(await world.client.get("g")).toMatchObject({
      status: "FAILED",
      statusReason: expect.stringContaining("unreachable"),
    });
    expect(holders(second)).toEqual({ first: 1, second: 2 });
    for (let n = 1; n <= 3; n += 1) {
      await world.clock.advanceTo(hour(n));
      await Promise.all([world.engine.fire("g", hour(n)), second.fire("g", hour(n))]);
    }
    await world.settle();
    expect(await world.client.audit("g")).toMatchObject({ isComplete: true, succeeded: { runs: 3 } });
    expect(world.operator.doubles).toEqual([]);
    world.engine.failure = undefined;
    await world.advance(6 * HOUR);
    expect(holders(second)).toEqual({ first: undefined, second: 2 });
    expect(await world.client.get("g")).toMatchObject({ status: "REGISTERED", statusReason: null });
  });

  it.each<[string, (second: ManualEngine) => void]>([
    [
      "before the new engine was told",
      (second) => {
        second.failure = new Error("killed");
      },
    ],
    [
      "before the old engine was told",
      () => {
        world.engine.failure = new Error("killed");
      },
    ],
    [
      "before it was noted that both know",
      () => {
        const { changeSchedules } = world.store;
        let calls = 0;
        world.store.changeSchedules = async (changes) => {
          calls += 1;
          if (calls > 1) throw new Error("killed");
          return changeSchedules.call(world.store, changes);
        };
      },
    ],
  ])("is held by the new one alone when a manager that was killed %s is back", async (_, kill) => {
    const second = await onFirst();
    kill(second);
    await world.client.update(moved("second"), { version: 1 }).catch(() => undefined);
    await world.stop();
    second.failure = undefined;
    world.engine.failure = undefined;
    Reflect.deleteProperty(world.store, "changeSchedules");
    await world.start();
    await world.settle();
    expect(holders(second)).toEqual({ first: undefined, second: 2 });
    expect(await world.client.get("g")).toMatchObject({ status: "REGISTERED", version: 2 });
  });

  it("is released by the old one also while it is paused, and by all when it is unregistered", async () => {
    const second = await onFirst();
    await world.client.pause("g");
    await world.client.update(moved("second"), { version: 1 });
    expect(holders(second)).toEqual({ first: undefined, second: undefined });
    await world.client.resume("g");
    expect(holders(second)).toEqual({ first: undefined, second: 2 });
    world.engine.held.set("g", 1);
    await world.client.unregister("g");
    expect(holders(second)).toEqual({ first: undefined, second: undefined });
  });

  it("goes back and forth", async () => {
    const second = await onFirst();
    await world.client.update(moved("second"), { version: 1 });
    await world.client.update(moved("manual"), { version: 2 });
    expect(holders(second)).toEqual({ first: 3, second: undefined });
  });

  it("stays where it is if the new engine is unknown or too coarse", async () => {
    const coarse = new ManualEngine({ engineType: "coarse", finestPeriodMs: 24 * HOUR });
    world = await World.start({ moreEngines: [coarse] });
    await world.client.register(hourly("g"));
    const update = (engine: string) => world.client.update(moved(engine), { version: 1 });
    await expect(update("steam")).rejects.toMatchObject({ code: "ENGINE_UNKNOWN" });
    await expect(update("coarse")).rejects.toMatchObject({ code: "SCHEDULE_INVALID", field: "trigger" });
    expect(await world.client.get("g")).toMatchObject({ version: 1, spec: { engine: "manual" } });
  });
});
