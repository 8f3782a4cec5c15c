import { describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import type { JobOutcome } from "../../src/job/job-outcome.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import type { ShardPolicy } from "../../src/shard/shard.js";
import { shardId } from "../../src/shard/shard-id.js";
import { Fleet } from "../support/fleet.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { InterleavingStore } from "../support/interleaving-store.js";
import { hourly } from "../support/schedules.js";
import { failed, ScriptedOperator, SUCCEEDED } from "../support/scripted-operator.js";
import { SplittingOperator, shardsOf } from "../support/splitting-operator.js";
import { World } from "../support/world.js";

interface Stage {
  readonly world: World;
  readonly operator: SplittingOperator;
}

async function stage(
  prepare: (operator: SplittingOperator) => void = () => undefined,
  shards: ShardPolicy = {},
  more: Partial<ScheduleInfo> = {},
): Promise<Stage> {
  const operator = new SplittingOperator();
  prepare(operator);
  const world = await World.start({ operator });
  await world.client.register(hourly("orders", { shards, maxAttempts: 1, ...more }));
  await world.fireAt("orders", T0 + HOUR);
  return { world, operator };
}

async function onlyRun(world: World) {
  const [run] = await world.runs("orders");
  return run!;
}

async function statesOf(world: World): Promise<Record<string, string>> {
  const split = await world.store.getSplit((await onlyRun(world)).id);
  return Object.fromEntries((split?.shards ?? []).map(({ key, state }) => [key, state]));
}

const rows = (count: number): JobOutcome => ({
  state: "SUCCEEDED",
  metrics: { rowsRead: count, rowsWritten: count - 1 },
});

describe("a run that is split", () => {
  it("succeeds when all its shards have, and its figures are the sum of theirs", async () => {
    const { world, operator } = await stage((op) => {
      op.answer = ({ shard }) => rows({ a: 10, b: 20, c: 30 }[shard!.key]!);
    });
    expect(operator.splits).toEqual([{ runId: (await onlyRun(world)).id, target: 8 }]);
    expect(operator.submitted).toEqual(["a", "b", "c"]);
    expect(await onlyRun(world)).toMatchObject({
      state: "SUCCEEDED",
      isJobOpen: false,
      metrics: { rowsRead: 60, rowsWritten: 57 },
    });
    expect(operator.doubles).toEqual([]);
  });

  it("submits each shard with its part of the job, under a key of its own", async () => {
    const { world, operator } = await stage((op) => {
      op.answerSplit = () => ({ shards: shardsOf("a", "b"), snapshotToken: "0000-1" });
    });
    const { id, lower, upper } = await onlyRun(world);
    expect(operator.submissions[1]).toMatchObject({
      runId: id,
      idempotencyKey: shardId({ runId: id, scheduleVersion: 1, plannedAt: T0 + HOUR }, "b"),
      attempt: 1,
      lowerBound: String(lower),
      upperBound: String(upper),
      shard: { key: "b", args: { part: "b" }, count: 2, snapshotToken: "0000-1" },
    });
  });

  it("asks for as many shards as its schedule says", async () => {
    const { operator } = await stage(undefined, { target: 100 });
    expect(operator.splits).toMatchObject([{ target: 100 }]);
  });

  it("carries out as many shards at once as it may, the heaviest first", async () => {
    const { world, operator } = await stage(
      (op) => {
        op.answerSplit = () => ({ shards: shardsOf(["light", 1], ["heavy", 9], ["middle", 5]) });
        op.answer = () => "runs";
      },
      { concurrency: 2 },
    );
    expect(operator.submitted).toEqual(["heavy", "middle"]);
    operator.endAll();
    await world.settle();
    expect(operator.submitted).toEqual(["heavy", "middle", "light"]);
    expect(await statesOf(world)).toEqual({ light: "RUNNING", heavy: "SUCCEEDED", middle: "SUCCEEDED" });
  });

  it("begins its next shard while the success of one is still being written, and ends when all is written", async () => {
    const operator = new SplittingOperator();
    const world = await World.start({ operator });
    const write = world.store.changeShards.bind(world.store);
    const held: (() => void)[] = [];
    world.store.changeShards = async (changes) => {
      if (changes.some(({ progress }) => progress.state === "SUCCEEDED"))
        await new Promise<void>((resolve) => held.push(resolve));
      return write(changes);
    };
    await world.client.register(hourly("orders", { shards: { concurrency: 1 } }));
    await world.fireAt("orders", T0 + HOUR);
    expect(operator.submitted).toEqual(["a", "b", "c"]);
    expect(operator.merged).toEqual([]);
    expect(await onlyRun(world)).toMatchObject({ state: "RUNNING" });
    for (const proceed of held) proceed();
    await world.settle();
    expect(operator.merged).toHaveLength(1);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED" });
  });

  it("that has nothing to do succeeds with 0 rows, and publishes that", async () => {
    const { world, operator } = await stage((op) => {
      op.answerSplit = () => ({ shards: [] });
    });
    expect(await onlyRun(world)).toMatchObject({
      state: "SUCCEEDED",
      metrics: { rowsRead: 0, rowsWritten: 0 },
    });
    expect(operator.merged).toEqual([[]]);
  });

  it("is not split if its schedule does not ask for it, and leaves no trace of shards", async () => {
    const operator = new SplittingOperator();
    const world = await World.start({ operator });
    await world.client.register(hourly("orders"));
    await world.fireAt("orders", T0 + HOUR);
    const run = await onlyRun(world);
    expect([operator.splits, operator.merged]).toEqual([[], []]);
    expect(operator.submissions).toMatchObject([{ idempotencyKey: run.id }]);
    expect(operator.submissions[0]).not.toHaveProperty("shard");
    expect(await world.store.getSplit(run.id)).toBeUndefined();
  });
});

describe("a split that breaks the contract", () => {
  it.each<[string, unknown, string]>([
    [
      "has more than 10,000 shards",
      { shards: Array.from({ length: 10_001 }, (_, n) => ({ key: `${n}`, args: {} })) },
      "TOO_MANY_SHARDS",
    ],
    ["names two shards alike", { shards: shardsOf("a", "a") }, "OPERATOR_ANSWER_INVALID"],
    ["is none", undefined, "OPERATOR_ANSWER_INVALID"],
    [
      "has a shard without a weight",
      { shards: [{ key: "a", args: {}, weight: 0 }] },
      "OPERATOR_ANSWER_INVALID",
    ],
  ])(
    "that %s fails the run before anything is submitted, and is not tried again",
    async (_, answer, code) => {
      const { world, operator } = await stage(
        (op) => {
          op.answerSplit = () => answer as never;
        },
        {},
        { maxAttempts: 3 },
      );
      await world.advance(HOUR / 2);
      expect(await onlyRun(world)).toMatchObject({
        state: "FAILED",
        attempt: 1,
        isJobOpen: false,
        error: { code },
      });
      expect(operator.submissions).toEqual([]);
    },
  );

  it("that failed for a moment is asked for again by the next attempt", async () => {
    let calls = 0;
    const { world, operator } = await stage(
      (op) => {
        op.answerSplit = () => {
          calls += 1;
          if (calls === 1) throw new Error("connection reset");
          return { shards: shardsOf("a") };
        };
      },
      {},
      { maxAttempts: 2 },
    );
    await world.advance(60_000);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
    expect(operator.submitted).toEqual(["a"]);
  });
});

describe("a shard that fails", () => {
  it("is attempted again alone, and the run succeeds", async () => {
    const { world, operator } = await stage((op) => {
      op.answer = ({ shard, attempt }) => (shard?.key === "b" && attempt < 3 ? failed("busy") : SUCCEEDED);
    });
    await world.advance(60_000);
    expect(operator.submissions.map(({ shard, attempt }) => `${shard?.key}${attempt}`)).toEqual([
      "a1",
      "b1",
      "c1",
      "b2",
      "b3",
    ]);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
  });

  it("for good fails the run's attempt once the others have finished, and the next one does it alone, by the same split", async () => {
    const { world, operator } = await stage(
      (op) => {
        op.answer = ({ shard }) =>
          shard?.key === "b" && op.submissions.length < 5 ? failed("busy") : SUCCEEDED;
      },
      { maxAttempts: 2 },
      { maxAttempts: 2 },
    );
    await world.advance(60_000);
    expect(operator.submitted).toEqual(["a", "b", "c", "b", "b"]);
    expect(operator.splits).toHaveLength(1);
    const run = await onlyRun(world);
    expect(run).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
    expect(run.history).toMatchObject([
      {
        error: {
          code: "SHARDS_FAILED",
          message: expect.stringContaining("1 of 3 shards failed, 2 have succeeded"),
        },
      },
    ]);
  });

  it("leaves the others alone although it fails at once", async () => {
    const { world, operator } = await stage((op) => {
      op.answer = ({ shard }) => (shard?.key === "a" ? failed("malformed", false) : "runs");
    });
    expect(await statesOf(world)).toEqual({ a: "FAILED", b: "RUNNING", c: "RUNNING" });
    operator.endAll();
    await world.settle();
    expect(await onlyRun(world)).toMatchObject({ state: "FAILED", isJobOpen: false });
    expect(await statesOf(world)).toEqual({ a: "FAILED", b: "SUCCEEDED", c: "SUCCEEDED" });
  });

  it("stops the others if the schedule says so, and leaves what has not begun", async () => {
    const { world, operator } = await stage(
      (op) => {
        op.answer = ({ shard }) => (shard?.key === "b" ? failed("malformed", false) : "runs");
      },
      { onFailure: "fail-fast", concurrency: 2 },
    );
    expect(operator.running).toEqual([]);
    expect(await statesOf(world)).toEqual({ a: "CANCELLED", b: "FAILED", c: "PLANNED" });
    expect(await onlyRun(world)).toMatchObject({ state: "FAILED", isJobOpen: false });
  });

  it("is not attempted again by the run if that cannot help", async () => {
    const { world, operator } = await stage(
      (op) => {
        op.answer = ({ shard }) => (shard?.key === "a" ? failed("malformed", false) : SUCCEEDED);
      },
      {},
      { maxAttempts: 5 },
    );
    await world.advance(HOUR / 2);
    expect(operator.submitted).toEqual(["a", "b", "c"]);
    expect(await onlyRun(world)).toMatchObject({ state: "FAILED", attempt: 1 });
  });

  it("is done by a retry of the failed run, which counts its attempts anew", async () => {
    const { world, operator } = await stage((op) => {
      op.answer = ({ shard }) =>
        shard?.key === "b" && op.submissions.length < 6 ? failed("busy") : SUCCEEDED;
    });
    await world.advance(60_000);
    const run = await onlyRun(world);
    expect(run).toMatchObject({ state: "FAILED" });
    await world.client.retryRun(run.id);
    await world.advance(60_000);
    expect(operator.submitted).toEqual(["a", "b", "c", "b", "b", "b"]);
    expect(operator.splits).toHaveLength(1);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED" });
  });
});

describe("a retry that splits the run anew", () => {
  const half = (op: SplittingOperator): void => {
    op.answer = ({ shard }) => (shard?.key === "a" ? SUCCEEDED : failed("malformed", false));
  };

  it("forgets what has succeeded, although the new shards have the same keys", async () => {
    const { world, operator } = await stage(half);
    const { id } = await onlyRun(world);
    await world.advance(1_000);
    operator.answer = () => SUCCEEDED;
    await world.client.retryRun(id, { resplit: true });
    await world.settle();
    expect(operator.splits).toHaveLength(2);
    expect(operator.submitted).toEqual(["a", "b", "c", "a", "b", "c"]);
    expect(operator.merged).toHaveLength(1);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED" });
    const ids = operator.submissions.map(({ idempotencyKey }) => idempotencyKey);
    expect(new Set(ids).size).toBe(6);
  });

  it("has the parts of the new split, and none of the former", async () => {
    const { world, operator } = await stage(half);
    await world.advance(1_000);
    operator.answer = () => SUCCEEDED;
    operator.answerSplit = () => ({ shards: shardsOf("d", "a") });
    expect(await world.client.retryRuns("orders", { resplit: true })).toEqual([(await onlyRun(world)).id]);
    await world.settle();
    expect(operator.submitted.slice(3)).toEqual(["d", "a"]);
    expect(operator.merged[0]?.map(({ key }) => key)).toEqual(["d", "a"]);
  });

  it("is made of a cancelled run too", async () => {
    const { world, operator } = await stage((op) => {
      op.answer = ({ shard }) => (shard?.key === "a" ? SUCCEEDED : "runs");
    });
    const { id } = await onlyRun(world);
    await world.client.cancelRun(id);
    await world.advance(1_000);
    operator.answer = () => SUCCEEDED;
    await world.client.retryRun(id, { resplit: true });
    await world.settle();
    expect(operator.submitted).toEqual(["a", "b", "c", "a", "b", "c"]);
  });

  it("is refused as long as a shard may still be working, and of a run that is under way", async () => {
    const { world, operator } = await stage(
      (op) => {
        op.answer = ({ shard }) =>
          shard?.key === "b" ? { throws: new Error("connection reset"), hasStarted: true } : SUCCEEDED;
        op.cancelFailure = new Error("the cluster does not answer");
      },
      { maxAttempts: 1 },
    );
    const { id, state } = await onlyRun(world);
    expect(state).toBe("FAILED");
    await expect(world.client.retryRun(id, { resplit: true })).rejects.toMatchObject({
      code: "RUN_STATE_ILLEGAL",
      field: "options.resplit",
    });
    expect(await world.client.retryRuns("orders", { resplit: true })).toEqual([]);
    expect(await statesOf(world)).toMatchObject({ a: "SUCCEEDED", c: "SUCCEEDED" });
    operator.cancelFailure = undefined;
    operator.answer = () => "runs";
    await world.client.cancelRun(id);
    await world.settle();
    await world.client.retryRun(id, { resplit: true });
    await world.settle();
    await expect(world.client.retryRun(id, { resplit: true })).rejects.toMatchObject({
      code: "RUN_STATE_ILLEGAL",
    });
  });

  it("keeps the split if it is refused, also at the last moment", async () => {
    const clock = new VirtualClock();
    const store = new InterleavingStore({ clock });
    const operator = new SplittingOperator();
    const world = await World.start({ store, clock, operator });
    await world.client.register(hourly("orders", { shards: {}, maxAttempts: 1 }));
    await world.fireAt("orders", T0 + HOUR);
    half(operator);
    const [again] = await world.client.trigger("orders", { lower: T0, upper: T0 + HOUR });
    await world.settle();
    const before = await store.getSplit(again!.id);
    expect(before?.shards.map(({ state }) => state)).toEqual(["SUCCEEDED", "FAILED", "FAILED"]);
    const seal = () => world.client.seal("orders", T0 + HOUR);
    store.before("changeRuns", seal);
    await expect(world.client.retryRun(again!.id, { resplit: true })).rejects.toMatchObject({
      code: "SEALED",
    });
    await world.client.seal("orders", T0 + 1, "", { force: true });
    store.before("changeRuns", seal);
    expect(await world.client.retryRuns("orders", { resplit: true })).toEqual([]);
    expect(await store.getSplit(again!.id)).toEqual(before);
  });

  it("keeps the split of a run that somebody else has retried meanwhile, and that has failed again", async () => {
    const clock = new VirtualClock();
    const store = new InterleavingStore({ clock });
    const operator = new SplittingOperator();
    half(operator);
    const world = await World.start({ store, clock, operator });
    await world.client.register(hourly("orders", { shards: { maxAttempts: 1 }, maxAttempts: 1 }));
    await world.fireAt("orders", T0 + HOUR);
    const { id } = await onlyRun(world);
    store.before("changeRuns", async () => {
      operator.answer = () => ({ throws: new Error("connection reset"), hasStarted: true });
      await world.client.retryRun(id);
      await world.settle();
    });
    await expect(world.client.retryRun(id, { resplit: true })).rejects.toMatchObject({
      code: "RUN_STATE_ILLEGAL",
    });
    expect(await onlyRun(world)).toMatchObject({ state: "FAILED" });
    expect(await statesOf(world)).toEqual({ a: "SUCCEEDED", b: "FAILED", c: "FAILED" });
  });

  it("is a retry like others if the run is not split", async () => {
    const operator = new ScriptedOperator();
    operator.answer = () => failed("malformed", false);
    const world = await World.start({ operator });
    await world.client.register(hourly("orders", { maxAttempts: 1 }));
    await world.fireAt("orders", T0 + HOUR);
    operator.answer = () => SUCCEEDED;
    await world.client.retryRun((await onlyRun(world)).id, { resplit: true });
    await world.settle();
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED" });
  });
});

describe("a split that no longer fits its source", () => {
  const staleBy = (code: string): JobOutcome => ({
    state: "FAILED",
    error: { code, message: "a file has changed" },
    isRetryable: false,
  });
  const stale = staleBy("SPLIT_STALE");

  it.each(["SPLIT_STALE", "SCHEMA_CHANGED"])(
    "is made anew by the next attempt, which does all of it again: %s",
    async (code) => {
      const { world, operator } = await stage(
        (op) => {
          op.answer = ({ shard }) =>
            op.submissions.length > 3 ? SUCCEEDED : shard?.key === "b" ? staleBy(code) : SUCCEEDED;
        },
        { concurrency: 1 },
        { maxAttempts: 2 },
      );
      expect(operator.submitted).toEqual(["a", "b"]);
      await world.advance(60_000);
      expect(operator.submitted).toEqual(["a", "b", "a", "b", "c"]);
      expect(operator.splits).toHaveLength(2);
      const run = await onlyRun(world);
      expect(run).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
      expect(run.history).toMatchObject([
        { error: { code: "SHARDS_FAILED", message: expect.stringContaining("a file has changed") } },
      ]);
    },
  );

  it("is kept as long as a shard of it may still be working", async () => {
    const { world, operator } = await stage(
      (op) => {
        op.cancelFailure = new Error("the cluster does not answer");
        op.answer = ({ shard }) =>
          shard?.key === "b" ? stale : { throws: new Error("connection reset"), hasStarted: true };
      },
      { maxAttempts: 1 },
      { maxAttempts: 2 },
    );
    await world.advance(10_000);
    expect(operator.splits).toHaveLength(1);
  });
});

describe("late rows of shards", () => {
  const ofHour = (n: number, count: number) => ({
    intervals: [{ lower: T0 + n * HOUR, upper: T0 + (n + 1) * HOUR, rows: count }],
  });

  it("are reported with the run's success, those of all shards together", async () => {
    const { world, operator } = await stage(undefined, {}, { maxAttempts: 2 });
    operator.answer = ({ shard, attempt }) =>
      shard?.key === "c" && attempt === 1
        ? "runs"
        : { state: "SUCCEEDED", touched: [ofHour(0, shard?.key === "a" ? 3 : 4)] };
    await world.fireAt("orders", T0 + 2 * HOUR);
    expect((await world.client.lateData()).items).toEqual([]);
    await world.restart();
    operator.endAll({ state: "SUCCEEDED", touched: [ofHour(0, 5)] });
    await world.settle();
    const { items } = await world.client.lateData();
    expect(items).toMatchObject([{ groupId: "orders", lower: T0, rowsLate: 12, reports: 1 }]);
    expect((await world.runs("orders")).at(-1)).toMatchObject({ state: "SUCCEEDED" });
  });

  it("of more groups together than an outcome may name fail the run before anything is merged", async () => {
    const { world, operator } = await stage((op) => {
      op.answer = ({ shard }) => ({
        state: "SUCCEEDED",
        touched: Array.from({ length: 50 }, (_, n) => ({ ...ofHour(0, 1), groupId: `${shard?.key}${n}` })),
      });
    });
    expect(await onlyRun(world)).toMatchObject({
      state: "FAILED",
      isJobOpen: false,
      error: { code: "OPERATOR_ANSWER_INVALID", message: expect.stringContaining("at most 100 groups") },
    });
    expect(operator.merged).toEqual([]);
  });
});

describe("bad rows of shards", () => {
  it("count together against the run's limit, and nothing is merged", async () => {
    const { world, operator } = await stage(
      (op) => {
        op.answer = () => ({ state: "SUCCEEDED", metrics: { rowsRead: 10, rowsDirty: 2 } });
      },
      {},
      { dirtyData: { maxRows: 5 } },
    );
    expect(await onlyRun(world)).toMatchObject({ state: "FAILED", error: { code: "DIRTY_DATA_LIMIT" } });
    expect(operator.merged).toEqual([]);
  });
});

describe("the merge", () => {
  it("comes once, after the last shard, with what each has done", async () => {
    const { world, operator } = await stage((op) => {
      op.answer = ({ shard }) => (shard?.key === "c" ? "runs" : rows(5));
    });
    expect(operator.merged).toEqual([]);
    operator.endAll(rows(7));
    await world.settle();
    expect(operator.merged).toMatchObject([
      [
        { key: "a", args: { part: "a" }, jobId: "job-1", metrics: { rowsRead: 5 } },
        { key: "b", metrics: { rowsRead: 5 } },
        { key: "c", metrics: { rowsRead: 7 } },
      ],
    ]);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED", metrics: { rowsRead: 17 } });
  });

  it("that fails is called again by the next attempt, without any shard", async () => {
    const { world, operator } = await stage(
      (op) => {
        op.mergeFailure = new Error("disk full");
      },
      {},
      { maxAttempts: 2 },
    );
    expect(await onlyRun(world)).toMatchObject({ state: "PLANNED" });
    operator.mergeFailure = undefined;
    await world.advance(60_000);
    expect(operator.merged).toHaveLength(2);
    expect(operator.submitted).toEqual(["a", "b", "c"]);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
  });

  it("is called again by the next manager if the first one went away during it", async () => {
    const { world, operator } = await stage((op) => {
      op.mergesLate = true;
    });
    await world.stop();
    operator.mergesLate = false;
    await world.start();
    expect(operator.merged).toHaveLength(2);
    expect(operator.submitted).toEqual(["a", "b", "c"]);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
  });

  it("is left to the manager that has taken the run over since the first one recorded that it begins", async () => {
    const operator = new SplittingOperator();
    const fleet = new Fleet(operator);
    const [slow] = [fleet.add(0, { owner: "slow" }), fleet.add(0, { owner: "other" })];
    let answerNow: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => {
      answerNow = resolve;
    });
    const beginMerge = fleet.store.beginMerge.bind(fleet.store);
    fleet.store.beginMerge = async (...given) => {
      fleet.store.beginMerge = beginMerge;
      slow!.isAlive = false;
      const isBegun = await beginMerge(...given);
      await answered;
      return isBegun;
    };
    await fleet.start();
    await slow!.tidegate.client.register(hourly("orders", { shards: {}, startTime: T0 - HOUR }));
    await slow!.engine.fire("orders", T0);
    await fleet.pass(2 * MINUTE);
    expect(operator.merged).toHaveLength(1);
    expect((await fleet.store.listRuns({}, {})).items).toMatchObject([{ state: "SUCCEEDED" }]);
    slow!.clock.set(fleet.clock.now());
    slow!.isAlive = true;
    answerNow();
    await fleet.pass(MINUTE);
    expect(operator.merged).toHaveLength(1);
  });

  it("is finished although the run is cancelled meanwhile: readers may see its rows", async () => {
    const { world, operator } = await stage((op) => {
      op.mergesLate = true;
    });
    await world.client.cancelRun((await onlyRun(world)).id);
    await world.settle();
    expect(await onlyRun(world)).toMatchObject({ state: "RUNNING" });
    operator.mergeNow();
    await world.settle();
    expect(operator.merged).toHaveLength(1);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED" });
  });

  it("is finished before the cancellation of a failed run says that the run has succeeded", async () => {
    const { world, operator } = await stage((op) => {
      op.mergeFailure = new Error("disk full");
    });
    const { id, state } = await onlyRun(world);
    expect(state).toBe("FAILED");
    operator.mergeFailure = undefined;
    await expect(world.client.cancelRun(id)).rejects.toMatchObject({ code: "RUN_STATE_ILLEGAL" });
    expect(operator.merged).toHaveLength(2);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED", isJobOpen: false });
  });
});

