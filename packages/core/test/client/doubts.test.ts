import { describe, expect, it } from "@jest/globals";
import { doubtsOf } from "../../src/client/doubts.js";
import type { NewRun, Run } from "../../src/run/run.js";
import { Bench, hour, running } from "../support/bench.js";
import { SUCCEEDED } from "../support/scripted-operator.js";

/** A run over [lower, upper) whose only job was at work from one time to another. */
function aRun(lower: number, upper: number, rest: Partial<Run> = {}): Run {
  const run: Partial<Run> = {
    id: `${lower}-${upper}-${rest.generation ?? 0}`,
    lower,
    upper,
    generation: 0,
    state: "SUCCEEDED",
    isJobOpen: false,
    plannedAt: 0,
    submittedAt: 100,
    endedAt: 200,
    history: [],
    ...rest,
  };
  return run as Run;
}

const rerun = (submittedAt: number, endedAt: number): Run =>
  aRun(0, 10, { generation: 1, submittedAt, endedAt });

describe("what two jobs may have written", () => {
  it("is nothing where runs stand side by side", () => {
    expect(doubtsOf([], [aRun(0, 10), aRun(10, 20), aRun(20, 30)])).toEqual([]);
  });

  it("is nothing where an interval was run again after the first job had ended", () => {
    expect(doubtsOf([], [aRun(0, 10), rerun(200, 300)])).toEqual([]);
  });

  it("is the interval whose second job began before the first had ended", () => {
    expect(doubtsOf([], [aRun(0, 10), rerun(199, 300)])).toEqual([{ lower: 0, upper: 10 }]);
  });

  it("is nothing where the claim of the second was asked for before that was planned, and waited for the store", () => {
    const attempt = {
      attempt: 1,
      submittedAt: 150,
      endedAt: 260,
      jobId: null,
      error: { code: "X", message: "" },
    };
    for (const late of [{}, { history: [attempt], submittedAt: 270 }])
      expect(doubtsOf([], [aRun(0, 10), { ...rerun(150, 300), plannedAt: 200, ...late }])).toEqual([]);
  });

  it("is the common part of intervals that differ", () => {
    const merged = aRun(0, 30, { state: "CANCELLED" });
    expect(doubtsOf([], [merged, aRun(20, 40)])).toEqual([{ lower: 20, upper: 30 }]);
  });

  it("is seen in attempts before the last", () => {
    const attempt = {
      attempt: 1,
      submittedAt: 10,
      endedAt: 50,
      jobId: null,
      error: { code: "X", message: "" },
    };
    const retried = aRun(0, 10, { history: [attempt] });
    expect(doubtsOf([], [retried, rerun(40, 60)])).toEqual([{ lower: 0, upper: 10 }]);
    expect(doubtsOf([], [retried, rerun(60, 90)])).toEqual([]);
  });

  it("is what another run covers while a job is at work that nobody stopped", () => {
    const open = aRun(0, 10, { state: "RUNNING", isJobOpen: true, endedAt: null });
    expect(doubtsOf([open], [open, rerun(500, 600)])).toEqual([{ lower: 0, upper: 10 }]);
    expect(doubtsOf([open], [open, aRun(10, 20)])).toEqual([]);
  });

  it("is found in a long chain of runs of which each overlaps the next, in one time of jobs only", () => {
    const chain = Array.from({ length: 1_000 }, (_, n) =>
      aRun(0, n + 1, { id: `${n}`, submittedAt: 10 * n, endedAt: 10 * n + (n === 700 ? 11 : 10) }),
    );
    expect(doubtsOf([], chain)).toEqual([{ lower: 0, upper: 701 }]);
  });

  it("is any interval whose run has ended while its job may be at work", () => {
    const open = aRun(0, 10, { state: "CANCELLED", isJobOpen: true });
    expect(doubtsOf([open], [open])).toEqual([{ lower: 0, upper: 10 }]);
  });
});

describe("an audit", () => {
  const hourly = { groupId: "orders", trigger: { type: "period", every: 1, unit: "hour" } } as const;

  it("is not sound while a job is at large, and is again when its end is known", async () => {
    const bench = await Bench.started(() => ({ throws: new Error("connection reset"), hasStarted: true }));
    await bench.client.register({ ...hourly, maxAttempts: 1 });
    await bench.fireAt(1);
    const doubtful = [{ lower: hour(0), upper: hour(1) }];
    expect(await bench.client.audit("orders")).toMatchObject({ doubtful, isSound: false });
    bench.operator.endAll(SUCCEEDED);
    const [run] = (await bench.client.runs({ groupId: "orders" })).items;
    await bench.client.retryRun(run!.id);
    await bench.clock.advance(1_000);
    expect(await bench.client.audit("orders")).toMatchObject({ doubtful: [], isComplete: true });
  });

  it("has no doubts about an interval that is run again on purpose, nor about one whose job was stopped", async () => {
    const bench = await Bench.started(running);
    await bench.client.register({ ...hourly, overlap: "cancel-running" });
    await bench.fireAt(1);
    await bench.fireAt(2);
    await bench.clock.advance(120_000);
    await bench.endNewest();
    bench.operator.answer = () => SUCCEEDED;
    await bench.client.trigger("orders");
    await bench.clock.advance(1_000);
    expect(await bench.client.audit("orders")).toMatchObject({ doubtful: [], isComplete: true });
  });
});

