import { afterEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import { StoreError } from "../../src/errors/errors.js";
import { createEmitter } from "../../src/events/events.js";
import { createSignals } from "../../src/events/signals.js";
import { OffsetProviders } from "../../src/offset/offset-providers.js";
import { PLANNED_AHEAD } from "../../src/planning/plan-decision.js";
import { IntervalPlanner } from "../../src/planning/planner.js";
import { SourceLooks } from "../../src/planning/source-looks.js";
import { SpecCache } from "../../src/planning/spec-cache.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { DAY, HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly, specOf } from "../support/schedules.js";
import { World, type WorldOptions } from "../support/world.js";

let world: World;
const begin = async (options: WorldOptions = {}): Promise<World> => {
  world = await World.start(options);
  return world;
};
afterEach(() => world.stop());

/** The runs of a group as `[from, to, state or reason]`, in hours since T0. */
async function ledger(groupId = "g"): Promise<[number, number, string][]> {
  const runs = await world.runs(groupId);
  return runs.map(({ lower, upper, state, reason }) => [
    (lower - T0) / HOUR,
    (upper - T0) / HOUR,
    reason ?? state,
  ]);
}

const succeeded = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => [from + index, from + index + 1, "SUCCEEDED"]);

describe("fires", () => {
  it("plan an interval each and say when the next is due", async () => {
    const { engine, clock, client } = await begin();
    await client.register(hourly("g"));
    await clock.advance(HOUR);
    const results = await engine.fire("g", T0 + HOUR);
    expect(results).toEqual([{ groupId: "g", outcome: "planned", planned: 1, nextFireAt: T0 + 2 * HOUR }]);
    await world.settle();
    expect(await ledger()).toEqual(succeeded(0, 1));
  });

  it("that are repeated plan nothing more", async () => {
    const { engine, client } = await begin();
    await client.register(hourly("g"));
    await world.fireAt("g", T0 + HOUR);
    const [again] = await engine.fire("g", T0 + HOUR);
    expect(again).toMatchObject({ outcome: "duplicate", planned: 0, nextFireAt: T0 + 2 * HOUR });
    await world.settle();
    expect(await ledger()).toEqual(succeeded(0, 1));
  });

  it("that come early are held and repeated by themselves at their time", async () => {
    const { engine, clock, client } = await begin();
    await client.register(hourly("g"));
    await clock.advance(HOUR - 3);
    const [early] = await engine.fire("g", T0 + HOUR);
    expect(early).toMatchObject({ outcome: "held", planned: 0 });
    await world.advance(2);
    expect(await ledger()).toEqual([]);
    await world.advance(1);
    expect(await ledger()).toEqual(succeeded(0, 1));
  });

  it("that come early are held until the delay has passed as well", async () => {
    const { engine, clock, client } = await begin();
    await client.register(hourly("g", { delayMs: MINUTE }));
    await clock.advance(HOUR);
    expect((await engine.fire("g", T0 + HOUR))[0]?.outcome).toBe("held");
    await world.advance(MINUTE - 1);
    expect(await ledger()).toEqual([]);
    await world.advance(1);
    expect(await ledger()).toEqual(succeeded(0, 1));
  });

  it("that come late, reordered and with others missing converge on every interval once", async () => {
    const { engine, clock, client, operator } = await begin();
    await client.register(hourly("g"));
    await clock.advance(5 * HOUR + MINUTE);
    for (const hour of [4, 2, 2, 5]) await engine.fire("g", T0 + hour * HOUR);
    await world.settle();
    expect(await ledger()).toEqual(succeeded(0, 5));
    expect(operator.submissions.map(({ upperBound }) => (Number(upperBound) - T0) / HOUR)).toEqual([
      1, 2, 3, 4, 5,
    ]);
  });

  it("of one group that come at once plan each interval once", async () => {
    const { engine, clock, client } = await begin();
    await client.register(hourly("g"));
    await clock.advance(3 * HOUR);
    const results = await Promise.all([1, 2, 3, 3, 1].map((hour) => engine.fire("g", T0 + hour * HOUR)));
    await world.settle();
    expect(results.flat().reduce((sum, { planned }) => sum + planned, 0)).toBe(3);
    expect(await ledger()).toEqual(succeeded(0, 3));
  });

  it("of one group in one batch get one answer each, and of many groups their own", async () => {
    const { engine, clock, client } = await begin();
    await client.registerMany([hourly("a"), hourly("b")]);
    await clock.advance(HOUR);
    const results = await engine.fireMany([
      { groupId: "a", scheduledTime: T0 + HOUR },
      { groupId: "nobody", scheduledTime: T0 + HOUR },
      { groupId: "b", scheduledTime: T0 + HOUR },
      { groupId: "a", scheduledTime: T0 + HOUR },
    ]);
    expect(results.map(({ groupId, outcome }) => [groupId, outcome])).toEqual([
      ["a", "planned"],
      ["nobody", "inactive"],
      ["b", "planned"],
      ["a", "planned"],
    ]);
    await world.settle();
    expect(await ledger("a")).toEqual(succeeded(0, 1));
    expect(await ledger("b")).toEqual(succeeded(0, 1));
  });

  it("for times off the grid plan the grid's intervals, and the drift is told", async () => {
    const { engine, clock, client } = await begin();
    await client.register(hourly("g"));
    await clock.advance(2 * HOUR + 20 * MINUTE);
    await engine.fire("g", T0 + HOUR + 20 * MINUTE);
    await world.settle();
    expect(await ledger()).toEqual(succeeded(0, 2));
    expect(world.eventsOf("engine-drift")).toEqual([
      { groupId: "g", scheduledTime: T0 + HOUR + 20 * MINUTE },
    ]);
  });

  it("when planning that waits is checked again tell of no drift", async () => {
    const { engine, client, clock } = await begin();
    await client.register(hourly("g", { overlap: "coalesce-pending" }));
    world.operator.answer = () => "runs";
    await world.fireAt("g", T0 + HOUR);
    await world.fireAt("g", T0 + 2 * HOUR);
    const { nextFireAt } = await client.get("g");
    expect(nextFireAt).toBe(T0 + 2 * HOUR + MINUTE);
    await clock.advanceTo(nextFireAt!);
    await engine.fire("g", nextFireAt!);
    expect(world.eventsOf("engine-drift")).toEqual([]);
  });

  it("for times on the grid tell of no drift", async () => {
    const { engine, client } = await begin();
    await client.register(hourly("g"));
    await world.fireAt("g", T0 + HOUR);
    await engine.fire("g", T0 + HOUR, T0 + 2 * HOUR);
    expect(world.eventsOf("engine-drift")).toEqual([]);
  });

  it("that owe more than one transaction holds plan all of it, oldest first", async () => {
    const { engine, client } = await begin();
    const everySecond = { type: "period", every: 1, unit: "second" } as const;
    await client.register(hourly("g", { trigger: everySecond, overlap: "allow", maxActiveRuns: 1_000 }));
    world.operator.answer = () => "runs";
    await world.clock.advance(1_500_000);
    const [result] = await engine.fire("g", T0);
    expect(result).toMatchObject({ outcome: "planned", planned: 1_000 });
    expect((await client.get("g")).watermark).toBe(T0 + 1_000_000);
  });

  it("that merge more intervals than a run counts plan one run of them all the same", async () => {
    const { client } = await begin();
    const trigger = { type: "period", every: 1, unit: "second" } as const;
    await client.register({ groupId: "g", trigger, startTime: "0001-01-01T00:00:00Z", catchup: "coalesce" });
    await world.fireAt("g", T0);
    const [run] = await world.runs("g");
    expect(run).toMatchObject({ intervals: 2_147_483_647, upper: T0, state: "SUCCEEDED" });
    expect((await client.audit("g")).isComplete).toBe(true);
  });

  it("go on being planned by another planner on the same store, which sees the first one's watermark", async () => {
    const { client, clock, store } = await begin();
    await client.register(hourly("g"));
    await world.fireAt("g", T0 + HOUR);
    const emitter = createEmitter();
    const other = new IntervalPlanner({
      store,
      clock,
      emitter,
      signals: createSignals(emitter),
      specs: new SpecCache(store, "default"),
      looks: new SourceLooks({
        clock,
        providers: new OffsetProviders([]),
        namespace: "default",
        timeoutMs: 1_000,
      }),
      namespace: "default",
    });
    await clock.advance(HOUR);
    const [fired] = await other.fire([{ groupId: "g", scheduledTime: T0 + 2 * HOUR }]);
    expect(fired?.runs).toMatchObject([{ groupId: "g", lower: T0 + HOUR, upper: T0 + 2 * HOUR }]);
    await clock.advance(HOUR);
    await world.engine.fire("g", T0 + 3 * HOUR);
    await world.settle();
    expect(await ledger()).toEqual(succeeded(0, 3));
  });

  it("do not get an answer while the store fails, and plan when it is back", async () => {
    const { client, clock, store, engine } = await begin();
    await client.register(hourly("g"));
    await clock.advance(HOUR);
    const plan = store.plan.bind(store);
    store.plan = () => Promise.reject(new Error("disk full"));
    await expect(engine.fire("g", T0 + HOUR)).rejects.toThrow("disk full");
    store.plan = plan;
    await engine.fire("g", T0 + HOUR);
    await world.settle();
    expect(await ledger()).toEqual(succeeded(0, 1));
  });

  it("are known by the clock of this machine, also when it was set back", async () => {
    const { client, clock, engine } = await begin();
    await client.register(hourly("g"));
    await world.fireAt("g", T0 + 2 * HOUR);
    clock.set(T0 + HOUR);
    expect((await engine.fire("g", T0 + HOUR, T0 + 3 * HOUR))[0]).toMatchObject({ planned: 0 });
    await world.advance(2 * HOUR);
    expect(await ledger()).toEqual(succeeded(0, 3));
  });
});

