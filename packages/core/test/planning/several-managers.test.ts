import { describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import { StoreError } from "../../src/errors/errors.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { HOUR, MINUTE, SECOND, T0 } from "../support/instants.js";
import type { Fired } from "../support/manual-engine.js";
import { hourly } from "../support/schedules.js";
import { ScriptedOperator, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

/** A store in memory that managers share. */
class SharedStore extends MemoryStore {
  override readonly isShared = true;
}

const GROUP = "orders";

describe("of two managers, one that fires and one that carries out", () => {
  it.each(["coalesce-pending", "cancel-running"] as const)(
    "the second plans on when a run has ended for which the first has put off the planning (%s)",
    async (overlap) => {
      const clock = new VirtualClock({ start: T0 });
      const store = new SharedStore({ clock });
      const second = new World({ store, clock });
      second.operator.answer = () => "runs";
      second.operator.onCancel = undefined;
      await second.start();
      await second.client.register(hourly(GROUP, { overlap }));
      const first = new World({ store, clock, operator: new ScriptedOperator("other") });
      await first.start();
      await first.fireAt(GROUP, T0 + HOUR);
      await second.advance(SECOND);
      expect(second.operator.submissions).toHaveLength(1);
      await first.fireAt(GROUP, T0 + 2 * HOUR);
      await second.advance(SECOND);
      expect(await second.runs(GROUP)).toHaveLength(1);
      second.operator.endAll(SUCCEEDED);
      await second.settle();
      expect(await second.runs(GROUP)).toMatchObject([
        { state: "SUCCEEDED" },
        { state: "RUNNING", lower: T0 + HOUR, upper: T0 + 2 * HOUR },
      ]);
    },
  );
});

describe("of two managers, one that cancels a run which the other has", () => {
  /** The first manager, without an operator of its own, and the second, with a job that runs. */
  async function twoManagers(overlap: "queue" | "cancel-running") {
    const clock = new VirtualClock({ start: T0 });
    const store = new SharedStore({ clock });
    const second = new World({ store, clock });
    second.operator.answer = () => "runs";
    await second.start();
    await second.client.register(hourly(GROUP, { overlap }));
    const first = new World({ store, clock, operator: new ScriptedOperator("other") });
    await first.start();
    await second.fireAt(GROUP, T0 + HOUR);
    return { first, second };
  }

  it("has its job stopped at the second's next look, long before that renews its lease", async () => {
    const { first, second } = await twoManagers("queue");
    const [run] = await first.runs(GROUP);
    await first.client.cancelRun(run!.id);
    await second.advance(SECOND);
    expect(second.operator.running).toEqual([]);
    expect(await first.runs(GROUP)).toMatchObject([{ state: "CANCELLED", reason: "cancelled" }]);
  });

  it("has the next interval begin as soon (cancel-running)", async () => {
    const { first, second } = await twoManagers("cancel-running");
    await first.fireAt(GROUP, T0 + 2 * HOUR);
    await second.advance(SECOND);
    expect(second.operator.cancellations).toHaveLength(1);
    expect(await second.runs(GROUP)).toMatchObject([
      { state: "CANCELLED", reason: "overlap-cancelled", lower: T0 },
      { state: "RUNNING", lower: T0, upper: T0 + 2 * HOUR },
    ]);
  });
});

describe("a wake that is lost", () => {
  /** A lane with a run that goes on, and one interval that waits for it. */
  async function waiting(overlap: "coalesce-pending" | "cancel-running") {
    const clock = new VirtualClock({ start: T0 });
    const store = new SharedStore({ clock });
    const world = new World({ store, clock });
    world.operator.answer = () => "runs";
    world.operator.onCancel = undefined;
    await world.start();
    await world.client.register(hourly(GROUP, { overlap }));
    await world.fireAt(GROUP, T0 + HOUR);
    await clock.advanceTo(T0 + 2 * HOUR);
    return world;
  }

  /** Fires, and returns what came of it and how long until the next fire. */
  async function recheck(world: World): Promise<[outcome: string, inMs: number]> {
    const [{ outcome, nextFireAt }] = (await world.engine.fire(GROUP, T0 + 2 * HOUR)) as [Fired];
    return [outcome, nextFireAt! - world.clock.now()];
  }

  it.each(["coalesce-pending", "cancel-running"] as const)(
    "with the manager that recorded a run's end costs at most as long as was waited already (%s)",
    async (overlap) => {
      const world = await waiting(overlap);
      const distances: number[] = [];
      for (let look = 0; look < 8; look += 1) {
        const [outcome, inMs] = await recheck(world);
        expect(outcome).toBe("deferred");
        distances.push(inMs / SECOND);
        await world.clock.advance(inMs);
      }
      expect(distances).toEqual([2, 2, 4, 8, 16, 32, 60, 60]);
      const changeRuns = world.store.changeRuns.bind(world.store);
      world.store.changeRuns = async (changes) => {
        await changeRuns(changes);
        // As in a process that dies right after it: nothing follows.
        return new Promise(() => {});
      };
      world.operator.endAll(SUCCEEDED);
      await world.advance(MINUTE);
      expect(await world.runs(GROUP)).toMatchObject([{ state: "SUCCEEDED" }]);
      const [outcome] = await recheck(world);
      expect(outcome).toBe("planned");
    },
  );

  it("because the store was away is repeated by the manager that was to plan", async () => {
    const world = await waiting("coalesce-pending");
    expect(await recheck(world)).toEqual(["deferred", 2 * SECOND]);
    const { plan } = world.store;
    world.store.plan = async () => {
      throw new StoreError("STORE_UNAVAILABLE", "The store is away.");
    };
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    world.store.plan = plan;
    expect(await world.runs(GROUP)).toHaveLength(1);
    await world.advance(SECOND);
    expect(await world.runs(GROUP)).toHaveLength(2);
  });

  it("with a process that has the store alone is not missed after its restart", async () => {
    const world = new World({ clock: new VirtualClock({ start: T0 }) });
    world.operator.answer = () => "runs";
    await world.start();
    await world.client.register(hourly(GROUP, { overlap: "coalesce-pending" }));
    await world.fireAt(GROUP, T0 + HOUR);
    await world.fireAt(GROUP, T0 + 2 * HOUR);
    await world.restart();
    await world.settle();
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    expect(await world.runs(GROUP)).toMatchObject([
      { state: "SUCCEEDED" },
      { state: "RUNNING", lower: T0 + HOUR, upper: T0 + 2 * HOUR },
    ]);
  });
});

describe("two plans of a group at once in one manager", () => {
  it("plan its interval once, also where one of them had been refused before", async () => {
    const clock = new VirtualClock({ start: T0 });
    const store = new SharedStore({ clock });
    const world = new World({ store, clock });
    await world.start();
    await world.client.register(hourly(GROUP, { overlap: "allow" }));
    await world.clock.advanceTo(T0 + HOUR);
    const { plan, getRuns } = store;
    store.plan = async (commits) => {
      store.plan = plan;
      return commits.map(() => false);
    };
    let tellLooked!: () => void;
    let letLook!: () => void;
    const looked = new Promise<void>((resolve) => {
      tellLooked = resolve;
    });
    const mayLook = new Promise<void>((resolve) => {
      letLook = resolve;
    });
    store.getRuns = async (ids) => {
      store.getRuns = getRuns;
      tellLooked();
      await mayLook;
      return store.getRuns(ids);
    };
    const refused = world.engine.fire(GROUP, T0 + HOUR);
    await looked;
    await world.engine.fire(GROUP, T0 + HOUR);
    letLook();
    await refused;
    await world.settle();
    expect(await world.runs(GROUP)).toMatchObject([{ generation: 0, lower: T0, upper: T0 + HOUR }]);
    expect(world.operator.submissions).toHaveLength(1);
  });
});