describe("the cancellation of a run that is split", () => {
  it("stops all its shards, and begins no other", async () => {
    const { world, operator } = await stage(
      (op) => {
        op.answer = () => "runs";
      },
      { concurrency: 2 },
    );
    await world.client.cancelRun((await onlyRun(world)).id);
    await world.settle();
    expect(operator.running).toEqual([]);
    expect(operator.cancellations).toHaveLength(2);
    expect(await onlyRun(world)).toMatchObject({ state: "CANCELLED", isJobOpen: false });
    expect(await statesOf(world)).toEqual({ a: "CANCELLED", b: "CANCELLED", c: "PLANNED" });
    expect(operator.merged).toEqual([]);
  });

  it("stays open until the last shard has stopped", async () => {
    const { world, operator } = await stage((op) => {
      op.answer = ({ shard }) => (shard?.key === "a" ? "runs" : SUCCEEDED);
      op.cancelFailure = new Error("the cluster does not answer");
    });
    await world.client.cancelRun((await onlyRun(world)).id);
    await world.advance(60_000);
    expect(await onlyRun(world)).toMatchObject({ state: "RUNNING" });
    operator.cancelFailure = undefined;
    await world.advance(180_000);
    expect(await onlyRun(world)).toMatchObject({ state: "CANCELLED", isJobOpen: false });
    expect(await statesOf(world)).toEqual({ a: "CANCELLED", b: "SUCCEEDED", c: "SUCCEEDED" });
  });

  it("reaches jobs that a failed run has left working", async () => {
    const { world, operator } = await stage(
      (op) => {
        op.answer = ({ shard }) =>
          shard?.key === "b" ? { throws: new Error("connection reset"), hasStarted: true } : SUCCEEDED;
      },
      { maxAttempts: 1 },
    );
    expect(await onlyRun(world)).toMatchObject({ state: "FAILED", isJobOpen: true });
    expect(operator.running).toHaveLength(1);
    await world.client.cancelRun((await onlyRun(world)).id);
    expect(operator.running).toEqual([]);
    expect(await onlyRun(world)).toMatchObject({ state: "CANCELLED", isJobOpen: false });
  });

  it("reaches a job that an attempt has left working whose failure is being recorded at that moment", async () => {
    const operator = new SplittingOperator();
    operator.answer = ({ shard }) =>
      shard?.key === "b" ? { throws: new Error("connection reset"), hasStarted: true } : SUCCEEDED;
    const world = await World.start({ operator });
    const changeShards = world.store.changeShards.bind(world.store);
    let record: () => void = () => undefined;
    const recorded = new Promise<void>((resolve) => {
      record = resolve;
    });
    world.store.changeShards = async (changes) => {
      if (changes.some(({ progress }) => progress.state === "PLANNED")) await recorded;
      return changeShards(changes);
    };
    await world.client.register(hourly("orders", { shards: {} }));
    await world.fireAt("orders", T0 + HOUR);
    expect(operator.running).toHaveLength(1);
    await world.client.cancelRun((await onlyRun(world)).id);
    await world.settle();
    record();
    await world.settle();
    expect(operator.running).toEqual([]);
    expect(await onlyRun(world)).toMatchObject({ state: "CANCELLED", isJobOpen: false });
    expect(await statesOf(world)).toEqual({ a: "SUCCEEDED", b: "CANCELLED", c: "SUCCEEDED" });
  });

  it("is followed by a retry that does what is left", async () => {
    const { world, operator } = await stage((op) => {
      op.answer = ({ shard }) => (shard?.key === "a" || op.submissions.length > 3 ? SUCCEEDED : "runs");
    });
    const { id } = await onlyRun(world);
    await world.client.cancelRun(id);
    await world.settle();
    await world.client.retryRun(id);
    await world.settle();
    expect(operator.submitted).toEqual(["a", "b", "c", "b", "c"]);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED" });
  });
});

