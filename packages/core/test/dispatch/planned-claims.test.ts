import { describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import { PLANNED_AHEAD } from "../../src/planning/plan-decision.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import type { ClaimedRun, ClaimRequest, ClaimScope, NextWake } from "../../src/store/run-queue.js";
import { MINUTE, SECOND, T0 } from "../support/instants.js";
import { QuickStore } from "../support/quick-store.js";
import { failed, ScriptedOperator, SUCCEEDED } from "../support/scripted-operator.js";
import { World, type WorldOptions } from "../support/world.js";

const GROUP = "orders";

/** The managers look at their store each second, so that a longer one would take a test longer. */
const STEP = 10 * SECOND;

const everyStep = (groupId: string, more: Partial<ScheduleInfo> = {}): ScheduleInfo => ({
  groupId,
  trigger: { type: "period", every: 10, unit: "second" },
  ...more,
});

/** A manager on a store with shortcuts, and what it has read and claimed since. */
async function started(options: Omit<WorldOptions, "store"> = {}) {
  const clock = options.clock ?? new VirtualClock({ start: T0 });
  const store = new QuickStore({ clock });
  const world = await World.start({ ...options, clock, store });
  await world.client.register(everyStep(GROUP));
  await world.settle();
  return { world, store, clock };
}

/** A store of one manager, which asks it nothing unless it has a reason to. */
class LoneStore extends QuickStore {
  override readonly isShared = false;
  /** Delays the next answer to `nextWake`. */
  delay: Promise<void> | undefined;

  override async nextWake(scope: ClaimScope): Promise<NextWake> {
    const answer = await super.nextWake(scope);
    await this.delay;
    return answer;
  }
}

describe("on a store with shortcuts, a manager", () => {
  it("carries out what it plans without a claim", async () => {
    const { world, store } = await started();
    await world.fireAt(GROUP, T0 + STEP);
    expect(await world.runs(GROUP)).toMatchObject([{ state: "SUCCEEDED", attempt: 1 }]);
    expect(store.claims).toBe(0);
  });

  it("claims all that is planned at once, however much, if it has places for it", async () => {
    const { world, store } = await started({ dispatcher: { maxConcurrentRuns: 2_000 } });
    const groupIds = Array.from({ length: 1_200 }, (_, n) => `group-${n}`);
    await world.client.registerMany(groupIds.map((groupId) => everyStep(groupId)));
    await world.clock.advanceTo(T0 + STEP);
    await world.engine.fireMany(groupIds.map((groupId) => ({ groupId, scheduledTime: T0 + STEP })));
    await world.settle();
    expect(world.operator.submissions).toHaveLength(1_200);
    expect(store.claims).toBe(0);
  });

  it("renews no lease of a run that it has just claimed, however long it had nothing to do before", async () => {
    const operator = new ScriptedOperator();
    operator.answer = () => "runs";
    const { world, store, clock } = await started({ operator });
    let renewals = 0;
    const renew = store.renewLeases.bind(store);
    store.renewLeases = (...given) => {
      renewals += 1;
      return renew(...given);
    };
    await world.client.register(everyStep("other"));
    await clock.advance(MINUTE);
    for (const groupId of [GROUP, "other"]) await world.fireAt(groupId, T0 + MINUTE);
    await world.advance(2 * SECOND);
    expect(operator.submissions).toHaveLength(2);
    expect(renewals).toBe(0);
  });

  it("tells that a run is planned before it tells that it begins", async () => {
    const { world } = await started();
    const told: string[] = [];
    world.tidegate.events.on("runs-planned", () => told.push("planned"));
    world.tidegate.events.on("run-state", ({ run }) => told.push(run.state));
    await world.fireAt(GROUP, T0 + STEP);
    expect(told).toEqual(["planned", "SUBMITTING", "SUCCEEDED"]);
  });

  it("reads no schedule again when its run has ended and nothing is owed", async () => {
    const { world, store } = await started();
    await world.fireAt(GROUP, T0 + STEP);
    const before = store.reads;
    for (const steps of [2, 3, 4]) await world.fireAt(GROUP, T0 + steps * STEP);
    expect(await world.runs(GROUP)).toHaveLength(4);
    expect(store.reads).toBe(before);
  });

  it("drops an interval by the lane as it is, and not as it was when its last run ended", async () => {
    const { world } = await started();
    await world.client.register(
      everyStep("drops", { overlap: "drop", onFailure: "continue", maxAttempts: 1 }),
    );
    world.operator.answer = () => failed("no rows");
    await world.fireAt("drops", T0 + STEP);
    const [first] = await world.runs("drops");
    world.operator.answer = () => "runs";
    await world.client.retryRun(first!.id);
    await world.settle();
    await world.fireAt("drops", T0 + 2 * STEP);
    expect(await world.runs("drops")).toMatchObject([
      { state: "RUNNING" },
      { state: "SKIPPED", reason: "overlap-dropped" },
    ]);
  });

  it("carries out a backlog in its order, run after run", async () => {
    const { world, store } = await started();
    await world.fireAt(GROUP, T0 + STEP);
    const before = store.claims;
    await world.fireAt(GROUP, T0 + 12 * STEP);
    const runs = await world.runs(GROUP);
    expect(runs.map(({ state, lower }) => [state, lower])).toEqual(
      Array.from({ length: 12 }, (_, step) => ["SUCCEEDED", T0 + step * STEP]),
    );
    // Those that were planned ahead when it was fired are claimed; the rest is planned as runs end.
    expect(store.claims - before).toBeLessThanOrEqual(5);
    expect((await world.client.describe(GROUP)).schedule.nextFireAt).toBe(T0 + 13 * STEP);
  });

  it("that is busy and behind plans the first run that it owes, and each other one when the one before it ends", async () => {
    const { world, store } = await started({ dispatcher: { maxConcurrentRuns: 8 } });
    await world.client.register(everyStep("refunds"));
    world.operator.answer = () => "runs";
    await world.fireAt("refunds", T0 + STEP);
    await world.fireAt(GROUP, T0 + 3 * STEP);
    const before = store.claims;
    for (const count of [1, 2, 3]) {
      expect(await world.runs(GROUP)).toHaveLength(count);
      world.operator.endAll(SUCCEEDED);
      await world.settle();
    }
    expect((await world.runs(GROUP)).map(({ state }) => state)).toEqual(new Array(3).fill("SUCCEEDED"));
    expect(store.claims).toBe(before);
  });

  it("claims nothing beyond its room; what is left is carried out once there is some", async () => {
    const { world } = await started({ dispatcher: { maxConcurrentRuns: 1 } });
    await world.client.register(everyStep("refunds"));
    world.operator.answer = () => "runs";
    await world.fireAt(GROUP, T0 + STEP);
    await world.fireAt("refunds", T0 + STEP);
    expect(await world.runs("refunds")).toMatchObject([{ state: "PLANNED" }]);
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    expect(await world.runs("refunds")).toMatchObject([{ state: "RUNNING" }]);
  });

  it("leaves a run behind those that waited before it", async () => {
    const { world } = await started({ dispatcher: { maxConcurrentRuns: 1 } });
    for (const groupId of ["first", "second"]) await world.client.register(everyStep(groupId));
    world.operator.answer = () => "runs";
    await world.fireAt(GROUP, T0 + STEP);
    await world.fireAt("first", T0 + STEP);
    await world.advance(SECOND);
    await world.fireAt("second", T0 + STEP);
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    expect(await world.runs("first")).toMatchObject([{ state: "RUNNING" }]);
    expect(await world.runs("second")).toMatchObject([{ state: "PLANNED" }]);
  });

  it("leaves runs of an operator that it lacks to others", async () => {
    const { world, clock, store } = await started();
    const other = await World.start({ clock, store, operator: new ScriptedOperator("other") });
    await other.fireAt(GROUP, T0 + STEP);
    await world.advance(SECOND);
    expect(store.claims).toBe(1);
    expect(await world.runs(GROUP)).toMatchObject([{ state: "SUCCEEDED" }]);
  });

  it("keeps a run that it has planned and not submitted: its successor asks for the job first", async () => {
    const { world } = await started();
    world.operator.answer = () => "runs";
    await world.fireAt(GROUP, T0 + STEP);
    await world.restart();
    world.operator.endAll(SUCCEEDED);
    await world.advance(31 * SECOND);
    expect(world.operator.submissions).toHaveLength(1);
    expect(await world.runs(GROUP)).toMatchObject([{ state: "SUCCEEDED", attempt: 1 }]);
  });
});

describe("on a store of its own with shortcuts, a manager", () => {
  it("retries a run in time, though another took the last place while it asked when that is", async () => {
    const clock = new VirtualClock({ start: T0 });
    const store = new LoneStore({ clock });
    const world = await World.start({ clock, store, dispatcher: { maxConcurrentRuns: 1 } });
    await world.client.register(everyStep("fails", { endTime: T0 + STEP }));
    await world.client.register(everyStep("runs", { endTime: T0 + STEP }));
    world.operator.answer = ({ groupId }) => (groupId === "runs" ? "runs" : failed("not yet"));
    await world.settle();
    let answer = (): void => undefined;
    store.delay = new Promise((resolve) => {
      answer = resolve;
    });
    await world.fireAt("fails", T0 + STEP);
    expect(await world.runs("fails")).toMatchObject([{ state: "PLANNED", attempt: 1 }]);
    await world.fireAt("runs", T0 + STEP);
    expect(await world.runs("runs")).toMatchObject([{ state: "RUNNING" }]);
    answer();
    store.delay = undefined;
    await world.settle();
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    world.operator.answer = () => SUCCEEDED;
    await world.advance(60 * STEP);
    expect(await world.runs("fails")).toMatchObject([{ state: "SUCCEEDED", attempt: 2 }]);
  });
});

/** A shared store that counts each claim, and delays their answers. */
class SlowClaims extends QuickStore {
  asked = 0;
  delay: Promise<void> | undefined;

  /** Has all claims wait until the function is called that this returns. */
  hold(): () => void {
    let release = (): void => undefined;
    this.delay = new Promise((resolve) => {
      release = resolve;
    });
    return () => {
      this.delay = undefined;
      release();
    };
  }

  override async claim(request: ClaimRequest): Promise<ClaimedRun[]> {
    this.asked += 1;
    await this.delay;
    return super.claim(request);
  }
}

describe("while it claims, a manager on a store with shortcuts", () => {
  /** A manager with one run under way, which asks the store for others; `release` lets the store answer. */
  async function claiming(maxConcurrentRuns = 256) {
    const clock = new VirtualClock({ start: T0 });
    const store = new SlowClaims({ clock });
    const world = await World.start({ clock, store, dispatcher: { maxConcurrentRuns } });
    for (const groupId of [GROUP, "other"]) await world.client.register(everyStep(groupId));
    world.operator.answer = () => "runs";
    await world.fireAt(GROUP, T0 + STEP);
    const release = store.hold();
    await world.client.trigger("other", { lower: T0 - STEP, upper: T0 });
    await world.settle();
    return { world, store, release };
  }

  it("does not claim again because a run has ended meanwhile", async () => {
    const { world, store, release } = await claiming();
    const before = store.asked;
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    release();
    await world.settle();
    expect(await world.runs(GROUP)).toMatchObject([{ state: "SUCCEEDED" }]);
    expect(await world.runs("other")).toMatchObject([{ state: "RUNNING", kind: "MANUAL" }]);
    expect(store.asked).toBe(before);
  });

  it("claims again if there was no room for all that is ready and a run has ended meanwhile", async () => {
    const { world, release } = await claiming(2);
    await world.client.trigger("other", { lower: T0 - 2 * STEP, upper: T0 - STEP });
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    release();
    await world.settle();
    expect(await world.runs("other")).toMatchObject([{ state: "RUNNING" }, { state: "RUNNING" }]);
  });

  it.each([256, 8_000])("carries out what it plans if it has ample room, of %d places", async (places) => {
    const clock = new VirtualClock({ start: T0 });
    const store = new SlowClaims({ clock });
    const world = await World.start({ clock, store, dispatcher: { maxConcurrentRuns: places } });
    await world.client.register(everyStep(GROUP));
    await world.settle();
    const release = store.hold();
    const before = store.asked;
    await world.client.setPool({ name: "spark", slots: 1 });
    await world.fireAt(GROUP, T0 + STEP);
    expect(store.asked).toBe(before + 1);
    expect(await world.runs(GROUP)).toMatchObject([{ state: "SUCCEEDED" }]);
    release();
    await world.settle();
  });

  it("has what it plans wait its turn if it has little room", async () => {
    const { world, release } = await claiming(2);
    const fired = world.fireAt("other", T0 + STEP);
    await world.settle();
    expect(await world.runs("other")).toMatchObject([{ state: "PLANNED", kind: "MANUAL" }]);
    release();
    await fired;
    expect(await world.runs("other")).toMatchObject([
      { state: "RUNNING", kind: "MANUAL" },
      { state: "PLANNED", kind: "SCHEDULED" },
    ]);
  });
});

describe("beyond its room, a manager on a store with shortcuts", () => {
  const BACKLOG = 20;
  const GROUPS = ["a", "b", "c", "d"];

  /** A manager that has room for two runs, and as many groups behind as there are `GROUPS`. */
  async function behind(Store: typeof QuickStore) {
    const clock = new VirtualClock({ start: T0 });
    const store = new Store({ clock });
    const world = await World.start({ clock, store, dispatcher: { maxConcurrentRuns: 2 } });
    world.operator.answer = () => "runs";
    for (const groupId of GROUPS)
      await world.client.register(everyStep(groupId, { endTime: T0 + BACKLOG * STEP }));
    await clock.advance(BACKLOG * STEP);
    await world.engine.fireMany(GROUPS.map((groupId) => ({ groupId, scheduledTime: clock.now() })));
    await world.settle();
    return { world, store, clock };
  }

  async function drain(world: World): Promise<void> {
    for (let turn = 0; turn < 2 * BACKLOG * GROUPS.length; turn += 1) {
      world.operator.endAll(SUCCEEDED);
      await world.settle();
    }
  }

  it.each([
    ["of its own", LoneStore],
    ["that others share", QuickStore],
  ])(
    "%s plans most of a backlog when it can carry it out, so that it need not be claimed",
    async (_of, Store) => {
      const { world, store, clock } = await behind(Store);
      const began = clock.now();
      await drain(world);
      expect(clock.now()).toBe(began);
      for (const groupId of GROUPS) {
        const runs = await world.runs(groupId);
        expect(runs.map(({ lower, state }) => [lower, state])).toEqual(
          Array.from({ length: BACKLOG }, (_, step) => [T0 + step * STEP, "SUCCEEDED"]),
        );
        expect(await world.client.audit(groupId)).toMatchObject({ isSound: true, owed: null });
      }
      expect(store.claims).toBeLessThan((BACKLOG * GROUPS.length) / 4);
    },
  );

  it("takes groups in turn", async () => {
    const { world } = await behind(LoneStore);
    for (let turn = 0; turn < BACKLOG; turn += 1) {
      world.operator.endAll(SUCCEEDED);
      await world.settle();
    }
    const counts = await Promise.all(GROUPS.map(async (groupId) => (await world.runs(groupId)).length));
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(PLANNED_AHEAD);
  });

  it.each([
    ["of its own, after ten seconds", LoneStore, 10],
    ["that others share, after five", QuickStore, 5],
  ])(
    "on a store %s plans what has waited too long, though there is still no room",
    async (_of, Store, seconds) => {
      const { world, clock } = await behind(Store);
      for (let turn = 0; turn < 12; turn += 1) {
        world.operator.endAll(SUCCEEDED);
        await world.settle();
      }
      const planned = async (): Promise<number> =>
        (await Promise.all(GROUPS.map((groupId) => world.runs(groupId, { states: ["PLANNED"] })))).flat()
          .length;
      const before = await planned();
      expect(before).toBeLessThan(2);
      await clock.advance((seconds - 0.5) * SECOND);
      expect(await planned()).toBe(before);
      await world.advance(SECOND);
      expect(await planned()).toBe(2);
    },
  );
});

describe("planning that waits for a run to end", () => {
  it.each([
    ["of its own", LoneStore],
    ["that others share", QuickStore],
  ])("is not checked at a time that a later plan has put off (in a store %s)", async (_of, Store) => {
    const clock = new VirtualClock({ start: T0 - 1 });
    const store = new Store({ clock });
    const world = await World.start({ clock, store });
    world.operator.answer = () => "runs";
    await world.client.register(everyStep(GROUP));
    await clock.advance(20 * STEP);
    const [first] = await world.engine.fire(GROUP, clock.now());
    for (let ends = 0; ends <= PLANNED_AHEAD; ends += 1) {
      await clock.advance(SECOND);
      world.operator.endAll(SUCCEEDED);
      await world.settle();
    }
    const { nextFireAt } = (await world.client.describe(GROUP)).schedule;
    expect(nextFireAt).toBe(first!.nextFireAt! + (1 + PLANNED_AHEAD) * SECOND);
    await clock.advanceTo(first!.nextFireAt!);
    const before = store.reads;
    expect(await world.engine.fire(GROUP, first!.nextFireAt!)).toEqual([
      { groupId: GROUP, outcome: "deferred", planned: 0, nextFireAt },
    ]);
    expect(store.reads).toBe(before);
    await clock.advanceTo(nextFireAt!);
    await world.engine.fire(GROUP, nextFireAt!);
    expect(store.reads).toBe(before + 1);
  });

  it("is checked when an interval falls due, since another manager may have planned what was owed", async () => {
    const clock = new VirtualClock({ start: T0 });
    const store = new QuickStore({ clock });
    const world = await World.start({ clock, store });
    world.operator.answer = () => "runs";
    await world.client.register(everyStep(GROUP));
    await clock.advance(20 * STEP - 1);
    await world.engine.fire(GROUP, clock.now());
    await clock.advance(1);
    const before = store.reads;
    await world.engine.fire(GROUP, clock.now());
    expect(store.reads).toBe(before + 1);
  });
});

describe("on a store with shortcuts, of two managers", () => {
  it.each(["coalesce-pending", "cancel-running"] as const)(
    "the second plans on when a run has ended for which the first has put off the planning (%s)",
    async (overlap) => {
      const clock = new VirtualClock({ start: T0 });
      const store = new QuickStore({ clock });
      const second = new World({ store, clock });
      second.operator.answer = () => "runs";
      second.operator.onCancel = undefined;
      await second.start();
      await second.client.register(everyStep(GROUP, { overlap }));
      const first = new World({ store, clock, operator: new ScriptedOperator("other") });
      await first.start();
      await first.fireAt(GROUP, T0 + STEP);
      await second.advance(SECOND);
      await first.fireAt(GROUP, T0 + 2 * STEP);
      await second.advance(SECOND);
      expect(await second.runs(GROUP)).toHaveLength(1);
      second.operator.endAll(SUCCEEDED);
      await second.settle();
      expect(await second.runs(GROUP)).toMatchObject([
        { state: "SUCCEEDED" },
        { state: "RUNNING", lower: T0 + STEP, upper: T0 + 2 * STEP },
      ]);
    },
  );

  /** Two managers and a lane that is 20 intervals behind, of which the first carries out a run. */
  async function bothBehind() {
    const clock = new VirtualClock({ start: T0 - 1 });
    const store = new QuickStore({ clock });
    const [first, second] = [new World({ store, clock }), new World({ store, clock })];
    for (const world of [first, second]) {
      world.operator.answer = () => "runs";
      await world.start();
    }
    await first.client.register(everyStep(GROUP));
    await clock.advance(20 * STEP);
    await first.engine.fire(GROUP, clock.now());
    await first.settle();
    // Its first runs are planned ahead; then each is planned when the one before has ended.
    while ((await first.runs(GROUP, { states: ["PLANNED"] })).length > 0) await endAll(first, second);
    await endAll(first, second);
    const [ahead, behind] = first.operator.running.length > 0 ? [first, second] : [second, first];
    return { clock, store, ahead, behind };
  }

  async function endAll(...worlds: World[]): Promise<void> {
    for (const { operator } of worlds) operator.endAll(SUCCEEDED);
    await worlds[0]!.settle();
  }

  /** Holds up the next plan, and returns how to let it go on. */
  function heldUp(store: QuickStore): () => void {
    const { planAndClaim } = store;
    let letGoOn!: () => void;
    const mayGoOn = new Promise<void>((resolve) => {
      letGoOn = resolve;
    });
    store.planAndClaim = async (commits, request) => {
      store.planAndClaim = planAndClaim;
      await mayGoOn;
      return planAndClaim.call(store, commits, request);
    };
    return letGoOn;
  }

  it("one leaves a lane that is behind to the other, which plans it on as its runs end", async () => {
    const { clock, store, ahead, behind } = await bothBehind();
    const { nextFireAt } = (await ahead.client.describe(GROUP)).schedule;
    await clock.advance(SECOND);
    const goOn = heldUp(store);
    await endAll(ahead);
    expect(await behind.engine.fire(GROUP, clock.now())).toEqual([
      { groupId: GROUP, outcome: "deferred", planned: 0, nextFireAt },
    ]);
    goOn();
    await ahead.settle();
    expect([ahead, behind].map(({ operator }) => operator.running.length)).toEqual([1, 0]);
  });

  it("one plans a lane that is behind at the time of its check, if the other has died since a run ended", async () => {
    const { clock, store, ahead, behind } = await bothBehind();
    heldUp(store);
    await endAll(ahead);
    const { nextFireAt } = (await behind.client.describe(GROUP)).schedule;
    await clock.advanceTo(nextFireAt!);
    expect(await behind.engine.fire(GROUP, nextFireAt!)).toMatchObject([{ outcome: "planned", planned: 1 }]);
    await behind.settle();
    expect(behind.operator.running).toHaveLength(1);
  });

  it("one that was late to plan a lane leaves it to the other, which has begun the next run", async () => {
    const { clock, store, ahead, behind } = await bothBehind();
    const letLateGoOn = heldUp(store);
    await endAll(ahead);
    // A fire for an interval plans what is owed, whoever may be about to.
    await behind.engine.fire(GROUP, T0);
    await behind.settle();
    expect(behind.operator.running).toHaveLength(1);
    const goOn = heldUp(store);
    await endAll(behind);
    letLateGoOn();
    await ahead.settle();
    expect(ahead.operator.running).toEqual([]);
    goOn();
    await behind.settle();
    expect(behind.operator.running).toHaveLength(1);
    await clock.advance(SECOND);
    expect((await behind.client.audit(GROUP)).isSound).toBe(true);
  });

  it("each plans on from where the other has planned, and reads no schedule for it", async () => {
    const { world, clock, store } = await started();
    const other = await World.start({ clock, store });
    const fire = (step: number) => (step % 2 === 0 ? world : other).fireAt(GROUP, T0 + step * STEP);
    for (const step of [1, 2]) await fire(step);
    const before = store.reads;
    for (const step of [3, 4, 5, 6]) await fire(step);
    expect(store.reads).toBe(before);
    const runs = await world.runs(GROUP);
    expect(runs.map(({ state }) => state)).toEqual(new Array(6).fill("SUCCEEDED"));
    expect((await world.client.audit(GROUP)).isSound).toBe(true);
  });
});
