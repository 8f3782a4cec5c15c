import { describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { Bench, HOUR, hour, running } from "../support/bench.js";
import { T0 } from "../support/instants.js";
import { PurgeStore } from "../support/purge-store.js";
import { SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

const hourly = (rest: Partial<ScheduleInfo> = {}): ScheduleInfo => ({
  groupId: "orders",
  trigger: { type: "period", every: 1, unit: "hour" },
  startTime: hour(0),
  ...rest,
});

const keys = (bench: Bench): string[] =>
  bench.operator.submissions.map(({ idempotencyKey }) => idempotencyKey);

describe("a group that is purged and registered again", () => {
  it("submits its new job under a key that was never used before", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly({ job: { name: "old" } }));
    await bench.fireAt(1);
    await bench.client.unregister("orders", { purge: true });
    await bench.client.register(hourly({ job: { name: "new" } }));
    await bench.engine.fire("orders", hour(1));
    await bench.clock.settle();
    expect(bench.operator.submissions.map(({ job }) => job)).toEqual([{ name: "old" }, { name: "new" }]);
    expect(new Set(keys(bench)).size).toBe(2);
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true, succeeded: { runs: 1 } });
  });

  it("is not purged while a job is under way, and says what to do", async () => {
    const bench = await Bench.started(running);
    await bench.client.register(hourly());
    await bench.fireAt(1);
    await bench.clock.advance(15_000);
    await expect(bench.client.unregister("orders", { purge: true })).rejects.toMatchObject({
      code: "SCHEDULE_STATUS_ILLEGAL",
      message: expect.stringContaining("purge again"),
    });
    const [run] = (await bench.client.runs({ groupId: "orders" })).items;
    await bench.client.cancelRun(run!.id);
    await bench.clock.advance(1_000);
    await bench.client.unregister("orders", { purge: true });
    await expect(bench.client.get("orders")).rejects.toMatchObject({ code: "SCHEDULE_NOT_FOUND" });
  });

  it.each([
    ["has failed", { maxAttempts: 1 }],
    ["waits for another attempt", { backoff: { initialMs: 60_000, maxMs: 60_000 } }],
  ] as const)("has the job stopped first that a run may have left behind which %s", async (_, rest) => {
    const bench = await Bench.started(() => "answers-late");
    await bench.client.register(hourly({ ...rest, timeoutMs: 60_000 }));
    await bench.fireAt(1);
    await bench.client.unregister("orders");
    bench.operator.findFailure = new Error("away");
    await bench.clock.advance(15 * 60_000);
    const [run] = (await bench.client.runs({ groupId: "orders" })).items;
    expect([run!.isJobOpen, ["PLANNED", "FAILED"].includes(run!.state)]).toEqual([true, true]);
    await expect(bench.client.unregister("orders", { purge: true })).rejects.toMatchObject({
      code: "SCHEDULE_STATUS_ILLEGAL",
      message: expect.stringMatching(
        /not purged: A job of run .* may still be working.*Purge it again later/,
      ),
    });
    expect(bench.operator.running).toHaveLength(1);
    bench.operator.findFailure = undefined;
    await bench.client.unregister("orders", { purge: true });
    expect(bench.operator.running).toEqual([]);
    await expect(bench.client.get("orders")).rejects.toMatchObject({ code: "SCHEDULE_NOT_FOUND" });
  });

  it("is purged with force although a job that was left behind cannot be stopped", async () => {
    const bench = await Bench.started(() => ({ throws: new Error("connection reset"), hasStarted: true }));
    await bench.client.register(hourly({ maxAttempts: 1 }));
    await bench.fireAt(1);
    bench.operator.findFailure = new Error("away");
    await bench.client.unregister("orders", { purge: true, force: true });
    await expect(bench.client.get("orders")).rejects.toMatchObject({ code: "SCHEDULE_NOT_FOUND" });
  });

  it("is not purged while a run begins that has come since", async () => {
    const store = new PurgeStore();
    const world = await World.start({ store });
    await world.client.register({ ...hourly(), startTime: T0 });
    await world.fireAt("orders", T0 + HOUR);
    const [run] = await world.runs("orders");
    world.operator.answer = running;
    store.beforePurge = async () => {
      store.beforePurge = async () => undefined;
      // Somebody who has read the schedule before it was unregistered.
      const { offsets: _, snapshot: __, ...first } = run!;
      const again = { ...first, id: "f".repeat(32), kind: "MANUAL", generation: 1 } as const;
      await store.insertRuns([{ ...again, state: "PLANNED" }]);
      await world.client.setPool({ name: "wakes-the-dispatcher", slots: 1 });
      await world.settle();
    };
    await expect(world.client.unregister("orders", { purge: true })).rejects.toMatchObject({
      code: "SCHEDULE_STATUS_ILLEGAL",
      message: expect.stringContaining("is RUNNING"),
    });
    expect(world.operator.running).toHaveLength(1);
    world.operator.endAll();
    await world.settle();
    await world.client.unregister("orders", { purge: true });
    await world.stop();
  });

  it("gets no run of the intervals that it had before", async () => {
    const store = new (class extends MemoryStore {
      beforeInsert: () => Promise<unknown> = async () => undefined;

      override async insertRuns(...given: Parameters<MemoryStore["insertRuns"]>): Promise<boolean[]> {
        await this.beforeInsert();
        return super.insertRuns(...given);
      }
    })();
    const world = await World.start({ store });
    await world.client.register({ ...hourly(), startTime: T0 });
    await world.fireAt("orders", T0 + 2 * HOUR);
    const minutely = { ...hourly(), trigger: { type: "period", every: 20, unit: "minute" } } as const;
    store.beforeInsert = async () => {
      await world.client.unregister("orders", { purge: true });
      await world.client.register({ ...minutely, startTime: T0 + HOUR });
    };
    const again = { lower: T0 + HOUR, upper: T0 + 2 * HOUR };
    await expect(world.client.trigger("orders", again)).rejects.toMatchObject({
      code: "SCHEDULE_VERSION_STALE",
    });
    await world.fireAt("orders", T0 + 2 * HOUR);
    expect((await world.runs("orders")).map(({ kind }) => kind)).toEqual(Array(3).fill("SCHEDULED"));
    expect(await world.client.audit("orders")).toMatchObject({ isSound: true, isComplete: true });
    store.beforeInsert = () => world.client.unregister("orders", { purge: true });
    await expect(world.client.trigger("orders", again)).rejects.toMatchObject({ code: "SCHEDULE_NOT_FOUND" });
    await world.stop();
  });

  it("leaves nothing of an old attempt that the ledger lost behind the manager's back", async () => {
    const bench = await Bench.started(running);
    await bench.client.register(hourly({ job: { name: "old" } }));
    await bench.fireAt(1);
    await bench.store.purgeSchedule("orders");
    await bench.client.register(hourly({ job: { name: "new" } }));
    await bench.engine.fire("orders", hour(1));
    await bench.clock.advance(15_000);
    expect(bench.operator.submissions.map(({ job }) => job)).toEqual([{ name: "old" }, { name: "new" }]);
    bench.operator.end(keys(bench)[0]!, { state: "SUCCEEDED", metrics: { rowsRead: 1 } });
    await bench.clock.advance(15_000);
    expect((await bench.client.runs({ groupId: "orders" })).items).toMatchObject([
      { state: "RUNNING", metrics: null, id: keys(bench)[1] },
    ]);
  });

  it("keeps its ids when it is only unregistered", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly());
    const before = await bench.client.get("orders");
    await bench.client.unregister("orders");
    await bench.client.register(hourly());
    expect((await bench.client.get("orders")).incarnation).toBe(before.incarnation);
  });
});