describe("an update of the trigger", () => {
  it("continues at the watermark, with no gap and no overlap", async () => {
    const { client } = await begin();
    await client.register(hourly("g"));
    await world.fireAt("g", T0 + HOUR);
    const halfPast = { type: "cron", expression: "30 */2 * * *" } as const;
    await client.update(hourly("g", { trigger: halfPast }), { version: 1 });
    await world.fireAt("g", T0 + 2.5 * HOUR);
    await world.fireAt("g", T0 + 4.5 * HOUR);
    expect(await ledger()).toEqual([
      [0, 1, "SUCCEEDED"],
      [1, 2.5, "SUCCEEDED"],
      [2.5, 4.5, "SUCCEEDED"],
    ]);
    expect(await client.audit("g")).toMatchObject({ isComplete: true, owed: null });
  });

  it("is not answered from what the planner remembers of the version before", async () => {
    const { client, engine, clock } = await begin();
    await client.register(hourly("g"));
    await world.fireAt("g", T0 + HOUR);
    await clock.advance(HOUR);
    await client.update(hourly("g", { trigger: { type: "period", every: 2, unit: "hour" } }), { version: 1 });
    const [result] = await engine.fire("g", T0 + 2 * HOUR);
    expect(result).toMatchObject({ outcome: "planned", planned: 1 });
    await world.settle();
    const runs = await world.runs("g");
    expect(runs.map(({ scheduleVersion }) => scheduleVersion)).toEqual([1, 2]);
  });

  it("keeps the version that a waiting run was planned with", async () => {
    const { client, operator } = await begin();
    operator.answer = () => "runs";
    await client.register(hourly("g", { job: { n: 1 } }));
    await world.fireAt("g", T0 + HOUR);
    await world.fireAt("g", T0 + 2 * HOUR);
    await client.update(hourly("g", { job: { n: 2 } }), { version: 1 });
    operator.answer = () => ({ state: "SUCCEEDED" });
    operator.endAll();
    await world.settle();
    await world.fireAt("g", T0 + 3 * HOUR);
    expect(operator.submissions.map(({ job }) => job.n)).toEqual([1, 1, 2]);
  });
});