describe("a time limit of a run that is split", () => {
  it("stops its shards, and the next attempt does what is left", async () => {
    const { world, operator } = await stage(
      (op) => {
        op.answer = ({ shard }) => (shard?.key === "a" || op.submissions.length > 3 ? SUCCEEDED : "runs");
      },
      {},
      { maxAttempts: 2, timeoutMs: 60_000 },
    );
    await world.advance(120_000);
    expect(operator.submitted).toEqual(["a", "b", "c", "b", "c"]);
    const run = await onlyRun(world);
    expect(run).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
    expect(run.history).toMatchObject([{ error: { code: "JOB_TIMED_OUT" } }]);
    expect(operator.doubles).toEqual([]);
  });
});

describe("a manager that goes away with shards under way", () => {
  it("leaves them to the next one, which finds their jobs and does only what is left", async () => {
    const { world, operator } = await stage(
      (op) => {
        op.answer = ({ shard }) => (shard?.key === "a" ? SUCCEEDED : "runs");
      },
      { concurrency: 1 },
    );
    expect(await statesOf(world)).toEqual({ a: "SUCCEEDED", b: "RUNNING", c: "PLANNED" });
    await world.restart();
    expect(operator.submitted).toEqual(["a", "b"]);
    operator.endAll();
    await world.settle();
    operator.endAll();
    await world.settle();
    expect(operator.submitted).toEqual(["a", "b", "c"]);
    expect(operator.splits).toHaveLength(1);
    expect(operator.doubles).toEqual([]);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
  });

  it("keeps its lease while a shard is being submitted: nobody would find that job yet", async () => {
    const { world, operator } = await stage((op) => {
      op.answer = ({ shard }) => (shard?.key === "b" ? "answers-late" : SUCCEEDED);
    });
    await world.restart();
    expect(operator.submitted).toEqual(["a", "b", "c"]);
    operator.answerNow();
    await world.advance(60_000);
    expect(operator.submitted).toEqual(["a", "b", "c"]);
    operator.endAll();
    await world.settle();
    expect(operator.doubles).toEqual([]);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED" });
  });

  it("has shards that have failed for good: they are not attempted again in the same attempt of the run", async () => {
    const { world, operator } = await stage((op) => {
      op.answer = ({ shard }) => (shard?.key === "a" ? failed("malformed", false) : "runs");
    });
    await world.restart();
    operator.endAll();
    await world.settle();
    expect(operator.submitted).toEqual(["a", "b", "c"]);
    expect(await onlyRun(world)).toMatchObject({ state: "FAILED" });
  });
});

