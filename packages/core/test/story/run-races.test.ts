import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import { shared } from "../support/fleet.js";
import { HOUR, T0 } from "../support/instants.js";
import { InterleavingStore } from "../support/interleaving-store.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

let store: InterleavingStore;
let world: World;
/** Another manager of the same store. */
let rival: World;
/** The run that has failed. */
let id: string;

beforeEach(async () => {
  const clock = new VirtualClock();
  store = new InterleavingStore({ clock });
  world = await World.start({ store, clock });
  rival = await World.start({ store: shared(store), clock, operator: world.operator });
  await world.client.register(hourly("orders", { maxAttempts: 1 }));
  world.operator.answer = () => failed("broken");
  await world.fireAt("orders", T0 + HOUR);
  id = (await world.runs("orders"))[0]!.id;
  world.operator.answer = () => "runs";
});
afterEach(async () => {
  world.operator.endAll();
  await rival.stop();
  await world.stop();
});

async function retriedByRival(): Promise<void> {
  await rival.client.retryRun(id);
  await world.settle();
}

async function failedAgain(): Promise<void> {
  world.operator.endAll(failed("broken again"));
  await world.settle();
}

describe("a retry that another one gets ahead of", () => {
  it("is refused because the run is under way", async () => {
    store.before("changeRuns", retriedByRival);
    await expect(world.client.retryRun(id)).rejects.toMatchObject({
      code: "RUN_STATE_ILLEGAL",
      message: expect.stringMatching(/is RUNNING; it can be retried when it has failed/),
    });
    expect(world.operator.submissions).toHaveLength(2);
  });

  it("is made all the same if the run has failed again by the time that the reason is read", async () => {
    store.before("changeRuns", async () => {
      await retriedByRival();
      store.before("getRuns", failedAgain);
    });
    await world.client.retryRun(id);
    await world.settle();
    expect(await world.runs("orders")).toMatchObject([{ id, state: "RUNNING" }]);
    expect(world.operator.submissions).toHaveLength(3);
    expect(world.operator.doubles).toEqual([]);
  });

  it("is refused because the run is gone if its group was purged", async () => {
    store.before("changeRuns", () => rival.client.unregister("orders", { purge: true }));
    await expect(world.client.retryRun(id)).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  });
});

describe("a cancellation of a run that has ended", () => {
  it("cancels what others have made of it by the time that the reason is read", async () => {
    await world.client.cancelRun(id);
    store.before("getRuns", async () => store.before("getRuns", retriedByRival));
    await world.client.cancelRun(id);
    await world.advance(2_000);
    expect(await world.runs("orders")).toMatchObject([{ id, state: "CANCELLED" }]);
    expect(world.operator.cancellations).toHaveLength(1);
  });
});

describe("a re-run of an interval that another one gets ahead of", () => {
  const hour = { lower: T0, upper: T0 + HOUR };

  async function rerunByRival(): Promise<void> {
    await rival.client.trigger("orders", hour);
    await world.settle();
  }

  it("is refused while that is under way", async () => {
    store.before("insertRuns", rerunByRival);
    await expect(world.client.trigger("orders", hour)).rejects.toMatchObject({
      code: "RUN_STATE_ILLEGAL",
      message: expect.stringContaining("under way"),
    });
  });

  it("is another generation if that has ended", async () => {
    world.operator.answer = () => SUCCEEDED;
    store.before("insertRuns", rerunByRival);
    expect(await world.client.trigger("orders", hour)).toMatchObject([{ generation: 2 }]);
    await world.settle();
    expect(world.operator.submissions).toHaveLength(3);
    expect(await world.client.audit("orders")).toMatchObject({ isSound: true });
  });
});
