import { describe, expect, it } from "@jest/globals";
import { OperatorError } from "../../src/errors/errors.js";
import type { BackfillSelect } from "../../src/run/backfill.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { Bench, HOUR, hour, running, type Script } from "../support/bench.js";
import { T0 } from "../support/instants.js";
import { type Answer, failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

const hourly = (rest: Partial<ScheduleInfo> = {}): ScheduleInfo => ({
  groupId: "orders",
  trigger: { type: "period", every: 1, unit: "hour" },
  ...rest,
});

const failing: Script = () => failed("no");

/** Fails the first attempts of every run. */
const failingUntil =
  (attempt: number): Script =>
  (request) =>
    request.attempt < attempt ? failed(`no ${request.attempt}`) : SUCCEEDED;

const firstRun = async (bench: Bench) => (await bench.client.runs({ groupId: "orders" })).items[0]!;

describe("attempts", () => {
  it("are repeated after a wait, with one key, and remembered", async () => {
    const bench = await Bench.started(failingUntil(3));
    await bench.client.register(hourly());
    await bench.fireAt(1);
    await bench.clock.advance(10_000);
    const { submissions } = bench.operator;
    expect(submissions.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(new Set(submissions.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(await firstRun(bench)).toMatchObject({
      state: "SUCCEEDED",
      attempt: 3,
      history: [{ attempt: 1 }, { attempt: 2 }],
    });
  });

  it("that were not to be retried are the last", async () => {
    const bench = await Bench.started(() => ({ throws: new OperatorError("JOB_INVALID", "malformed") }));
    await bench.client.register(hourly());
    await bench.fireAt(1);
    await bench.clock.advance(HOUR / 2);
    expect(bench.operator.submissions).toHaveLength(1);
    expect(await firstRun(bench)).toMatchObject({ state: "FAILED", error: { code: "JOB_INVALID" } });
  });

  const MINUTE = 60_000;

  it.each<[string, Answer]>([
    ["a failed outcome", { ...failed("busy"), retryAfterMs: 5 * MINUTE }],
    ["a refusal", { throws: new OperatorError("JOB_FAILED", "busy", { retryAfterMs: 5 * MINUTE }) }],
    ["an error that leaves open", { throws: Object.assign(new Error("busy"), { retryAfterMs: 5 * MINUTE }) }],
  ])("do not come before the time that %s asks for", async (_, answer) => {
    const bench = await Bench.started((request) => (request.attempt === 1 ? answer : SUCCEEDED));
    await bench.client.register(hourly());
    await bench.fireAt(1);
    await bench.clock.advance(5 * MINUTE - 1);
    expect(bench.operator.submissions).toHaveLength(1);
    await bench.clock.advance(1);
    expect(bench.operator.submissions).toHaveLength(2);
    expect(await firstRun(bench)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
  });

  it.each([
    ["an hour at the most", Number.MAX_VALUE, HOUR],
    ["as long as their back-off, if that is longer", 1, 10 * MINUTE],
    ["as long as their back-off, if what is asked for is negative", -HOUR, 10 * MINUTE],
    ["as long as their back-off, if what is asked for is no number", Number.NaN, 10 * MINUTE],
  ])("wait %s", async (_, retryAfterMs, longest) => {
    const bench = await Bench.started((request) =>
      request.attempt === 1 ? { ...failed("busy"), retryAfterMs } : SUCCEEDED,
    );
    await bench.client.register(hourly({ backoff: { initialMs: 10 * MINUTE, maxMs: 10 * MINUTE } }));
    await bench.fireAt(1);
    await bench.clock.advance(longest / 2 - 1);
    expect(bench.operator.submissions).toHaveLength(1);
    await bench.clock.advance(longest / 2 + 1);
    expect(bench.operator.submissions).toHaveLength(2);
  });

  it("are the last where an error says that another could do harm", async () => {
    const error = Object.assign(new Error("taken, and unreadable"), { isRetryable: false });
    const bench = await Bench.started(() => ({ throws: error }));
    await bench.client.register(hourly());
    await bench.fireAt(1);
    await bench.clock.advance(HOUR / 2);
    expect(bench.operator.submissions).toHaveLength(1);
    expect(await firstRun(bench)).toMatchObject({ state: "FAILED", error: { code: "JOB_FAILED" } });
  });

  it("time out, cancel their job, and count as failed", async () => {
    const bench = await Bench.started(running);
    await bench.client.register(hourly({ timeoutMs: 5_000, maxAttempts: 1 }));
    await bench.fireAt(1);
    await bench.clock.advance(6_000);
    expect(await firstRun(bench)).toMatchObject({ state: "FAILED", error: { code: "JOB_TIMED_OUT" } });
    expect(bench.operator.cancellations).toHaveLength(1);
  });

  it("whose answer was lost are found, not submitted again", async () => {
    const bench = await Bench.started();
    bench.operator.answer = () => ({ throws: new Error("connection reset"), hasStarted: true });
    await bench.client.register(hourly());
    await bench.fireAt(1);
    await bench.clock.advance(10_000);
    await bench.endNewest();
    expect(bench.operator.submissions).toHaveLength(1);
    expect(await firstRun(bench)).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
  });

  it("whose answer was lost are found also when a person retries their run", async () => {
    const bench = await Bench.started(() => ({ throws: new Error("connection reset"), hasStarted: true }));
    await bench.client.register(hourly({ maxAttempts: 1 }));
    await bench.fireAt(1);
    expect(await firstRun(bench)).toMatchObject({ state: "FAILED", attempt: 1 });
    await bench.client.retryRun((await firstRun(bench)).id);
    await bench.clock.settle();
    await bench.endNewest();
    expect(bench.operator.submissions).toHaveLength(1);
    expect(await firstRun(bench)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
  });

  it("fail when too many rows are bad", async () => {
    const metrics = { rowsRead: 100, rowsWritten: 97, rowsDirty: 3 };
    const bench = await Bench.started(() => ({ state: "SUCCEEDED", metrics }));
    await bench.client.register(hourly({ dirtyData: { maxRatio: 0.02 } }));
    await bench.fireAt(1);
    expect(await firstRun(bench)).toMatchObject({
      state: "FAILED",
      error: { code: "DIRTY_DATA_LIMIT" },
      metrics,
    });
  });
});

describe("a run that has used up its attempts", () => {
  const failedOnce = async (rest: Partial<ScheduleInfo>): Promise<Bench> => {
    const bench = await Bench.started(failing);
    await bench.client.register(hourly({ maxAttempts: 1, ...rest }));
    await bench.fireAt(1);
    bench.operator.answer = () => SUCCEEDED;
    await bench.fireAt(2);
    return bench;
  };

  it("blocks those behind it until it is retried", async () => {
    const bench = await failedOnce({});
    expect(bench.intervals).toEqual([[0, 1]]);
    const waiting = (await bench.client.runs({ states: ["PLANNED"] })).items[0]!;
    expect((await bench.client.explain(waiting.id)).reasons[0]).toMatch(/has failed.*onFailure is "block"/);
    await bench.client.retryRun((await firstRun(bench)).id);
    await bench.clock.settle();
    expect(bench.intervals).toEqual([
      [0, 1],
      [0, 1],
      [1, 2],
    ]);
    expect((await bench.client.audit("orders")).isComplete).toBe(true);
  });

  it("blocks them until it is cancelled", async () => {
    const bench = await failedOnce({});
    await bench.client.cancelRun((await firstRun(bench)).id);
    await bench.clock.settle();
    expect(bench.intervals).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(await bench.client.audit("orders")).toMatchObject({ isSound: true, cancelled: { runs: 1 } });
  });

  it("lets them go on", async () => {
    const bench = await failedOnce({ onFailure: "continue" });
    expect(bench.intervals).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  it("pauses its schedule once, although others fail with it", async () => {
    const bench = await Bench.started(failing);
    const policies = { maxAttempts: 1, onFailure: "pause", overlap: "allow" } as const;
    await bench.client.register(hourly(policies));
    await bench.fireAt(3);
    expect(await bench.client.get("orders")).toMatchObject({ status: "PAUSED", blockingRuns: 3 });
    expect(bench.troubles).toEqual([]);
  });

  it("pauses its schedule although its manager dies before it has", async () => {
    const world = await World.start();
    world.operator.answer = () => failed("no");
    await world.client.register(hourly({ startTime: T0, maxAttempts: 1, onFailure: "pause" }));
    const { changeSchedules } = world.store;
    world.store.changeSchedules = () => new Promise(() => undefined);
    await world.fireAt("orders", T0 + HOUR);
    expect(await world.client.get("orders")).toMatchObject({ status: "REGISTERED", blockingRuns: 1 });
    // Another one takes over, on the same ledger.
    world.store.changeSchedules = changeSchedules;
    const { clock, store, operator } = world;
    const next = await World.start({ clock, store, operator });
    expect(await next.client.get("orders")).toMatchObject({ status: "PAUSED", blockingRuns: 1 });
    await next.client.resume("orders");
    await next.settle();
    expect(await next.client.get("orders")).toMatchObject({ status: "REGISTERED", blockingRuns: 0 });
    await next.restart();
    expect(await next.client.get("orders")).toMatchObject({ status: "REGISTERED" });
    await next.stop();
  });

  it("pauses nothing that is gone by then", async () => {
    const bench = await Bench.started(running);
    await bench.client.register(hourly({ maxAttempts: 1, onFailure: "pause" }));
    await bench.fireAt(1);
    await bench.client.unregister("orders");
    bench.operator.endAll(failed("no"));
    await bench.clock.settle();
    expect(await firstRun(bench)).toMatchObject({ state: "FAILED" });
    expect((await bench.client.get("orders")).status).toBe("DELETED");
    expect(bench.troubles).toEqual([]);
  });

  it("pauses its schedule with a note, and is behind it once that is resumed", async () => {
    const bench = await failedOnce({ onFailure: "pause" });
    const { status, statusReason } = await bench.client.get("orders");
    expect(status).toBe("PAUSED");
    expect(statusReason).toMatch(/onFailure/);
    await bench.client.resume("orders");
    await bench.fireAt(2);
    expect(bench.intervals).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });
});

describe("cancelling and stopping", () => {
  it("stops an active job and remembers why", async () => {
    const bench = await Bench.started(running);
    await bench.client.register(hourly());
    await bench.fireAt(1);
    await bench.client.cancelRun((await firstRun(bench)).id);
    await bench.clock.settle();
    expect(await firstRun(bench)).toMatchObject({ state: "CANCELLED", reason: "cancelled" });
    await expect(bench.client.cancelRun((await firstRun(bench)).id)).rejects.toMatchObject({
      code: "RUN_STATE_ILLEGAL",
    });
  });

  it("leaves a job to the next manager, which finds it and does not submit it again", async () => {
    const bench = await Bench.started(running, { dispatcher: { drainMs: 1_000 } });
    await bench.client.register(hourly());
    await bench.fireAt(1);
    await bench.restart();
    expect(bench.operator.submissions).toHaveLength(1);
    await bench.endNewest();
    expect(await firstRun(bench)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
  });

  it("keeps the lease of a long job", async () => {
    const bench = await Bench.started(running, { dispatcher: { leaseMs: 30_000 } });
    await bench.client.register(hourly());
    await bench.fireAt(1);
    await bench.clock.advance(HOUR / 2);
    await bench.endNewest();
    expect(await firstRun(bench)).toMatchObject({ state: "SUCCEEDED" });
    expect(bench.troubles).toEqual([]);
  });
});

describe("trigger now", () => {
  it("runs the last closed interval again as a new generation, also when paused", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly());
    await expect(bench.client.trigger("orders")).rejects.toMatchObject({ code: "INTERVAL_OPEN" });
    await bench.fireAt(2);
    await bench.client.pause("orders", "");
    const runs = await bench.client.trigger("orders");
    await bench.clock.settle();
    expect(runs).toMatchObject([{ kind: "MANUAL", generation: 1, lower: hour(1), upper: hour(2) }]);
    expect(bench.intervals).toEqual([
      [0, 1],
      [1, 2],
      [1, 2],
    ]);
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true, succeeded: { runs: 2 } });
  });

  it.each([[undefined], [{ lower: hour(0), upper: hour(1) }]])(
    "is refused once the schedule is unregistered: %j",
    async (interval) => {
      const bench = await Bench.started();
      await bench.client.register(hourly());
      await bench.fireAt(2);
      await bench.client.unregister("orders");
      await expect(bench.client.trigger("orders", interval)).rejects.toMatchObject({
        code: "SCHEDULE_STATUS_ILLEGAL",
      });
      await bench.clock.settle();
      expect(bench.intervals).toHaveLength(2);
    },
  );

  it("runs the last closed interval again of a schedule that an empty one closes", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly({ endTime: hour(2), endRule: "inclusive" }));
    await bench.fireAt(2);
    expect(bench.intervals.at(-1)).toEqual([2, 2]);
    const runs = await bench.client.trigger("orders");
    expect(runs).toMatchObject([{ generation: 1, lower: hour(1), upper: hour(2) }]);
  });

  it("is refused with a reason if the first interval is due after the last instant of a Date", async () => {
    const bench = await Bench.started();
    const last = { endTime: 8_640_000_000_000_000, delayMs: 366 * 24 * HOUR };
    await bench.client.register(hourly({ trigger: { type: "once" }, ...last }));
    await expect(bench.client.trigger("orders")).rejects.toMatchObject({
      code: "INTERVAL_OPEN",
      message: expect.stringContaining("+275760-09-13T00:00:00.000Z"),
    });
  });

  it.each(["coalesce-pending", "queue"] as const)(
    "does not run an interval again under %s while what is owed waits for its lane",
    async (overlap) => {
      const bench = await Bench.started();
      await bench.client.register(hourly({ overlap, onFailure: "block", maxAttempts: 1 }));
      await bench.fireAt(1);
      bench.operator.answer = () => failed("broken");
      for (let at = 2; at < 12; at += 1) await bench.fireAt(at);
      const { items } = await bench.client.runs({ groupId: "orders", states: ["FAILED"] });
      await expect(bench.client.trigger("orders")).rejects.toMatchObject({
        code: "RUN_STATE_ILLEGAL",
        message: expect.stringContaining(`run ${items[0]!.id} is FAILED; retry or cancel it`),
      });
    },
  );

  it("runs what a paused group owes, and leaves nothing of it to the resumption", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly());
    await bench.fireAt(1);
    await bench.client.pause("orders");
    await bench.clock.advanceTo(hour(5));
    const runs = await bench.client.trigger("orders");
    await bench.clock.settle();
    expect(
      runs.map(({ kind, lower, upper }) => [kind, (lower - hour(0)) / HOUR, (upper - hour(0)) / HOUR]),
    ).toEqual([
      ["MANUAL", 1, 2],
      ["MANUAL", 2, 3],
      ["MANUAL", 3, 4],
      ["MANUAL", 4, 5],
    ]);
    expect(await bench.client.get("orders")).toMatchObject({ status: "PAUSED", watermark: hour(5) });
    await bench.client.resume("orders");
    await bench.fireAt(6);
    expect(bench.intervals).toHaveLength(6);
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true, owed: null });
  });

  it("gives up of what a paused group owes what its catch-up policy does", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly({ catchup: "drop" }));
    await bench.client.pause("orders");
    await bench.clock.advanceTo(hour(5));
    await bench.client.trigger("orders");
    await bench.clock.settle();
    expect(bench.intervals).toEqual([[4, 5]]);
    expect(await bench.client.audit("orders")).toMatchObject({ isSound: true, skipped: { ms: 4 * HOUR } });
  });

  it("cuts no day of the time before a daily ledger", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly({ trigger: { type: "period", every: 1, unit: "day" } }));
    const before = bench.client.trigger("orders", { lower: hour(-1), upper: hour(0) });
    await expect(before).rejects.toMatchObject({
      code: "INTERVAL_NOT_ALIGNED",
      message: expect.stringContaining("[2025-12-31T00:00:00.000Z, 2026-01-01T00:00:00.000Z)"),
    });
  });

  it("cuts nothing that was skipped, nor time before the ledger", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly({ catchup: "drop" }));
    await bench.fireAt(4);
    const trigger = (from: number, to: number) =>
      bench.client.trigger("orders", { lower: hour(from), upper: hour(to) });
    await expect(trigger(0.5, 2)).rejects.toMatchObject({
      code: "INTERVAL_NOT_ALIGNED",
      message: expect.stringContaining("[2026-01-01T00:00:00.000Z, 2026-01-01T02:00:00.000Z)"),
    });
    await expect(trigger(-1.5, -1)).rejects.toMatchObject({ code: "INTERVAL_NOT_ALIGNED" });
    expect(await trigger(1, 3)).toHaveLength(2);
  });

  it("takes whole intervals only, and names the nearest", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly());
    await bench.fireAt(3);
    const trigger = (from: number, to: number) =>
      bench.client.trigger("orders", { lower: hour(from), upper: hour(to) });
    await expect(trigger(0.5, 1)).rejects.toMatchObject({
      code: "INTERVAL_NOT_ALIGNED",
      message: expect.stringContaining("2026-01-01T00:00:00"),
    });
    await expect(trigger(2, 4)).rejects.toMatchObject({ code: "INTERVAL_OPEN" });
    await expect(trigger(2, 2)).rejects.toMatchObject({ code: "INTERVAL_INVALID" });
    expect(await trigger(0, 2)).toHaveLength(2);
  });
});

