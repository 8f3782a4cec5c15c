import { afterEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import { StoreError } from "../../src/errors/errors.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import type { ScheduleStore } from "../../src/store/schedule-store.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { SUCCEEDED } from "../support/scripted-operator.js";
import { World, type WorldOptions } from "../support/world.js";

const GROUP = "orders";

let world: World;
const begin = async (more: Partial<ScheduleInfo>, options: WorldOptions = {}): Promise<World> => {
  world = await World.start(options);
  world.operator.answer = () => "runs";
  await world.client.register(hourly(GROUP, more));
  return world;
};
afterEach(() => world.stop());

/** Gives all work in progress its turns, also from inside a call of the store, where time must not pass. */
const settle = async (): Promise<void> => {
  for (let round = 0; round < 5; round += 1) await world.clock.settle();
};

/** Has something happen once, in the middle of a store's next call of a name: before it is made, or after. */
function during<Name extends "plan" | "getSchedules" | "listBackfills">(
  name: Name,
  moment: "before" | "after",
  happens: () => Promise<void>,
): void {
  const store = world.store as ScheduleStore;
  const call = store[name] as (...args: unknown[]) => Promise<unknown>;
  (store[name] as unknown) = async (...args: unknown[]) => {
    (store[name] as unknown) = call;
    if (moment === "before") await happens();
    const answer = await call.apply(store, args);
    if (moment === "after") await happens();
    return answer;
  };
}

const endAll = async (): Promise<void> => {
  world.operator.endAll(SUCCEEDED);
  await settle();
};

/** The intervals of the group's runs, in hours since T0, with their states. */
const ledger = async (): Promise<[number, number, string][]> =>
  (await world.runs(GROUP)).map(({ lower, upper, state }) => [
    (lower - T0) / HOUR,
    (upper - T0) / HOUR,
    state,
  ]);

const SECOND_RUNS = [
  [0, 1, "SUCCEEDED"],
  [1, 2, "RUNNING"],
];

describe("a run that ends while the next fire is being put off for it", () => {
  describe.each(["coalesce-pending", "cancel-running"] as const)("(%s)", (overlap) => {
    it.each([
      ["plan", "before"],
      ["plan", "after"],
      ["getSchedules", "after"],
    ] as const)(
      "has the next interval planned at once: the end comes in %s, %s the store's part",
      async (name, moment) => {
        await begin({ overlap });
        world.operator.onCancel = undefined;
        await world.fireAt(GROUP, T0 + HOUR);
        await world.clock.advanceTo(T0 + 2 * HOUR);
        during(name, moment, endAll);
        await world.engine.fire(GROUP, T0 + 2 * HOUR);
        await world.settle();
        expect(await ledger()).toEqual(SECOND_RUNS);
        expect((await world.client.get(GROUP)).nextFireAt).toBe(T0 + 3 * HOUR);
      },
    );

    it("has it planned at once after a restart with the run still open", async () => {
      await begin({ overlap });
      world.operator.onCancel = undefined;
      await world.fireAt(GROUP, T0 + HOUR);
      await world.restart();
      await world.clock.advanceTo(T0 + 2 * HOUR);
      during("plan", "before", endAll);
      await world.fireAt(GROUP, T0 + 2 * HOUR);
      expect(await ledger()).toEqual(SECOND_RUNS);
    });
  });
});

describe("runs that end before it is noted that more of a backlog waits for them", () => {
  it("have the backlog planned on", async () => {
    await begin({ overlap: "queue", catchup: "each" });
    await world.client.register(hourly("other"));
    world.operator.answer = () => SUCCEEDED;
    await world.clock.advanceTo(T0 + 12 * HOUR);
    // A claim for the other group takes the planned runs along.
    during("plan", "after", async () => {
      await world.engine.fire("other", T0 + 12 * HOUR);
      await settle();
    });
    await world.engine.fire(GROUP, T0 + 12 * HOUR);
    await world.settle();
    expect(await ledger()).toEqual(Array.from({ length: 12 }, (_, n) => [n, n + 1, "SUCCEEDED"]));
  });
});

describe("a run that ends while its group is left alone after an error", () => {
  it("has the next interval planned once the error's pause is over", async () => {
    await begin({ overlap: "coalesce-pending" });
    await world.client.register(hourly("other"));
    await world.fireAt(GROUP, T0 + HOUR);
    await world.restart();
    await world.fireAt("other", T0 + 2 * HOUR);
    await world.clock.advanceTo(T0 + 3 * HOUR);
    const { getSchedules } = world.store;
    world.store.getSchedules = async () => {
      throw new StoreError("STORE_FAILED", "The row cannot be read.");
    };
    const fires = [GROUP, "other"].map((groupId) => ({ groupId, scheduledTime: T0 + 3 * HOUR }));
    await world.engine.fireMany(fires);
    world.store.getSchedules = getSchedules;
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    expect(await ledger()).toEqual([[0, 1, "SUCCEEDED"]]);
    await world.advance(MINUTE);
    expect(await ledger()).toEqual([
      [0, 1, "SUCCEEDED"],
      [1, 3, "RUNNING"],
    ]);
  });
});

describe("early fires of a group", () => {
  it("are each repeated at their time", async () => {
    await begin({ delayMs: MINUTE });
    world.operator.answer = () => SUCCEEDED;
    await world.clock.advanceTo(T0 + HOUR);
    // An engine whose clock is an hour ahead fires the next before the last is due.
    await world.engine.fire(GROUP, T0 + HOUR);
    await world.engine.fire(GROUP, T0 + 2 * HOUR);
    await world.advance(MINUTE);
    expect(await ledger()).toEqual([[0, 1, "SUCCEEDED"]]);
    await world.advance(HOUR);
    expect(await ledger()).toEqual([
      [0, 1, "SUCCEEDED"],
      [1, 2, "SUCCEEDED"],
    ]);
  });
});

describe("a run of a backfill that ends while a new manager reads its backfills", () => {
  it("has the next run planned at once", async () => {
    await begin({});
    world.operator.answer = () => SUCCEEDED;
    await world.fireAt(GROUP, T0 + 3 * HOUR);
    world.operator.answer = () => "runs";
    await world.client.backfill({
      groupId: GROUP,
      from: T0,
      to: T0 + 2 * HOUR,
      select: "all",
      concurrency: 1,
    });
    await world.settle();
    const submitted = world.operator.submissions.length;
    await world.stop();
    during("listBackfills", "after", async () => {
      await settle();
      await endAll();
    });
    await world.start();
    await world.settle();
    expect(world.operator.submissions).toHaveLength(submitted + 1);
  });
});

describe("a run that ends while other groups of a batch are read", () => {
  /** A store in memory that managers share. */
  class SharedStore extends MemoryStore {
    override readonly isShared = true;
  }

  it("takes nothing from its group's fire: the engine hears when the next one is due", async () => {
    const clock = new VirtualClock({ start: T0 });
    await begin({}, { clock, store: new SharedStore({ clock }) });
    await world.client.register(hourly("unread"));
    await world.fireAt(GROUP, T0 + HOUR);
    await world.clock.advanceTo(T0 + 2 * HOUR);
    let goOn = (): void => {};
    const mayGoOn = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    during("getSchedules", "after", async () => {
      // The plan that the end causes reads more slowly than the batch.
      during("getSchedules", "before", () => mayGoOn);
      await endAll();
    });
    const fires = ["unread", GROUP].map((groupId) => ({ groupId, scheduledTime: T0 + 2 * HOUR }));
    const [, fired] = await world.engine.fireMany(fires);
    goOn();
    expect(fired).toMatchObject({ outcome: "planned", nextFireAt: T0 + 3 * HOUR });
    await world.settle();
    expect(await ledger()).toEqual(SECOND_RUNS);
  });

  it("still hears nothing of a group that is not there", async () => {
    await begin({});
    await world.clock.advanceTo(T0 + HOUR);
    const fires = ["nobody", GROUP].map((groupId) => ({ groupId, scheduledTime: T0 + HOUR }));
    const [nobody] = await world.engine.fireMany(fires);
    expect(nobody).toMatchObject({ outcome: "inactive", nextFireAt: null });
  });
});
