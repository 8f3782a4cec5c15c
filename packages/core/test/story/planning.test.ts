import { describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { Bench, HOUR, hour, running } from "../support/bench.js";

const hourly = (rest: Partial<ScheduleInfo> = {}): ScheduleInfo => ({
  groupId: "orders",
  trigger: { type: "period", every: 1, unit: "hour" },
  ...rest,
});

describe("fires", () => {
  it("converge, whether they come late, twice, in the wrong order or not at all", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly());
    expect(await bench.fireAt(1)).toMatchObject({ outcome: "planned", planned: 1 });
    expect(await bench.fireAt(1)).toMatchObject({ outcome: "duplicate", planned: 0 });
    await bench.fireAt(4.5);
    await bench.engine.fire("orders", hour(2), hour(1));
    expect(bench.intervals).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
    expect((await bench.client.audit("orders")).isComplete).toBe(true);
  });

  it("that come early are held and repeated by themselves", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly());
    await bench.clock.advanceTo(hour(1) - 5);
    const [result] = await bench.engine.fire("orders", hour(1));
    expect(result).toMatchObject({ outcome: "held", planned: 0 });
    await bench.clock.advance(10);
    expect(bench.intervals).toEqual([[0, 1]]);
  });

  it("for one group at once plan it once", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly());
    await bench.clock.advanceTo(hour(1));
    const results = await Promise.all([
      bench.engine.fire("orders", hour(1)),
      bench.engine.fire("orders", hour(1), hour(1)),
      bench.engine.fire("orders", hour(1)),
    ]);
    await bench.clock.settle();
    expect(results.flat().filter(({ outcome }) => outcome === "planned").length).toBeGreaterThan(0);
    expect(bench.intervals).toEqual([[0, 1]]);
  });

  it("off the grid are an event and plan the grid's intervals", async () => {
    const bench = await Bench.started();
    const drifts: number[] = [];
    bench.tidegate.events.on("engine-drift", ({ scheduledTime }) => drifts.push(scheduledTime));
    await bench.client.register(hourly());
    await bench.clock.advanceTo(hour(1.2));
    await bench.engine.fire("orders", hour(1.1));
    await bench.clock.settle();
    expect(drifts).toEqual([hour(1.1)]);
    expect(bench.intervals).toEqual([[0, 1]]);
  });

  it("that never come are made good by the watchdog", async () => {
    const bench = await Bench.started();
    const silent: string[] = [];
    bench.tidegate.events.on("engine-silent", ({ groupId }) => silent.push(groupId));
    await bench.client.register(hourly());
    await bench.clock.advanceTo(hour(1) + 120_000);
    expect(silent).toEqual(["orders"]);
    expect(bench.intervals).toEqual([[0, 1]]);
  });
});

describe("catch-up", () => {
  it("runs one interval per missed fire, oldest first", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly());
    await bench.fireAt(3);
    expect(bench.intervals).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  it("coalesces what was missed into one run", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly({ catchup: "coalesce" }));
    await bench.fireAt(3);
    expect(bench.intervals).toEqual([[0, 3]]);
    expect((await bench.client.describe("orders")).counts.byReason).toEqual({ "catchup-coalesced": 3 });
  });

  it("drops all but the newest, as a skipped run that says so", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly({ catchup: "drop" }));
    await bench.fireAt(3);
    expect(bench.intervals).toEqual([[2, 3]]);
    const { notRun } = await bench.client.describe("orders");
    expect(notRun).toMatchObject([
      { state: "SKIPPED", reason: "catchup-dropped", intervals: 2, lower: hour(0), upper: hour(2) },
    ]);
    expect(await bench.client.audit("orders")).toMatchObject({ isSound: true, isComplete: false, gaps: [] });
  });

  it("reaches back as far as its window", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly({ catchupWindowMs: HOUR }));
    await bench.fireAt(4);
    expect(bench.intervals).toEqual([
      [2, 3],
      [3, 4],
    ]);
  });
});

