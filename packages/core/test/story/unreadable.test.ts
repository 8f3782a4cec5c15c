import { describe, expect, it } from "@jest/globals";
import { MemoryStore } from "../../src/store/memory-store.js";
import { DAY, HOUR, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { World } from "../support/world.js";

const GROUPS = ["a", "future", "z"];
const UNREADABLE = { code: "SCHEDULE_UNREADABLE" };

/** Three groups of which one has run for two hours, before a newer version of Tidegate has changed its trigger. */
async function begin() {
  const store = new MemoryStore();
  const world = new World({ store, reconcileEveryMs: HOUR, watchdogEveryMs: 5_000 });
  world.clock.set(T0);
  await world.start();
  await world.client.registerMany(GROUPS.map((groupId) => hourly(groupId)));
  for (const hour of [1, 2]) {
    await world.clock.advanceTo(T0 + hour * HOUR);
    await world.engine.fireMany(GROUPS.map((groupId) => ({ groupId, scheduledTime: T0 + hour * HOUR })));
    await world.settle();
  }
  const { spec, version } = await world.client.get("future");
  const trigger = { type: "lunar" } as unknown as typeof spec.trigger;
  const changed = { spec: { ...spec, trigger }, tzdata: "2027a" };
  const expected = { version, statuses: ["REGISTERED"] } as const;
  await store.changeSchedules([{ groupId: "future", expected, updatedAt: T0, spec: changed }]);
  return world;
}

describe("a schedule that this version cannot read", () => {
  it("is listed and described with the reason, and its ledger is audited", async () => {
    const { client } = await begin();
    const reason = expect.stringContaining(
      "Update Tidegate, or update the schedule with its full definition.",
    );
    expect((await client.list()).items.map(({ unreadable }) => unreadable)).toEqual([null, reason, null]);
    const { schedule, notes, versions, next } = await client.describe("future");
    expect(schedule).toMatchObject({ unreadable: reason, watermark: T0 + 2 * HOUR });
    expect(notes).toEqual([reason]);
    expect(versions).toMatchObject([{ unreadable: null }, { unreadable: reason }]);
    expect(next.intervals).toEqual([]);
    expect(await client.audit("future")).toMatchObject({ isComplete: true, owed: null });
  });

  it("is refused to those who ask what only its definition says", async () => {
    const { client } = await begin();
    const range = { from: T0, to: T0 + HOUR };
    await expect(client.preview("future")).rejects.toMatchObject(UNREADABLE);
    await expect(client.trigger("future")).rejects.toMatchObject(UNREADABLE);
    await expect(client.backfill({ groupId: "future", ...range })).rejects.toMatchObject(UNREADABLE);
    await client.pause("future");
    await expect(client.resume("future")).rejects.toMatchObject(UNREADABLE);
  });

  it("keeps neither the watchdog nor the reconciler from the others, and its engine from nothing", async () => {
    const world = await begin();
    world.engine.held.clear();
    await world.clock.advance(DAY / 2);
    await world.settle();
    expect([...world.engine.held.keys()]).toEqual(["a", "z"]);
    for (const groupId of ["a", "z"])
      expect(await world.client.audit(groupId)).toMatchObject({
        isComplete: true,
        succeeded: { intervals: 13 },
      });
    expect(await world.client.get("future")).toMatchObject({ watermark: T0 + 2 * HOUR });
  });

  it("goes on at its watermark after an update with its full definition", async () => {
    const world = await begin();
    await world.clock.advance(3 * HOUR);
    const { schedule } = await world.client.update(hourly("future"), { version: 2 });
    expect(schedule).toMatchObject({ version: 3, unreadable: null, status: "REGISTERED" });
    await world.engine.fire("future", world.clock.now());
    await world.settle();
    expect(await world.client.audit("future")).toMatchObject({
      isComplete: true,
      range: { lower: T0, upper: T0 + 5 * HOUR },
    });
  });

  it("can be unregistered", async () => {
    const { client, engine } = await begin();
    await client.unregister("future");
    expect(await client.get("future")).toMatchObject({ status: "DELETED" });
    expect([...engine.held.keys()]).toEqual(["a", "z"]);
  });
});
