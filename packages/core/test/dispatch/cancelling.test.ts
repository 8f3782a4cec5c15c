import { describe, expect, it } from "@jest/globals";
import type { Run } from "../../src/run/run.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { Bench, HOUR, hour, running, type Script } from "../support/bench.js";
import { T0 } from "../support/instants.js";
import { SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

const MINUTE = 60_000;

const hourly = (rest: Partial<ScheduleInfo> = {}): ScheduleInfo => ({
  groupId: "orders",
  trigger: { type: "period", every: 1, unit: "hour" },
  ...rest,
});

const late: Script = () => "answers-late";

const runsOf = async (bench: Bench): Promise<readonly Run[]> =>
  (await bench.store.listRuns({ groupId: "orders" }, {})).items;

const firstRun = async (bench: Bench): Promise<Run> => (await runsOf(bench))[0]!;

/** A bench on which the first hour was fired and its job taken. */
async function withJob(script: Script, rest: Partial<ScheduleInfo> = {}): Promise<Bench> {
  const bench = await Bench.started(script);
  await bench.client.register(hourly(rest));
  await bench.fireAt(1);
  return bench;
}

/** Lets a second go by, in which nothing but what is asked again happens. */
const later = (bench: Bench, ms = 1_000): Promise<void> => bench.clock.advance(ms);

describe("a run that is cancelled while its submission is on its way", () => {
  it("stays active until the answer comes, and then has the job stopped that it names", async () => {
    const bench = await withJob(late);
    bench.operator.findFailure = new Error("away");
    await bench.client.cancelRun((await firstRun(bench)).id);
    await later(bench, MINUTE);
    expect(await firstRun(bench)).toMatchObject({ state: "SUBMITTING", isCancelRequested: true });
    bench.operator.answerNow();
    await later(bench);
    expect(bench.operator.cancellations).toHaveLength(1);
    expect(await firstRun(bench)).toMatchObject({ state: "CANCELLED", reason: "cancelled" });
  });

  it("has a job stopped that the operator finds before it answers", async () => {
    const bench = await withJob(late);
    await bench.client.cancelRun((await firstRun(bench)).id);
    await later(bench);
    expect(bench.operator.running).toEqual([]);
    expect(await firstRun(bench)).toMatchObject({ state: "CANCELLED" });
  });

  it("is not taken for one without a job as long as the answer may come", async () => {
    const bench = await withJob(() => "hangs");
    await bench.client.cancelRun((await firstRun(bench)).id);
    await later(bench, 10 * MINUTE);
    expect(bench.operator.lookups.length).toBeGreaterThan(5);
    expect(await firstRun(bench)).toMatchObject({ state: "SUBMITTING", isCancelRequested: true });
  });

  it("succeeds when its job has", async () => {
    const bench = await withJob(late);
    bench.operator.onCancel = SUCCEEDED;
    await bench.client.cancelRun((await firstRun(bench)).id);
    await later(bench);
    expect(await firstRun(bench)).toMatchObject({ state: "SUCCEEDED" });
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true });
  });

  it("keeps its interval from every other job under `cancel-running`", async () => {
    const bench = await withJob(late, { overlap: "cancel-running" });
    bench.operator.findFailure = new Error("away");
    for (const hours of [2, 3, 4]) await bench.fireAt(hours);
    await later(bench, MINUTE);
    expect(bench.intervals).toEqual([[0, 1]]);
    bench.operator.answerNow();
    bench.operator.answer = () => SUCCEEDED;
    await later(bench, 2 * MINUTE);
    await bench.fireAt(5);
    await later(bench, 2 * MINUTE);
    expect(bench.operator.running).toEqual([]);
    expect((await runsOf(bench))[0]).toMatchObject({ state: "CANCELLED", isSuperseded: true });
    expect(bench.intervals.slice(1)[0]![0]).toBe(0);
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true, range: { upper: hour(5) } });
  });
});

