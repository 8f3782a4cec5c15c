import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import { shared } from "../support/fleet.js";
import { InterleavingStore } from "../support/interleaving-store.js";
import { hourly } from "../support/schedules.js";
import { World } from "../support/world.js";

let store: InterleavingStore;
let world: World;
/** Another manager of the same store. */
let rival: World;

beforeEach(async () => {
  const clock = new VirtualClock();
  store = new InterleavingStore({ clock });
  world = await World.start({ store, clock });
  rival = await World.start({ store: shared(store), clock, operator: world.operator });
  await world.client.register(hourly("orders"));
});
afterEach(async () => {
  await rival.stop();
  await world.stop();
});

/** Has others make a change of the schedule right before the next one. */
const meanwhile = (change: () => Promise<unknown>): void => store.before("changeSchedules", change);

const pause = () => world.client.pause("orders");
const resume = () => world.client.resume("orders");
const unregister = () => world.client.unregister("orders");

describe("a change of a schedule that another one gets ahead of", () => {
  it.each([
    ["a pause by a pause", pause, () => rival.client.pause("orders", "mine"), "PAUSED"],
    ["an unregistration by a pause", unregister, () => rival.client.pause("orders"), "DELETED"],
    ["an unregistration by another", unregister, () => rival.client.unregister("orders"), "DELETED"],
  ])("is made all the same if the caller names no version: %s", async (_, change, other, status) => {
    meanwhile(other);
    await change();
    expect(await world.client.get("orders")).toMatchObject({ status });
  });

  it("is made all the same: a resumption by another", async () => {
    await pause();
    meanwhile(() => rival.client.resume("orders"));
    await resume();
    expect(await world.client.get("orders")).toMatchObject({ status: "REGISTERED" });
  });

  it("is refused if the caller names the version that he has seen, and that has changed", async () => {
    const { spec, version } = await world.client.get("orders");
    meanwhile(() => rival.client.update({ ...spec, description: "changed" }, { version }));
    await expect(world.client.pause("orders", "", { version })).rejects.toMatchObject({
      code: "SCHEDULE_VERSION_STALE",
    });
  });

  it("is refused if the schedule no longer permits it", async () => {
    meanwhile(() => rival.client.unregister("orders"));
    await expect(pause()).rejects.toMatchObject({ code: "SCHEDULE_STATUS_ILLEGAL" });
  });
});