describe("a schedule that asks for shards", () => {
  it("is refused if its operator cannot split jobs", async () => {
    const world = await World.start({ operator: new ScriptedOperator() });
    await expect(world.client.register(hourly("orders", { shards: {} }))).rejects.toMatchObject({
      code: "SCHEDULE_INVALID",
      field: "shards",
    });
  });

  it("is refused if its operator cannot split this job", async () => {
    const world = await World.start({ operator: new SplittingOperator() });
    const register = world.client.register(hourly("orders", { shards: {}, job: { isWhole: true } }));
    await expect(register).rejects.toMatchObject({
      code: "SCHEDULE_INVALID",
      field: "shards",
      message:
        "shards: operator scripted cannot split this job: job.isWhole is set; leave out shards, or set it to null.",
    });
  });

  it.each([{ target: 0 }, { target: 10_001 }, { concurrency: 0 }, { maxAttempts: 0 }, { onFailure: "stop" }])(
    "is refused with %j",
    async (shards) => {
      const world = await World.start({ operator: new SplittingOperator() });
      const register = world.client.register(hourly("orders", { shards: shards as ShardPolicy }));
      await expect(register).rejects.toMatchObject({
        code: "SCHEDULE_INVALID",
        field: `shards.${Object.keys(shards)[0]}`,
      });
    },
  );

  it("finds the job that a run had before the schedule asked for shards, and does not do it again", async () => {
    const operator = new SplittingOperator();
    operator.answer = () => ({ throws: new Error("connection reset"), hasStarted: true });
    const world = await World.start({ operator });
    await world.client.register(hourly("orders", { maxAttempts: 1 }));
    await world.fireAt("orders", T0 + HOUR);
    const { id } = await onlyRun(world);
    await world.client.update(hourly("orders", { shards: {} }), { version: 1 });
    await world.client.retryRun(id, { version: "latest" });
    await world.settle();
    operator.endAll();
    await world.settle();
    expect(operator.submitted).toEqual([undefined]);
    expect(operator.splits).toEqual([]);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED" });
  });

  it("no longer does: a run that was split is finished by its shards", async () => {
    const { world, operator } = await stage(
      (op) => {
        op.answer = ({ shard }) =>
          shard?.key === "b" && op.submissions.length < 4 ? failed("busy") : SUCCEEDED;
      },
      { maxAttempts: 1 },
    );
    const { id } = await onlyRun(world);
    await world.client.update(hourly("orders", { shards: null }), { version: 1 });
    await world.client.retryRun(id, { version: "latest" });
    await world.settle();
    expect(operator.submitted).toEqual(["a", "b", "c", "b"]);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED" });
  });
});