describe("an audit of a long ledger", () => {
  const COUNT = 12_000;
  const hourly = { groupId: "orders", trigger: { type: "period", every: 1, unit: "hour" } } as const;

  it("compares all of its runs, and reads only those that share time", async () => {
    const bench = await Bench.started();
    const { store } = bench;
    await bench.client.register({ ...hourly, startTime: new Date(hour(0)), overlap: "queue" });
    await bench.client.pause("orders");
    const schedule = await bench.client.get("orders");
    const info = { groupId: "orders", generation: 0, intervals: 1, reason: null, backfillId: null };
    const run = (n: number, rest: Partial<NewRun> = {}): NewRun => ({
      ...info,
      id: `${n}-${rest.generation ?? 0}`,
      kind: "MANUAL",
      lower: hour(n),
      upper: hour(n + 1),
      scheduledTime: hour(n + 1),
      state: "SKIPPED",
      scheduleVersion: 1,
      operator: "scripted",
      plannedAt: hour(n + 1),
      ...rest,
    });
    const { version, incarnation, watermark } = schedule;
    const rest = { groupId: "orders", version, incarnation, watermark, nextFireAt: null, plannedAt: 0 };
    const runs = Array.from({ length: COUNT }, (_, n) => run(n, n === 5 ? { state: "PLANNED" } : {}));
    await store.plan([{ ...rest, newWatermark: hour(COUNT), runs, whilePaused: true }]);
    await store.insertRuns([run(5, { generation: 1, state: "PLANNED" })]);
    const claim = { owner: "x", operators: ["scripted"], now: hour(6), leaseUntil: hour(7), limit: 9 };
    for (const { run: claimed, token } of await store.claim(claim)) {
      const end = { id: claimed.id, token, at: hour(7), endedAt: hour(7), isJobOpen: false } as const;
      await store.changeRuns([{ ...end, from: ["SUBMITTING"], state: "SUCCEEDED" }]);
    }
    const read = new Set<string>();
    const listRuns = store.listRuns.bind(store);
    store.listRuns = async (filter, page) => {
      const answer = await listRuns(filter, page);
      for (const { id } of answer.items) read.add(id);
      return answer;
    };
    expect(await bench.client.audit("orders")).toMatchObject({
      doubtful: [{ lower: hour(5), upper: hour(6) }],
      isSound: false,
    });
    expect([...read].sort()).toEqual(["5-0", "5-1"]);
  });
});

describe("a run that nobody holds and whose job may be at work", () => {
  const lost = () => ({ throws: new Error("connection reset"), hasStarted: true }) as const;
  const failing = async (rest = {}): Promise<{ bench: Bench; id: string }> => {
    const bench = await Bench.started(lost);
    await bench.client.register({
      groupId: "orders",
      trigger: { type: "period", every: 1, unit: "hour" },
      backoff: { initialMs: 60_000, maxMs: 60_000 },
      ...rest,
    });
    await bench.fireAt(1);
    return { bench, id: (await bench.client.runs({ groupId: "orders" })).items[0]!.id };
  };

  it.each([
    ["between two attempts", {}],
    ["failed", { maxAttempts: 1 }],
  ])("and that is %s, has it stopped before it is cancelled", async (_state, rest) => {
    const { bench, id } = await failing(rest);
    await bench.client.cancelRun(id);
    expect(bench.operator.running).toEqual([]);
    expect(await bench.client.getRun(id)).toMatchObject({ state: "CANCELLED", isJobOpen: false });
    expect(await bench.client.audit("orders")).toMatchObject({ isSound: true });
  });

  it.each([
    ["between two attempts", {}, "PLANNED"],
    ["failed", { maxAttempts: 1 }, "FAILED"],
  ])("and that is %s, is not cancelled while it cannot be stopped", async (_state, rest, state) => {
    const { bench, id } = await failing(rest);
    bench.operator.findFailure = new Error("the cluster is away");
    await expect(bench.client.cancelRun(id)).rejects.toMatchObject({
      code: "RUN_STATE_ILLEGAL",
      message: expect.stringContaining("the cluster is away"),
    });
    expect(await bench.client.getRun(id)).toMatchObject({ state });
  });

  it.each([
    ["between two attempts", {}],
    ["failed", { maxAttempts: 1 }],
  ])("and that is %s, is a success and not cancelled when the job has succeeded", async (_state, rest) => {
    const { bench, id } = await failing(rest);
    bench.operator.endAll({ state: "SUCCEEDED", metrics: { rowsRead: 3 } });
    await expect(bench.client.cancelRun(id)).rejects.toMatchObject({ code: "RUN_STATE_ILLEGAL" });
    expect(await bench.client.getRun(id)).toMatchObject({ state: "SUCCEEDED", metrics: { rowsRead: 3 } });
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true, doubtful: [] });
    await bench.fireAt(2);
    expect(bench.intervals.map(([lower]) => lower)).toEqual([0, 1]);
  });

  it("keeps its interval under `cancel-running` while it cannot be stopped", async () => {
    const { bench } = await failing({ overlap: "cancel-running" });
    bench.operator.findFailure = new Error("away");
    await bench.fireAt(2);
    expect(bench.intervals).toEqual([[0, 1]]);
    bench.operator.findFailure = undefined;
    bench.operator.answer = () => SUCCEEDED;
    bench.clock.set(hour(3));
    await bench.engine.fire("orders", hour(3));
    await bench.clock.advance(120_000);
    await bench.engine.fire("orders", hour(3));
    await bench.clock.advance(120_000);
    expect(bench.operator.running).toEqual([]);
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true });
  });
});