describe("a pause", () => {
  it("plans nothing, and what fell due is owed when it is over", async () => {
    const { client, engine, clock } = await begin();
    await client.register(hourly("g"));
    await world.fireAt("g", T0 + HOUR);
    await client.pause("g", "source is migrated");
    await clock.advance(2 * HOUR);
    expect((await engine.fire("g", T0 + 2 * HOUR))[0]).toMatchObject({ outcome: "inactive", planned: 0 });
    expect(await ledger()).toEqual(succeeded(0, 1));
    await client.resume("g");
    await engine.fire("g", T0 + 3 * HOUR);
    await world.settle();
    expect(await ledger()).toEqual(succeeded(0, 3));
    expect(await client.audit("g")).toMatchObject({ isComplete: true });
  });

  it("lets a held fire come to nothing", async () => {
    const { client, engine, clock } = await begin();
    await client.register(hourly("g"));
    await clock.advance(HOUR - 1);
    await engine.fire("g", T0 + HOUR);
    await client.pause("g");
    await world.advance(MINUTE);
    expect(await ledger()).toEqual([]);
  });
});

describe("what is deferred", () => {
  it("goes on when the run in front ends, merged into one (coalesce-pending)", async () => {
    const { client, operator } = await begin();
    operator.answer = () => "runs";
    await client.register(hourly("g", { overlap: "coalesce-pending" }));
    await world.fireAt("g", T0 + HOUR);
    for (const hour of [2, 3, 4]) await world.fireAt("g", T0 + hour * HOUR);
    expect(await ledger()).toEqual([[0, 1, "RUNNING"]]);
    operator.endAll();
    await world.settle();
    expect(await ledger()).toEqual([
      [0, 1, "SUCCEEDED"],
      [1, 4, "overlap-coalesced"],
    ]);
    expect(operator.running).toHaveLength(1);
  });

  it("cancels the run in front and takes its interval over (cancel-running)", async () => {
    const { client, operator } = await begin();
    operator.answer = () => "runs";
    await client.register(hourly("g", { overlap: "cancel-running" }));
    await world.fireAt("g", T0 + HOUR);
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(operator.cancellations).toHaveLength(1);
    operator.endAll();
    await world.settle();
    expect(await ledger()).toEqual([
      [0, 1, "overlap-cancelled"],
      [0, 2, "overlap-coalesced"],
    ]);
    expect((await world.runs("g"))[1]).toMatchObject({ state: "SUCCEEDED", intervals: 2 });
    expect(await client.audit("g")).toMatchObject({ isComplete: true });
  });

  it.each([
    ["the catch-up policy drop", { catchup: "drop" }],
    ["a catch-up window", { catchupWindowMs: HOUR / 2 }],
  ] as const)("leaves an interval whose run was cancelled to %s", async (_, policy) => {
    const { client, operator } = await begin();
    operator.answer = () => "runs";
    await client.register(hourly("g", { overlap: "cancel-running", ...policy }));
    await world.fireAt("g", T0 + HOUR);
    await world.fireAt("g", T0 + 2 * HOUR);
    operator.endAll();
    await world.settle();
    expect(world.eventsOf("trouble")).toEqual([]);
    const [, newest] = (await world.runs("g", { includeSuperseded: false })).map(
      ({ lower, upper, state }) => [(lower - T0) / HOUR, (upper - T0) / HOUR, state],
    );
    expect(newest).toEqual([1, 2, "SUCCEEDED"]);
    expect(await client.audit("g")).toMatchObject({ isSound: true, owed: null });
  });

  it("is a backlog's rest: it follows as runs end, and none is lost", async () => {
    const { client, operator, engine, clock } = await begin();
    await client.register(hourly("g", { startTime: T0 - 1_050 * HOUR }));
    operator.answer = () => "runs";
    const [result] = await engine.fire("g", T0);
    expect(result).toMatchObject({ outcome: "planned", planned: 1 + PLANNED_AHEAD });
    expect(await client.audit("g")).toMatchObject({
      isSound: true,
      owed: { lower: T0 - (1_050 - 1 - PLANNED_AHEAD) * HOUR, upper: T0 },
    });
    operator.answer = () => ({ state: "SUCCEEDED" });
    await world.settle();
    const before = world.eventsOf("runs-planned").length;
    operator.endAll();
    let audit = await client.audit("g");
    for (let turn = 0; turn < 4_000 && !audit.isComplete; turn += 1) {
      await clock.settle();
      if (turn % 100 === 99) audit = await client.audit("g");
    }
    const plans = world.eventsOf("runs-planned").slice(before);
    expect(plans.every((runs) => runs.length === 1)).toBe(true);
    expect(clock.now()).toBe(T0);
    expect(audit).toMatchObject({ isComplete: true, owed: null });
    expect(audit.succeeded.runs).toBe(1_050);
  });
});