describe("a store that may have lost what it had recorded", () => {
  it("after an opening has the first attempts at what was due before look for their jobs", async () => {
    const bench = await Bench.started(running);
    await bench.client.register(hourly());
    await bench.client.register(hourly({ groupId: "backup" }));
    const [planned] = await bench.store.getSchedules(["orders"]);
    await bench.fireAt(1);
    const [key] = keys(bench);
    bench.operator.end(key!, SUCCEEDED);
    await bench.clock.settle();
    await bench.tidegate.stop();
    // The backup that is restored is from before the job was submitted.
    await bench.store.open();
    await bench.store.purgeSchedule("orders");
    await bench.store.insertSchedules([{ ...planned!, laneWidth: 1, tzdata: "2025c" }]);
    await bench.restart();
    await bench.engine.fire("orders", bench.clock.now());
    await bench.clock.advance(1_000);
    expect(keys(bench)).toEqual([key]);
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true });
  });

  it("has no lookups for what falls due later, nor for a ledger that began since", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly({ startTime: hour(-3) }));
    await bench.fireAt(2);
    expect(bench.operator.submissions).toHaveLength(5);
    expect(bench.operator.lookups).toEqual([]);
  });

  it("after it was away does so for what was due by then", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly());
    await bench.fireAt(1);
    const { claim } = bench.store;
    bench.store.claim = () => Promise.reject(new Error("fail-over"));
    await bench.fireAt(2);
    bench.store.claim = claim;
    await bench.clock.advance(5_000);
    expect(bench.operator.lookups).toHaveLength(1);
    await bench.fireAt(3);
    expect(bench.operator.lookups).toHaveLength(1);
  });
});

