import { describe, expect, it } from "@jest/globals";
import { MemoryStore } from "../../src/store/memory-store.js";
import { Bench, hour } from "../support/bench.js";
import { DAY, HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { World } from "../support/world.js";

const SECOND = 1_000;

describe("the watchdog", () => {
  it("plans each silent schedule after its own grace, however many are due at one instant", async () => {
    const bench = await Bench.started();
    // More than the watchdog reads at once, and those that are to be patient with come first.
    const patient = Array.from({ length: 2_300 }, (_, index) => ({
      groupId: `a-${index}`,
      trigger: { type: "period", every: 1, unit: "hour" } as const,
      engineGraceMs: 600 * SECOND,
    }));
    const strict = Array.from({ length: 700 }, (_, index) => ({
      groupId: `b-${index}`,
      trigger: { type: "period", every: 1, unit: "hour" } as const,
      engineGraceMs: 10 * SECOND,
    }));
    await bench.client.registerMany([...patient, ...strict]);
    const silent: string[] = [];
    bench.tidegate.events.on("engine-silent", ({ groupId }) => silent.push(groupId));
    await bench.clock.advanceTo(hour(1) + 9 * SECOND);
    expect(silent).toEqual([]);
    await bench.clock.advanceTo(hour(1) + 30 * SECOND);
    expect(new Set(silent)).toEqual(new Set(strict.map(({ groupId }) => groupId)));
    await bench.clock.advanceTo(hour(1) + 620 * SECOND);
    expect(new Set(silent).size).toBe(patient.length + strict.length);
    expect(silent).toHaveLength(patient.length + strict.length);
    expect(bench.troubles).toEqual([]);
  });

  it("leaves alone what an engine fires in time, and what is paused", async () => {
    const bench = await Bench.started();
    const trigger = { type: "period", every: 1, unit: "hour" } as const;
    await bench.client.registerMany([
      { groupId: "orders", trigger },
      { groupId: "paused", trigger },
    ]);
    await bench.client.pause("paused");
    const silent: string[] = [];
    bench.tidegate.events.on("engine-silent", ({ groupId }) => silent.push(groupId));
    await bench.fireAt(1);
    await bench.clock.advanceTo(hour(1.5));
    expect(silent).toEqual([]);
  });

  it("asks nothing while nothing is due, and learns of a schedule that is", async () => {
    const store = new MemoryStore();
    const world = await World.start({ store, watchdogEveryMs: 5_000 });
    const waiting = { endTime: T0 + HOUR, dependsOn: { groupId: "deliveries" } };
    await world.client.registerSource({ groupId: "deliveries", startTime: T0 });
    await world.client.register(hourly("orders", waiting));
    await world.fireAt("orders", T0 + HOUR);
    await world.advance(MINUTE);
    const asked: string[] = [];
    const { due, listRuns } = store;
    store.due = (query) => {
      asked.push("due");
      return due.call(store, query);
    };
    store.listRuns = (filter, page) => {
      asked.push("listRuns");
      return listRuns.call(store, filter, page);
    };
    await world.clock.advance(10 * MINUTE);
    expect(asked).toEqual([]);
    expect((await world.runs("orders"))[0]).toMatchObject({ place: "gated" });
    await world.client.register(hourly("silent", { startTime: T0 + HOUR, engineGraceMs: 10_000 }));
    await world.clock.advanceTo(T0 + 2 * HOUR + MINUTE);
    await world.settle();
    expect(world.eventsOf("engine-silent")).toMatchObject([{ groupId: "silent", dueAt: T0 + 2 * HOUR }]);
    expect(await world.runs("silent")).toMatchObject([{ state: "SUCCEEDED" }]);
    await world.stop();
    await world.start();
    await world.advance(DAY);
    expect(world.eventsOf("trouble")).toEqual([]);
  });
});