describe("backfill", () => {
  it("runs what lies before the ledger, a few at a time, without a row before its turn", async () => {
    const bench = await Bench.started(running);
    await bench.client.register(hourly());
    const request = { groupId: "orders", from: hour(-100), to: hour(0), concurrency: 2 };
    expect(await bench.client.backfill({ ...request, isDryRun: true })).toMatchObject({
      runs: 100,
      ranges: [{ lower: hour(-100), upper: hour(0) }],
    });
    const { backfill } = await bench.client.backfill(request);
    await bench.clock.settle();
    expect(bench.intervals).toEqual([
      [-100, -99],
      [-99, -98],
    ]);
    expect((await bench.client.runs({ groupId: "orders" })).items).toHaveLength(2);
    bench.operator.answer = () => SUCCEEDED;
    bench.operator.endAll();
    for (let turn = 0; turn < 120; turn += 1) await bench.clock.settle();
    expect(await bench.client.getBackfill(backfill!.id)).toMatchObject({
      state: "DONE",
      plannedRuns: 100,
      openRuns: 0,
    });
    expect(await bench.client.audit("orders", { lower: hour(-100), upper: hour(0) })).toMatchObject({
      isComplete: true,
      succeeded: { runs: 100 },
    });
  });

  it("chooses what is missing, failed, both, or all", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly({ catchup: "drop", maxAttempts: 1, onFailure: "continue" }));
    await bench.fireAt(3);
    bench.operator.answer = failing;
    await bench.fireAt(4);
    const count = async (select: BackfillSelect) =>
      (await bench.client.backfill({ groupId: "orders", from: hour(0), to: hour(4), select, isDryRun: true }))
        .runs;
    const counts = [
      await count("missing"),
      await count("failed"),
      await count("incomplete"),
      await count("all"),
    ];
    expect(counts).toEqual([2, 1, 3, 4]);
  });

  it("of what is incomplete runs the holes and the failures, oldest first", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly({ catchup: "drop", maxAttempts: 1, onFailure: "continue" }));
    await bench.fireAt(3);
    bench.operator.answer = failing;
    await bench.fireAt(4);
    bench.operator.answer = () => SUCCEEDED;
    const before = bench.intervals.length;
    await bench.client.backfill({ groupId: "orders", from: hour(0), to: hour(4), select: "incomplete" });
    for (let turn = 0; turn < 20; turn += 1) await bench.clock.settle();
    expect(bench.intervals.slice(before)).toEqual([
      [0, 1],
      [1, 2],
      [3, 4],
    ]);
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true, succeeded: { runs: 4 } });
  });
});