describe("a run of an interval whose earlier run has ended while its job may be at work", () => {
  it.each([["trigger"], ["backfill"]] as const)("by %s has that job stopped first", async (how) => {
    const bench = await Bench.started(() => ({ throws: new Error("connection reset"), hasStarted: true }));
    await bench.client.register(hourly({ maxAttempts: 1 }));
    await bench.fireAt(1);
    const [first] = bench.operator.running;
    bench.operator.findFailure = new Error("away");
    bench.operator.answer = () => SUCCEEDED;
    if (how === "trigger") await bench.client.trigger("orders", { lower: hour(0), upper: hour(1) });
    else await bench.client.backfill({ groupId: "orders", from: hour(0), to: hour(1), select: "failed" });
    await bench.clock.advance(10_000);
    expect(keys(bench)).toHaveLength(1);
    bench.operator.findFailure = undefined;
    await bench.clock.advance(60_000);
    expect(bench.operator.cancellations).toEqual([first]);
    expect(keys(bench)).toHaveLength(2);
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true, doubtful: [] });
  });

  it("takes its success over where it turns out to have succeeded", async () => {
    const bench = await Bench.started(() => ({ throws: new Error("connection reset"), hasStarted: true }));
    await bench.client.register(hourly({ maxAttempts: 1 }));
    await bench.fireAt(1);
    bench.operator.endAll({ state: "SUCCEEDED", metrics: { rowsWritten: 7 } });
    await bench.client.backfill({ groupId: "orders", from: hour(0), to: hour(1), select: "incomplete" });
    await bench.clock.advance(10_000);
    expect(keys(bench)).toHaveLength(1);
    expect(await bench.client.audit("orders")).toMatchObject({
      isComplete: true,
      rowsWritten: 7,
      doubtful: [],
    });
  });
});

describe("a schedule that is unregistered while a run of it waits for another attempt", () => {
  const unclear = async (): Promise<Bench> => {
    const bench = await Bench.started(() => ({ throws: new Error("connection reset"), hasStarted: true }));
    await bench.client.register(hourly({ backoff: { initialMs: 60_000, maxMs: 60_000 } }));
    await bench.fireAt(1);
    return bench;
  };

  it("has the job stopped that the run may have left behind", async () => {
    const bench = await unclear();
    await bench.client.unregister("orders");
    expect(bench.operator.running).toEqual([]);
    expect((await bench.client.runs({ groupId: "orders" })).items).toMatchObject([
      { state: "CANCELLED", reason: "unregistered", isJobOpen: false },
    ]);
  });

  it("counts the job as done that has succeeded meanwhile", async () => {
    const bench = await unclear();
    bench.operator.endAll(SUCCEEDED);
    await bench.client.unregister("orders");
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true, doubtful: [] });
  });

  it("says in the audit when it cannot be stopped, and finds it when the group is registered again", async () => {
    const bench = await unclear();
    bench.operator.findFailure = new Error("away");
    await bench.client.unregister("orders");
    expect(await bench.client.audit("orders")).toMatchObject({
      isSound: false,
      doubtful: [{ lower: hour(0), upper: hour(1) }],
    });
    bench.operator.findFailure = undefined;
    bench.operator.answer = () => SUCCEEDED;
    await bench.client.register(hourly());
    await bench.clock.advance(10_000);
    bench.operator.endAll(SUCCEEDED);
    await bench.clock.advance(10_000);
    expect(keys(bench)).toHaveLength(1);
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true, doubtful: [] });
  });
});

describe("a schedule that pauses after a failure", () => {
  it("is paused once where two runs fail together, and without a trouble", async () => {
    const bench = await Bench.started(running);
    await bench.client.register(
      hourly({ overlap: "allow", maxAttempts: 1, onFailure: "pause", startTime: hour(0) }),
    );
    await bench.fireAt(2);
    bench.operator.endAll({ state: "FAILED", error: { code: "JOB_FAILED", message: "no" } });
    await bench.clock.advance(1_000);
    expect(await bench.client.get("orders")).toMatchObject({ status: "PAUSED" });
    expect(bench.troubles).toEqual([]);
  });

  it("is paused also when the last failure comes as the manager stops", async () => {
    const bench = await Bench.started(running);
    await bench.client.register(hourly({ maxAttempts: 1, onFailure: "pause" }));
    await bench.fireAt(1);
    const stopped = bench.tidegate.stop();
    await bench.clock.settle();
    bench.operator.endAll({ state: "FAILED", error: { code: "JOB_FAILED", message: "no" } });
    await bench.clock.advance(5_000);
    await stopped;
    await bench.store.open();
    expect(await bench.store.getSchedules(["orders"])).toMatchObject([{ status: "PAUSED" }]);
    expect(bench.troubles).toEqual([]);
  });

  it("is left alone where it was unregistered meanwhile", async () => {
    const bench = await Bench.started(running);
    await bench.client.register(hourly({ maxAttempts: 1, onFailure: "pause" }));
    await bench.fireAt(1);
    await bench.client.unregister("orders");
    bench.operator.endAll({ state: "FAILED", error: { code: "JOB_FAILED", message: "no" } });
    await bench.clock.advance(1_000);
    expect(bench.troubles).toEqual([]);
  });
});
