import { describe, expect, it } from "@jest/globals";
import { doubtsOf } from "../../src/client/doubts.js";
import type { Run } from "../../src/run/run.js";
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

  it("is not cancelled when the job has succeeded, and is a success at its next attempt", async () => {
    const { bench, id } = await failing();
    bench.operator.endAll(SUCCEEDED);
    await expect(bench.client.cancelRun(id)).rejects.toMatchObject({ code: "RUN_STATE_ILLEGAL" });
    await bench.clock.advance(60_000);
    expect(await bench.client.getRun(id)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
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