describe("a run that was split and gets a later version", () => {
  const leaves = (operator: SplittingOperator): void => {
    operator.answer = ({ shard }) => (shard?.key === "a" ? SUCCEEDED : failed("malformed", false));
  };

  async function retriedWith(
    { world, operator }: Stage,
    more: Partial<ScheduleInfo>,
    answer = SUCCEEDED,
  ): Promise<void> {
    operator.answer = () => answer;
    await world.client.update(hourly("orders", { maxAttempts: 1, ...more }), { version: 1 });
    await world.client.retryRun((await onlyRun(world)).id, { version: "latest" });
    await world.settle();
  }

  async function withPlain(prepare: (operator: SplittingOperator) => void) {
    const operator = new SplittingOperator();
    prepare(operator);
    const plain = new ScriptedOperator("plain");
    const world = await World.start({ operator, moreOperators: [plain] });
    await world.client.register(hourly("orders", { shards: { maxAttempts: 1 }, maxAttempts: 1 }));
    await world.fireAt("orders", T0 + HOUR);
    return { world, operator, plain };
  }

  /** Fails while the job of shard `b` may still be working, and cannot be stopped. */
  const withStuckShard = () =>
    withPlain((op) => {
      op.answer = ({ shard }) =>
        shard?.key === "b" ? { throws: new Error("connection reset"), hasStarted: true } : SUCCEEDED;
      op.cancelFailure = new Error("the cluster does not answer");
    });

  it("keeps its split if the job is the same: only what is left is done", async () => {
    const staged = await stage(leaves);
    await retriedWith(staged, { shards: { target: 2 }, timeoutMs: HOUR, job: {} });
    const { world, operator } = staged;
    expect(operator.submitted).toEqual(["a", "b", "c", "b", "c"]);
    expect(operator.splits).toHaveLength(1);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED" });
  });

  it.each([true, false])(
    "is carried out whole if its rows, which are counted now, and once more, have not arrived with its shards (merged: %s)",
    async (isMerged) => {
      const staged = await stage(leaves);
      const { world, operator } = staged;
      if (!isMerged) Object.defineProperty(operator, "merge", { value: undefined });
      operator.verify = async () => {
        const isWhole = operator.submissions.some(({ shard }) => shard === undefined);
        return { sourceRows: 3, targetRows: isWhole ? 3 : 2 };
      };
      await retriedWith(staged, { verify: { rows: "equal" }, maxAttempts: 2 });
      expect(operator.submitted).toEqual(["a", "b", "c", "b", "c"]);
      await world.advance(1_000);
      expect(operator.submitted).toEqual(["a", "b", "c", "b", "c", undefined]);
      expect(await world.store.getSplit((await onlyRun(world)).id)).toBeUndefined();
      expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED", metrics: { rowsWritten: 3 } });
    },
  );

  it("is split anew if the job is another one, and no shard of the earlier one counts", async () => {
    const staged = await stage(leaves);
    const { world, operator } = staged;
    operator.answerSplit = () => ({
      shards: shardsOf("a", "b").map((part) => ({ ...part, args: { fixed: 1 } })),
    });
    await retriedWith(staged, { shards: {}, job: { isFixed: true } });
    expect(operator.submitted).toEqual(["a", "b", "c", "a", "b"]);
    expect(operator.submissions.slice(3)).toMatchObject(
      ["a", "b"].map(() => ({ job: { isFixed: true }, shard: { args: { fixed: 1 }, count: 2 } })),
    );
    expect(operator.doubles).toEqual([]);
    const run = await onlyRun(world);
    expect(run).toMatchObject({ state: "SUCCEEDED", scheduleVersion: 2 });
    expect(await world.store.getSplit(run.id)).toMatchObject({ scheduleVersion: 2 });
  });

  it("is carried out whole, once, if the job is one that cannot be split", async () => {
    const staged = await stage(leaves);
    await retriedWith(staged, { job: { isWhole: true } });
    const { world, operator } = staged;
    expect(operator.submitted).toEqual(["a", "b", "c", undefined]);
    const run = await onlyRun(world);
    expect(operator.submissions[3]).toMatchObject({ idempotencyKey: run.id, job: { isWhole: true } });
    expect(run).toMatchObject({ state: "SUCCEEDED" });
    expect(await world.store.getSplit(run.id)).toBeUndefined();
  });

  it("is carried out whole, once, if its operator is one that does not split", async () => {
    const staged = await withPlain(leaves);
    await retriedWith(staged, { operator: "plain" });
    const { world, plain } = staged;
    expect(plain.submissions).toMatchObject([{ idempotencyKey: (await onlyRun(world)).id }]);
    expect(plain.submissions[0]).not.toHaveProperty("shard");
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED" });
  });

  it("is carried out whole, once, if an update gives the version to its next attempt", async () => {
    const { world, operator } = await stage(
      (op) => {
        op.answer = ({ shard }) => (shard?.key === "a" ? SUCCEEDED : failed("busy"));
      },
      { maxAttempts: 1 },
      { maxAttempts: 2 },
    );
    expect(await onlyRun(world)).toMatchObject({ state: "PLANNED", attempt: 1 });
    operator.answer = () => SUCCEEDED;
    const whole = hourly("orders", { maxAttempts: 2, job: { isWhole: true } });
    await world.client.update(whole, { version: 1, plannedRuns: "adopt" });
    await world.advance(60_000);
    expect(operator.submitted).toEqual(["a", "b", "c", undefined]);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
  });

  it("begins only when the jobs of the earlier shards have stopped, also those of another operator", async () => {
    const staged = await withStuckShard();
    const { world, operator, plain } = staged;
    expect(operator.running).toHaveLength(1);
    await retriedWith(staged, { operator: "plain" });
    await world.advance(60_000);
    expect(plain.submissions).toEqual([]);
    expect(await onlyRun(world)).toMatchObject({ state: "SUBMITTING" });
    operator.cancelFailure = undefined;
    await world.advance(180_000);
    expect(operator.running).toEqual([]);
    expect(plain.submissions).toHaveLength(1);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED", isJobOpen: false });
  });

  it("leaves the earlier shards to the next manager if one goes away while it stops them", async () => {
    const staged = await withStuckShard();
    const { world, operator, plain } = staged;
    await retriedWith(staged, { operator: "plain" });
    await world.restart();
    operator.cancelFailure = undefined;
    await world.advance(180_000);
    expect(operator.running).toEqual([]);
    expect(plain.submissions).toHaveLength(1);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED" });
  });

  it("is known to have been split although the manager before could not read its shards", async () => {
    const staged = await stage((op) => {
      op.answer = () => "runs";
    });
    const { world, operator } = staged;
    await world.stop();
    const { getSplit } = world.store;
    world.store.getSplit = async () => {
      throw new Error("The row cannot be read.");
    };
    await world.start();
    world.store.getSplit = getSplit;
    expect(await onlyRun(world)).toMatchObject({ state: "FAILED", isJobOpen: true });
    await retriedWith(staged, { job: { isWhole: true } });
    expect(operator.running).toEqual([]);
    expect(operator.cancellations).toHaveLength(3);
    expect(operator.submitted).toEqual(["a", "b", "c", undefined]);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED", isJobOpen: false });
  });

  it("waits, and says so, while no manager has the operator of the earlier shards", async () => {
    const staged = await withStuckShard();
    const { world, operator, plain } = staged;
    await retriedWith(staged, { operator: "plain" });
    await world.stop();
    operator.cancelFailure = undefined;
    const { store, clock, engine } = world;
    const other = await World.start({ store, clock, engine, operator: plain });
    await other.advance(60_000);
    expect(other.eventsOf("trouble").at(-1)).toMatchObject({
      groupId: "orders",
      error: { code: "RUN_STATE_ILLEGAL", message: expect.stringContaining('"scripted" is not here') },
    });
    expect(plain.submissions).toEqual([]);
    await other.stop();
    await world.start();
    await world.advance(180_000);
    expect(operator.running).toEqual([]);
    expect(plain.submissions).toHaveLength(1);
    expect(await onlyRun(world)).toMatchObject({ state: "SUCCEEDED" });
  });

  it("stops the earlier shards if it is cancelled meanwhile", async () => {
    const staged = await withStuckShard();
    const { world, operator, plain } = staged;
    await retriedWith(staged, { operator: "plain" });
    await world.client.cancelRun((await onlyRun(world)).id);
    operator.cancelFailure = undefined;
    await world.advance(180_000);
    expect(operator.running).toEqual([]);
    expect(plain.submissions).toEqual([]);
    expect(await onlyRun(world)).toMatchObject({ state: "CANCELLED", isJobOpen: false });
  });
});