describe("a schedule that is blocked", () => {
  const everySecond = { type: "period", every: 1, unit: "second" } as const;

  it.each([
    {},
    { overlap: "drop" },
    { overlap: "coalesce-pending" },
    { overlap: "allow", maxActiveRuns: 2 },
  ] as const)("costs a plan a minute (%j)", async (policy) => {
    const { client, store, operator } = await begin({ watchdogEveryMs: 5_000 });
    operator.answer = () => ({ state: "FAILED", isRetryable: false });
    const groups = Array.from({ length: 100 }, (_, index) => `g${index}`);
    await client.registerMany(groups.map((group) => hourly(group, { trigger: everySecond, ...policy })));
    for (let second = 1; second <= 10; second += 1) {
      await world.clock.advanceTo(T0 + second * 1_000);
      await world.engine.fireMany(groups.map((groupId) => ({ groupId, scheduledTime: T0 + second * 1_000 })));
      await world.settle();
    }
    let plans = 0;
    const plan = store.plan.bind(store);
    store.plan = (commits) => {
      plans += commits.length;
      return plan(commits);
    };
    const end = T0 + HOUR;
    while (world.clock.now() < end) {
      const due = await store.due({ before: end, limit: 1_000 });
      const now = Math.max(world.clock.now(), due[0]?.fireAt ?? end);
      await world.clock.advanceTo(Math.min(now, end));
      await world.engine.fireMany(due.filter(({ fireAt }) => fireAt <= now));
    }
    expect(plans).toBeLessThanOrEqual(100 * 62);
    expect(plans).toBeGreaterThan(100 * 50);
  });

  it("goes on with all that it owes when the failed run is retried", async () => {
    const { client, operator, engine, clock } = await begin();
    operator.answer = () => ({ state: "FAILED", isRetryable: false });
    await client.register(hourly("g", { overlap: "drop" }));
    await world.fireAt("g", T0 + HOUR);
    await world.fireAt("g", T0 + 5 * HOUR);
    expect(await ledger()).toEqual([[0, 1, "FAILED"]]);
    operator.answer = () => ({ state: "SUCCEEDED" });
    const [failed] = await world.runs("g");
    await client.retryRun(failed!.id);
    await world.settle();
    await clock.advance(MINUTE);
    await engine.fire("g", T0 + 6 * HOUR);
    await world.settle();
    expect(await ledger()).toEqual(succeeded(0, 5));
  });
});

