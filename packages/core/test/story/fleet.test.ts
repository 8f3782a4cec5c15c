import { describe, expect, it } from "@jest/globals";
import type { ClockSkewEvent, ClockSteppedEvent } from "../../src/events/events.js";
import { Bench, hour } from "../support/bench.js";
import { Fleet } from "../support/fleet.js";
import { T0 } from "../support/instants.js";
import { SUCCEEDED } from "../support/scripted-operator.js";

const everyTenSeconds = {
  groupId: "orders",
  trigger: { type: "period", every: 10, unit: "second" },
  startTime: T0,
} as const;

describe.each([2_000, 12_000, 30_000])(
  "a manager whose clock is ahead of the store's by %i ms",
  (aheadMs) => {
    it("submits no interval before it has closed by the store's clock", async () => {
      const fleet = new Fleet();
      const submittedAt: number[] = [];
      fleet.operator.answer = ({ upperBound }) => {
        submittedAt.push(fleet.clock.now() - Number(upperBound));
        return SUCCEEDED;
      };
      const { tidegate, engine } = fleet.add(aheadMs);
      fleet.add(0);
      await fleet.start();
      await tidegate.client.register(everyTenSeconds);
      for (let second = 0; second < 40; second += 1) {
        await engine.fire("orders", T0 + second * 1_000);
        await fleet.pass(1_000);
      }
      expect(submittedAt.length).toBeGreaterThanOrEqual(3);
      for (const late of submittedAt) expect(late).toBeGreaterThanOrEqual(0);
      expect(await tidegate.client.audit("orders")).toMatchObject({ isComplete: true });
    });

    it("takes over no run whose holder is alive, and one of a dead holder when its lease is over", async () => {
      const fleet = new Fleet();
      fleet.operator.answer = () => "runs";
      const dispatcher = { leaseMs: 6_000, pollMs: 500 };
      const holder = fleet.add(0, { dispatcher });
      await fleet.start();
      await holder.tidegate.client.register(everyTenSeconds);
      await fleet.pass(10_000);
      await holder.engine.fire("orders", T0 + 10_000);
      await fleet.pass(1_000);
      const ahead = fleet.add(aheadMs, { dispatcher });
      await ahead.tidegate.start();
      await fleet.pass(30_000);
      expect(fleet.operator.lookups).toEqual([]);
      const [held] = (await fleet.store.listRuns({}, {})).items;
      holder.isAlive = false;
      const leaseLeft = held!.leaseUntil! - fleet.clock.now();
      await fleet.pass(leaseLeft - 200);
      expect(fleet.operator.lookups).toEqual([]);
      await fleet.pass(3_000);
      expect(fleet.operator.lookups).toHaveLength(1);
      expect(fleet.operator.doubles).toEqual([]);
    });
  },
);

describe("a fleet's clock", () => {
  it.each([
    [2_000, []],
    [12_000, [12_000]],
    [-30_000, [-30_000]],
  ])("that is off by %i ms is told of where that is too much", async (aheadMs, told) => {
    const fleet = new Fleet();
    const { tidegate } = fleet.add(aheadMs);
    const events: ClockSkewEvent[] = [];
    tidegate.events.on("clock-skew", (event) => events.push(event));
    await fleet.start();
    expect(events.map(({ skewMs }) => skewMs)).toEqual(told);
    await tidegate.stop();
  });

  it("that is off by far is refused", async () => {
    const fleet = new Fleet();
    const { tidegate, clock } = fleet.add(3_600_000);
    await expect(fleet.start()).rejects.toMatchObject({
      code: "CLOCK_SKEWED",
      message: expect.stringContaining("3600000 ms ahead of"),
    });
    expect(clock.pendingTimers).toBe(0);
    await tidegate.stop();
  });

  it("is measured again, so that one that goes wrong later is told of, and moves nothing", async () => {
    const fleet = new Fleet();
    const { tidegate, clock, engine } = fleet.add(0);
    const skews: ClockSkewEvent[] = [];
    const steps: ClockSteppedEvent[] = [];
    tidegate.events.on("clock-skew", (event) => skews.push(event));
    tidegate.events.on("clock-stepped", (event) => steps.push(event));
    await fleet.start();
    await tidegate.client.register(everyTenSeconds);
    clock.set(T0 + 3_600_000);
    await engine.fire("orders", T0 + 10_000);
    await fleet.pass(1_000);
    expect(steps).toEqual([{ stepMs: 3_600_000 }]);
    // The machines' clocks of the test are up to a step apart.
    expect(skews.map(({ skewMs }) => Math.round(skewMs / 1_000))).toEqual([3_600]);
    expect(fleet.operator.submissions).toEqual([]);
    await tidegate.stop();
  });

  it("goes on without the store, by elapsed time", async () => {
    const fleet = new Fleet();
    const { tidegate, engine } = fleet.add(5_000);
    await fleet.start();
    await tidegate.client.register(everyTenSeconds);
    fleet.store.now = () => Promise.reject(new Error("away"));
    const troubles: string[] = [];
    tidegate.events.on("trouble", ({ where }) => troubles.push(where));
    await fleet.pass(70_000);
    await engine.fire("orders", T0 + 70_000);
    await fleet.pass(2_000);
    expect(troubles).toEqual(["clock"]);
    expect((await fleet.store.listRuns({}, {})).items.at(-1)!.upper).toBe(T0 + 70_000);
    await tidegate.stop();
  });
});

describe("a single manager whose machine's clock is set", () => {
  it("tells of the step, and plans by the new time", async () => {
    const bench = await Bench.started();
    const steps: number[] = [];
    bench.tidegate.events.on("clock-stepped", ({ stepMs }) => steps.push(stepMs));
    await bench.client.register({ groupId: "orders", trigger: { type: "period", every: 1, unit: "hour" } });
    await bench.fireAt(2);
    expect(steps).toEqual([2 * 3_600_000]);
    expect(bench.intervals).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  it("back plans nothing again, and goes on when the next interval has closed", async () => {
    const bench = await Bench.started();
    await bench.client.register({ groupId: "orders", trigger: { type: "period", every: 1, unit: "hour" } });
    await bench.fireAt(2);
    await bench.fireAt(1);
    await bench.fireAt(3);
    expect(bench.intervals.map(([lower]) => lower)).toEqual([0, 1, 2]);
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true, range: { upper: hour(3) } });
  });
});