describe("a job that does not stop", () => {
  it("is asked again after longer and longer pauses while `cancel` fails, and its run stays active", async () => {
    const bench = await withJob(running);
    bench.operator.cancelFailure = new Error("the cluster is away");
    await bench.client.cancelRun((await firstRun(bench)).id);
    await later(bench, 5 * MINUTE);
    expect(await firstRun(bench)).toMatchObject({ state: "RUNNING", isCancelRequested: true });
    const tries = bench.operator.cancellations.length;
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(30);
    expect(bench.troubles[0]).toMatchObject({ where: "dispatcher", groupId: "orders" });
    bench.operator.cancelFailure = undefined;
    await later(bench, MINUTE);
    expect(await firstRun(bench)).toMatchObject({ state: "CANCELLED" });
  });

  it("is asked again when `cancel` hangs", async () => {
    const bench = await withJob(running);
    bench.operator.cancelFailure = "hangs";
    await bench.client.cancelRun((await firstRun(bench)).id);
    await later(bench, MINUTE);
    expect(await firstRun(bench)).toMatchObject({ state: "RUNNING" });
    bench.operator.cancelFailure = undefined;
    await later(bench, 10 * MINUTE);
    expect(await firstRun(bench)).toMatchObject({ state: "CANCELLED" });
  });

  it("although the operator says so is waited for, and its success counts", async () => {
    const bench = await withJob(running);
    bench.operator.onCancel = undefined;
    await bench.client.cancelRun((await firstRun(bench)).id);
    await later(bench, 5 * MINUTE);
    expect(await firstRun(bench)).toMatchObject({ state: "RUNNING", isCancelRequested: true });
    bench.operator.endAll(SUCCEEDED);
    await later(bench, MINUTE);
    expect(await firstRun(bench)).toMatchObject({ state: "SUCCEEDED" });
  });

  it("keeps its run's lease", async () => {
    const bench = await withJob(running);
    bench.operator.cancelFailure = new Error("away");
    await bench.client.cancelRun((await firstRun(bench)).id);
    await later(bench, 10 * MINUTE);
    expect((await firstRun(bench)).attempt).toBe(1);
    expect(bench.operator.submissions).toHaveLength(1);
  });
});

describe("a run that is cancelled and then recovered", () => {
  it("has the job stopped that the ledger knows, although `find` fails", async () => {
    const bench = await withJob(running);
    bench.operator.cancelFailure = new Error("away");
    await bench.client.cancelRun((await firstRun(bench)).id);
    await bench.restart();
    bench.operator.findFailure = new Error("away");
    bench.operator.cancelFailure = undefined;
    await later(bench, MINUTE);
    expect(bench.operator.running).toEqual([]);
    expect(await firstRun(bench)).toMatchObject({ state: "CANCELLED" });
  });

  it("waits for `find` where the ledger knows no job", async () => {
    const bench = await withJob(late);
    bench.operator.findFailure = new Error("away");
    await bench.client.cancelRun((await firstRun(bench)).id);
    await bench.restart();
    await later(bench, MINUTE);
    expect(await firstRun(bench)).toMatchObject({ state: "SUBMITTING", isCancelRequested: true });
    bench.operator.findFailure = undefined;
    await later(bench, MINUTE);
    expect(bench.operator.running).toEqual([]);
    expect(await firstRun(bench)).toMatchObject({ state: "CANCELLED" });
    expect(bench.operator.submissions).toHaveLength(1);
  });

  it("ends at once where `find` knows no job", async () => {
    const bench = await withJob(() => "hangs");
    await bench.client.cancelRun((await firstRun(bench)).id);
    await bench.restart();
    await later(bench);
    expect(await firstRun(bench)).toMatchObject({ state: "CANCELLED" });
  });
});

describe("a run that has an attempt between the look at it and its cancellation", () => {
  const lost: Script = () => ({ throws: new Error("connection reset"), hasStarted: true });

  /** A store that does something before it writes that a run is cancelled. */
  class SlowStore extends MemoryStore {
    meanwhile: () => Promise<unknown> = async () => undefined;

    override async changeRuns(...given: Parameters<MemoryStore["changeRuns"]>): Promise<boolean[]> {
      const { meanwhile } = this;
      if (given[0].some(({ state, isJobOpen }) => state === "CANCELLED" || isJobOpen === false)) {
        this.meanwhile = async () => undefined;
        await meanwhile();
      }
      return super.changeRuns(...given);
    }
  }

  const settings = { maxAttempts: 9, backoff: { initialMs: 60_000, maxMs: 60_000 } } as const;

  it("before its first has the job stopped that it may have left behind", async () => {
    const store = new SlowStore();
    const world = await World.start({ store });
    await world.client.register(hourly({ ...settings, startTime: T0, notBefore: { afterMs: 5 * MINUTE } }));
    await world.fireAt("orders", T0 + HOUR);
    const [run] = await world.runs("orders");
    expect(run).toMatchObject({ place: "gated", attempt: 0 });
    world.operator.answer = lost;
    store.meanwhile = () => world.advance(5 * MINUTE);
    await world.client.cancelRun(run!.id);
    expect(world.operator.submissions).toHaveLength(1);
    expect(world.operator.running).toEqual([]);
    expect(await world.runs("orders")).toMatchObject([{ state: "CANCELLED", isJobOpen: false }]);
    await world.stop();
  });

  it.each([["cancelRun"], ["unregister"]] as const)(
    "after others has the newest job stopped as well: %s",
    async (how) => {
      const store = new SlowStore();
      const world = await World.start({ store });
      world.operator.answer = lost;
      await world.client.register(hourly({ ...settings, startTime: T0 }));
      await world.fireAt("orders", T0 + HOUR);
      const [run] = await world.runs("orders");
      store.meanwhile = () => world.advance(MINUTE);
      if (how === "cancelRun") await world.client.cancelRun(run!.id);
      else await world.client.unregister("orders");
      expect(world.operator.submissions).toHaveLength(2);
      const [now] = await world.runs("orders");
      expect(now).toMatchObject({ state: "CANCELLED", isJobOpen: world.operator.running.length > 0 });
      if (how === "cancelRun") expect(now).toMatchObject({ isJobOpen: false });
      await world.stop();
    },
  );
});