describe("a backlog", () => {
  it("drains through two managers on one store as runs end, whichever of them carries these out", async () => {
    const clock = new VirtualClock({ start: T0 });
    const store = new MemoryStore({ clock });
    Object.assign(store, { isShared: true });
    const { client, operator, engine } = await begin({ store, clock });
    const other = await World.start({ store, clock, operator });
    await client.register(hourly("g", { startTime: T0 - 50 * HOUR }));
    await engine.fire("g", T0);
    for (let turn = 0; turn < 100; turn += 1) await world.settle();
    expect(clock.now()).toBe(T0);
    expect((await client.audit("g")).succeeded.runs).toBe(50);
    await other.stop();
  });

  it("is kept whole by a window that was long enough when it fell due, through a restart", async () => {
    const { client, operator } = await begin();
    operator.answer = () => "runs";
    await client.register(hourly("g", { catchupWindowMs: 2 * HOUR }));
    for (let hour = 1; hour <= 12; hour += 1) await world.fireAt("g", T0 + hour * HOUR);
    await world.restart();
    operator.answer = () => ({ state: "SUCCEEDED" });
    operator.endAll();
    await world.advance(30 * MINUTE);
    await world.engine.fire("g", T0 + 12 * HOUR);
    for (let turn = 0; turn < 20; turn += 1) await world.settle();
    expect(await ledger()).toEqual(succeeded(0, 12));
  });
});

