import { describe, expect, it } from "@jest/globals";
import { Bench, hour } from "../support/bench.js";

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
});