describe("an operator that cannot look keys up", () => {
  it("is given a cancelled key once more, and the job that this leads to is stopped", async () => {
    const bench = await withJob(() => ({ throws: new Error("connection reset"), hasStarted: true }));
    bench.operator.canLookUp = false;
    bench.operator.answer = late;
    await later(bench, MINUTE);
    await bench.client.cancelRun((await firstRun(bench)).id);
    bench.operator.answer = running;
    await bench.restart();
    await later(bench, MINUTE);
    expect(bench.operator.running).toEqual([]);
    expect(await firstRun(bench)).toMatchObject({ state: "CANCELLED" });
  });
});

describe("an attempt that times out", () => {
  it("counts elapsed time, however the clock is set", async () => {
    const bench = await withJob(running, { timeoutMs: 30 * MINUTE });
    await later(bench, MINUTE);
    bench.clock.set(hour(2) + 2 * MINUTE);
    await later(bench, MINUTE);
    expect(await firstRun(bench)).toMatchObject({ state: "RUNNING" });
    bench.clock.set(hour(0));
    await later(bench, 28 * MINUTE);
    expect(await firstRun(bench)).toMatchObject({ attempt: 1, error: { code: "JOB_TIMED_OUT" } });
  });

  it("ends as failed when its job has stopped", async () => {
    const bench = await withJob(running, { timeoutMs: 5_000, maxAttempts: 1 });
    await later(bench, 6_000);
    expect(await firstRun(bench)).toMatchObject({ state: "FAILED", error: { code: "JOB_TIMED_OUT" } });
  });

  it("whose job does not stop leaves it to the next attempt, which joins it and submits none", async () => {
    const bench = await withJob(running, { timeoutMs: 5_000, maxAttempts: 3 });
    bench.operator.cancelFailure = new Error("away");
    await later(bench, 100_000);
    const { attempt, history } = await firstRun(bench);
    expect(attempt).toBe(2);
    expect(history).toMatchObject([
      { error: { code: "JOB_TIMED_OUT", message: expect.stringContaining("could not be stopped") } },
    ]);
    expect(bench.operator.submissions).toHaveLength(1);
    bench.operator.endAll(SUCCEEDED);
    await later(bench, MINUTE);
    expect(await firstRun(bench)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
    expect(bench.operator.submissions).toHaveLength(1);
  });
});

describe("a manager that stops", () => {
  it("keeps the lease of a run whose submission is on its way, since nobody could find its job yet", async () => {
    const bench = await withJob(late);
    const leases: unknown[] = [];
    const renewLeases = bench.store.renewLeases.bind(bench.store);
    bench.store.renewLeases = async (held, until) => {
      if (until <= bench.clock.now()) leases.push(...held);
      return renewLeases(held, until);
    };
    const stopped = bench.tidegate.stop();
    await bench.clock.advance(5_000);
    await stopped;
    expect(leases).toEqual([]);
  });

  it.each([
    ["while a job runs", running, undefined],
    ["while a job is being stopped that does not stop", running, "hangs"],
    ["while a submission is on its way", late, undefined],
    ["while it does not succeed in recording an end", () => SUCCEEDED, "store"],
    ["when nothing runs", () => SUCCEEDED, undefined],
  ] as const)("leaves no timer behind %s", async (_when, script, trouble) => {
    const bench = await Bench.started(script);
    await bench.client.register(hourly({ timeoutMs: 30 * MINUTE }));
    if (trouble === "store") bench.store.changeRuns = () => Promise.reject(new Error("away"));
    await bench.fireAt(1);
    if (trouble === "hangs") {
      bench.operator.cancelFailure = "hangs";
      await bench.client.cancelRun((await firstRun(bench)).id);
      await bench.clock.settle();
    }
    const stopped = bench.tidegate.stop();
    await bench.clock.advance(5_000);
    await stopped;
    await bench.clock.settle();
    expect(bench.clock.pendingTimers).toBe(0);
  });
});