describe("the empty interval of an inclusive end", () => {
  it.each(["interval-end", "interval-start"] as const)(
    "is planned once, also when the schedule is paused and resumed after it (%s)",
    async (fireAt) => {
      const { client, engine } = await begin();
      const endTime = T0 + 2 * HOUR;
      await client.registerMany([hourly("g", { endTime, endRule: "inclusive", fireAt }), hourly("healthy")]);
      await world.fireAt("g", T0 + 3 * HOUR);
      const before = await ledger();
      expect(before.at(-1)).toEqual([2, 2, "SUCCEEDED"]);
      for (let round = 0; round < 2; round += 1) {
        await client.pause("g", "");
        await client.resume("g");
        const results = await engine.fireMany([
          { groupId: "g", scheduledTime: endTime },
          { groupId: "healthy", scheduledTime: endTime },
        ]);
        expect(results[0]).toMatchObject({ planned: 0, nextFireAt: null });
        await world.settle();
      }
      expect(await ledger()).toEqual(before);
      expect(await ledger("healthy")).toEqual(succeeded(0, 3));
      expect((await client.get("g")).nextFireAt).toBeNull();
      expect(world.eventsOf("trouble")).toEqual([]);
    },
  );

  it.each([
    [{}],
    [{ overlap: "cancel-running", fireAt: "interval-start" }],
    [{ overlap: "coalesce-pending" }],
  ] as const)(
    "of a single time costs nothing when it is over, whatever is done to it (%j)",
    async (policy) => {
      const { client, store, clock, engine, operator } = await begin({ watchdogEveryMs: 5_000 });
      operator.answer = () => ({ state: "FAILED", isRetryable: false });
      const info = {
        ...hourly("g", { endTime: T0 + HOUR, endRule: "inclusive", onFailure: "continue", ...policy }),
        trigger: { type: "once", at: T0 + HOUR },
      } as const;
      await client.register(info);
      await world.fireAt("g", T0 + HOUR);
      await engine.fire("g", T0 + HOUR);
      await world.settle();
      let plans = 0;
      const plan = store.plan.bind(store);
      store.plan = (commits) => {
        plans += commits.length;
        return plan(commits);
      };
      await client.update({ ...info, description: "new" }, { version: 1 });
      await client.pause("g", "");
      await client.resume("g");
      await clock.advance(HOUR);
      await client.unregister("g");
      await client.register(info);
      await clock.advance(HOUR);
      expect(plans).toBeLessThan(20);
      const bounds = (await ledger()).map(([lower, upper]) => [lower, upper]);
      expect(bounds).toEqual([
        [0, 1],
        [1, 1],
      ]);
    },
  );
});