describe("a backfill with an id", () => {
  const request = { id: "again", groupId: "orders", from: hour(0), to: hour(2), select: "all" } as const;

  async function withTwoHours(): Promise<Bench> {
    const bench = await Bench.started();
    await bench.client.register(hourly());
    await bench.fireAt(2);
    bench.operator.answer = running;
    return bench;
  }

  it("has planned its first runs when it is begun", async () => {
    const bench = await withTwoHours();
    await bench.client.backfill(request);
    const { items } = await bench.client.runs({ groupId: "orders", backfillId: "again" });
    expect(items).toMatchObject([{ kind: "BACKFILL", generation: 1, lower: hour(0) }]);
  });

  it("is begun once, and who comes again is told of the first and what it has left", async () => {
    const bench = await withTwoHours();
    const plans = await Promise.all([1, 2, 3].map(() => bench.client.backfill(request)));
    expect(plans.map(({ backfill }) => backfill?.id)).toEqual(["again", "again", "again"]);
    const later = await bench.client.backfill({ ...request, to: hour(1), concurrency: 9 });
    expect(later).toMatchObject({ runs: 1, backfill: { upper: hour(2), concurrency: 1, plannedRuns: 1 } });
    bench.operator.answer = () => SUCCEEDED;
    bench.operator.endAll();
    for (let turn = 0; turn < 20; turn += 1) await bench.clock.settle();
    const done = { runs: 0, ranges: [], backfill: { state: "DONE", plannedRuns: 2 } };
    expect(await bench.client.backfill(request)).toMatchObject(done);
    expect(bench.operator.submissions).toHaveLength(4);
  });

  it("is used up where there was nothing to do", async () => {
    const bench = await withTwoHours();
    const nothing = await bench.client.backfill({ ...request, select: "missing" });
    expect(nothing).toMatchObject({ runs: 0, backfill: { id: "again", state: "DONE" } });
    expect(await bench.client.backfill(request)).toMatchObject({ runs: 0, backfill: { select: "missing" } });
    expect(bench.operator.submissions).toHaveLength(2);
  });

  it("is planned by the passes when the store was away at first", async () => {
    const bench = await withTwoHours();
    const { planBackfill } = bench.store;
    bench.store.planBackfill = async () => {
      throw new Error("away");
    };
    await bench.client.backfill(request);
    expect(bench.troubles).toMatchObject([{ where: "backfill" }]);
    bench.store.planBackfill = planBackfill;
    await bench.clock.advance(10_000);
    expect((await bench.client.runs({ groupId: "orders", backfillId: "again" })).items).toHaveLength(1);
  });

  it("is refused where it is another group's, or is none", async () => {
    const bench = await withTwoHours();
    await bench.client.backfill(request);
    await bench.client.register(hourly({ groupId: "other", startTime: hour(0) }));
    await bench.fireAt(3, "other");
    const refused = { code: "INTERVAL_INVALID", field: "id" };
    for (const id of ["again", "", "x".repeat(201)]) {
      await expect(bench.client.backfill({ ...request, groupId: "other", id })).rejects.toMatchObject(
        refused,
      );
    }
  });
});