describe("overlap", () => {
  const overlapping = async (rest: Partial<ScheduleInfo>): Promise<Bench> => {
    const bench = await Bench.started(running);
    await bench.client.register(hourly(rest));
    await bench.fireAt(1);
    await bench.fireAt(2);
    await bench.fireAt(3);
    return bench;
  };
  it("queues: one at a time, in order", async () => {
    const bench = await overlapping({});
    expect(bench.intervals).toEqual([[0, 1]]);
    await bench.endNewest();
    await bench.endNewest();
    expect(bench.intervals).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  it("allows as many as it is told", async () => {
    const bench = await overlapping({ overlap: "allow", maxActiveRuns: 2 });
    expect(bench.intervals).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  it("coalesces what waits into one run", async () => {
    const bench = await overlapping({ overlap: "coalesce-pending" });
    expect(bench.intervals).toEqual([[0, 1]]);
    await bench.endNewest();
    expect(bench.intervals).toEqual([
      [0, 1],
      [1, 3],
    ]);
  });

  it("cancels the active run and has the next cover both", async () => {
    const bench = await Bench.started(running);
    await bench.client.register(hourly({ overlap: "cancel-running" }));
    await bench.fireAt(1);
    await bench.fireAt(2);
    await bench.clock.settle();
    await bench.clock.settle();
    expect(bench.intervals).toEqual([
      [0, 1],
      [0, 2],
    ]);
    expect(bench.operator.cancellations).toEqual([bench.operator.submissions[0]!.idempotencyKey]);
    await bench.endNewest();
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true, range: { upper: hour(2) } });
  });

  it("drops only when it is told to, and says so", async () => {
    const bench = await overlapping({ overlap: "drop" });
    await bench.endNewest();
    expect(bench.intervals).toEqual([[0, 1]]);
    expect((await bench.client.describe("orders")).counts.byReason).toEqual({ "overlap-dropped": 2 });
  });
});

describe("updates, pauses and restarts", () => {
  it("continue at the watermark, without gap or overlap", async () => {
    const bench = await Bench.started();
    const { schedule } = await bench.client.register(hourly());
    await bench.fireAt(2);
    await bench.client.update(
      hourly({ trigger: { type: "period", every: 90, unit: "minute", anchor: hour(0) } }),
      schedule,
    );
    await bench.fireAt(3);
    await bench.client.pause("orders", "maintenance");
    expect(await bench.fireAt(5)).toMatchObject({ outcome: "inactive" });
    await bench.client.resume("orders");
    await bench.fireAt(6);
    await bench.restart();
    await bench.fireAt(7.5);
    expect(bench.intervals).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4.5],
      [4.5, 6],
      [6, 7.5],
    ]);
    expect((await bench.client.audit("orders")).isComplete).toBe(true);
    expect((await bench.client.describe("orders")).versions).toHaveLength(2);
  });

  it.each<[string, (bench: Bench, info: ScheduleInfo) => Promise<unknown>]>([
    ["an update", ({ client }, info) => client.update({ ...info, description: "slow" }, { version: 1 })],
    [
      "a pause",
      async ({ client }) => {
        await client.pause("orders");
        await client.resume("orders");
      },
    ],
  ])("keep intervals beyond the catch-up window that wait for earlier runs: %s", async (_, change) => {
    const bench = await Bench.started(running);
    const info = hourly({ catchupWindowMs: 2 * HOUR });
    await bench.client.register(info);
    await bench.clock.advanceTo(hour(10.1));
    const end = async (): Promise<void> => {
      bench.operator.endAll();
      await bench.clock.settle();
    };
    // Those that were planned ahead have run, and the rest is planned one by one.
    for (let ended = 0; ended < 5; ended += 1) await end();
    await change(bench, info);
    for (let ended = 0; ended < 5; ended += 1) await end();
    expect(bench.intervals).toEqual(Array.from({ length: 10 }, (_, n) => [n, n + 1]));
    expect((await bench.client.audit("orders")).isComplete).toBe(true);
  });

  it("of a clock that steps an hour back and forth lose and double nothing", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly());
    await bench.fireAt(2);
    bench.clock.set(hour(1));
    await bench.engine.fire("orders", hour(1));
    await bench.clock.settle();
    bench.clock.set(hour(4));
    await bench.engine.fire("orders", hour(4));
    await bench.clock.settle();
    expect(bench.intervals).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
  });
});