describe("a schedule that this version does not understand", () => {
  const poisoned = async (): Promise<void> => {
    const spec = specOf(hourly("b-poisoned"));
    const trigger = { type: "lunar" } as unknown as typeof spec.trigger;
    await world.store.insertSchedules([
      {
        spec: { ...spec, trigger },
        status: "REGISTERED",
        origin: T0,
        watermark: T0,
        nextFireAt: T0 + HOUR,
        laneWidth: 1,
        incarnation: "1",
        tzdata: "2026a",
        createdAt: T0,
      },
    ]);
  };
  const fireAll = () =>
    world.engine.fireMany(
      ["a", "b-poisoned", "c"].map((groupId) => ({ groupId, scheduledTime: world.clock.now() })),
    );

  it("harms no other of its batch, and says why it stands still", async () => {
    const { client, clock } = await begin();
    await client.registerMany([hourly("a"), hourly("c")]);
    await poisoned();
    await clock.advance(HOUR);
    const results = await fireAll();
    await world.settle();
    expect(results.map(({ outcome }) => outcome)).toEqual(["planned", "failed", "planned"]);
    expect(results[1]).toMatchObject({ nextFireAt: T0 + HOUR + MINUTE, planned: 0 });
    expect(await ledger("a")).toEqual(succeeded(0, 1));
    expect(await ledger("c")).toEqual(succeeded(0, 1));
    expect(world.eventsOf("trouble")).toEqual([
      expect.objectContaining({ where: "planner", groupId: "b-poisoned" }),
    ]);
    const { schedule, next } = await client.describe("b-poisoned");
    expect(schedule.statusReason).toMatch(/^Cannot be planned: .* trigger: {"type":"lunar"} is not known/);
    expect(schedule.unreadable).toContain("Update Tidegate, or update the schedule");
    expect(next.intervals).toEqual([]);
  });

  it("is tried again after a while, told once each time, and planned when it is understood", async () => {
    const { client, clock, store } = await begin();
    await poisoned();
    await clock.advance(HOUR);
    for (let second = 0; second < 59; second += 1) {
      await world.engine.fire("b-poisoned", T0 + HOUR);
      await clock.advance(1_000);
    }
    expect(world.eventsOf("trouble")).toHaveLength(1);
    const [broken] = await store.getSchedules(["b-poisoned"]);
    await store.changeSchedules([
      {
        groupId: "b-poisoned",
        expected: { version: broken!.version, statuses: [broken!.status] },
        updatedAt: clock.now(),
        spec: { spec: specOf(hourly("b-poisoned")), tzdata: "2026a" },
      },
    ]);
    await clock.advance(MINUTE);
    const [result] = await world.engine.fire("b-poisoned", T0 + HOUR);
    expect(result?.outcome).toBe("planned");
    expect((await client.get("b-poisoned")).statusReason).toBeNull();
  });

  it("is left out where it cannot even be read", async () => {
    const { client, clock, store } = await begin({ watchdogEveryMs: 5_000 });
    await client.registerMany([hourly("a"), hourly("c")]);
    await poisoned();
    const getSchedules = store.getSchedules.bind(store);
    store.getSchedules = (groupIds) =>
      groupIds.includes("b-poisoned")
        ? Promise.reject(new SyntaxError("Unexpected end of JSON input"))
        : getSchedules(groupIds);
    await clock.advance(HOUR);
    expect((await fireAll()).map(({ outcome }) => outcome)).toEqual(["planned", "failed", "planned"]);
    // From here on nobody fires, and the watchdog has to look at all three.
    await clock.advance(HOUR + MINUTE);
    await world.settle();
    expect(await ledger("a")).toEqual(succeeded(0, 2));
    expect(await ledger("c")).toEqual(succeeded(0, 2));
  });

  it("is not taken for broken where the store was away, and planned again soon", async () => {
    const { client, clock, store } = await begin();
    await client.register(hourly("a"));
    await clock.advance(HOUR);
    await world.engine.fire("a", T0 + HOUR);
    await client.register(hourly("b"));
    await clock.advance(HOUR);
    const fires = ["a", "b"].map((groupId) => ({ groupId, scheduledTime: T0 + 2 * HOUR }));
    const getSchedules = store.getSchedules.bind(store);
    store.getSchedules = async () => {
      throw new StoreError("STORE_UNAVAILABLE", "The store is away.");
    };
    expect(await world.engine.fireMany(fires)).toMatchObject([
      { groupId: "a", outcome: "planned" },
      { groupId: "b", outcome: "failed", nextFireAt: clock.now() + 1_000 },
    ]);
    store.getSchedules = getSchedules;
    await clock.advance(1_000);
    expect(await world.engine.fireMany(fires)).toMatchObject([
      { groupId: "a", outcome: "duplicate" },
      { groupId: "b", outcome: "planned" },
    ]);
    expect((await client.get("b")).statusReason).toBeNull();
  });

  it("does not keep the watchdog from the others, which are planned as late as ever", async () => {
    const { client, clock } = await begin({ watchdogEveryMs: 5_000 });
    await client.registerMany([hourly("a"), hourly("c")]);
    await poisoned();
    await clock.advance(HOUR + 40_000);
    await world.settle();
    expect(await ledger("a")).toEqual(succeeded(0, 1));
    expect(await ledger("c")).toEqual(succeeded(0, 1));
    expect((await client.get("b-poisoned")).statusReason).toMatch(/^Cannot be planned/);
  });

  it("whose commit the store refuses by an error is told apart from the others of the transaction", async () => {
    const { client, clock, store } = await begin();
    await client.registerMany([hourly("a"), hourly("b-poisoned"), hourly("c")]);
    const plan = store.plan.bind(store);
    store.plan = (commits) =>
      commits.some(({ groupId }) => groupId === "b-poisoned")
        ? Promise.reject(new StoreError("STORE_FAILED", "value out of range"))
        : plan(commits);
    await clock.advance(HOUR);
    expect((await fireAll()).map(({ outcome }) => outcome)).toEqual(["planned", "failed", "planned"]);
    expect((await client.get("b-poisoned")).statusReason).toBe("Cannot be planned: value out of range");
  });
});

describe("the times between two dates of daylight saving", () => {
  it("make days of 23 and 25 hours, each run once", async () => {
    const { client, clock, engine } = await begin({
      clock: new VirtualClock({ start: Date.UTC(2026, 2, 1) }),
    });
    await client.register({
      groupId: "g",
      trigger: { type: "cron", expression: "0 0 * * *" },
      timezone: "America/New_York",
      startTime: "2026-03-07T00:00-05:00",
    });
    await clock.advance(10 * DAY);
    await engine.fire("g", clock.now());
    await world.settle();
    const hours = (await world.runs("g")).map(({ lower, upper }) => (upper - lower) / HOUR);
    expect(hours.slice(0, 3)).toEqual([24, 23, 24]);
    expect(await client.audit("g")).toMatchObject({ isComplete: true });
  });
});
