import { afterEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import { decideCovering } from "../../src/planning/cover-again.js";
import type { Run } from "../../src/run/run.js";
import { runId } from "../../src/run/run-id.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { gridOf, hourly, specOf } from "../support/schedules.js";
import { World, type WorldOptions } from "../support/world.js";

let world: World;
const begin = async (options: WorldOptions = {}): Promise<World> => {
  world = await World.start(options);
  return world;
};
afterEach(() => world?.stop());

/** The runs that nothing supersedes as `[from, to, state]`, in hours since T0. */
async function standing(): Promise<[number, number, string][]> {
  const runs = await world.runs("g", { includeSuperseded: false });
  return runs.map(({ lower, upper, state }) => [(lower - T0) / HOUR, (upper - T0) / HOUR, state]);
}

/** Notes each watermark that a store is given, in hours since T0. */
function watermarksOf(store: MemoryStore): number[] {
  const seen: number[] = [];
  const plan = store.plan.bind(store);
  store.plan = async (commits) => {
    const done = await plan(commits);
    for (const [schedule] of [await store.getSchedules(["g"])])
      if (schedule !== undefined) seen.push((schedule.watermark - T0) / HOUR);
    return done;
  };
  return seen;
}

/** A run of these hours since T0 that the overlap policy has cancelled. */
function cancelled(from: number, to: number, rest: Partial<Run> = {}): Run {
  const bounds = { lower: T0 + from * HOUR, upper: T0 + to * HOUR };
  const run: Partial<Run> = { ...bounds, scheduledTime: bounds.upper, intervals: to - from, generation: 0 };
  return { ...run, ...rest } as Run;
}

describe("the decision about cancelled runs", () => {
  const decide = (
    info: Partial<ScheduleInfo>,
    { watermark, now, openRuns = 0 }: { watermark: number; now: number; openRuns?: number },
    uncovered: readonly Run[],
  ) => {
    const whole = hourly("g", info);
    const { runs, newWatermark, supersedes, outcome } = decideCovering(
      {
        spec: specOf(whole),
        grid: gridOf(whole),
        watermark: T0 + watermark * HOUR,
        now: T0 + now * HOUR,
        openRuns,
      },
      uncovered,
    );
    return {
      outcome,
      newWatermark: (newWatermark - T0) / HOUR,
      supersedes: supersedes.length,
      runs: runs.map(({ lower, upper, state, reason }) => [
        (lower - T0) / HOUR,
        (upper - T0) / HOUR,
        reason ?? state,
      ]),
    };
  };

  it("merges those that adjoin the watermark with what is owed, and plans the others again", () => {
    const uncovered = [cancelled(0, 1), cancelled(2, 3), cancelled(3, 5)];
    expect(decide({ overlap: "cancel-running" }, { watermark: 5, now: 6 }, uncovered)).toEqual({
      outcome: "planned",
      newWatermark: 6,
      supersedes: 3,
      runs: [
        [0, 1, "PLANNED"],
        [2, 6, "overlap-coalesced"],
      ],
    });
  });

  it("waits with all of them while the lane is taken and more is owed", () => {
    const decision = decide({ overlap: "cancel-running" }, { watermark: 5, now: 6, openRuns: 1 }, [
      cancelled(4, 5),
    ]);
    expect(decision).toMatchObject({ outcome: "deferred", runs: [], supersedes: 0, newWatermark: 5 });
  });

  it.each([["cancel-running"], ["queue"]] as const)(
    "plans them again if nothing is owed, and leaves the watermark (%s)",
    (overlap) => {
      expect(decide({ overlap }, { watermark: 5, now: 5.5 }, [cancelled(3, 5)])).toEqual({
        outcome: "planned",
        newWatermark: 5,
        supersedes: 1,
        runs: [[3, 5, "PLANNED"]],
      });
    },
  );

  it.each([
    [{ overlap: "queue" }],
    [{ overlap: "allow" }],
    [{ overlap: "drop", catchup: "coalesce" }],
  ] as const)("plans them again beside what is owed if the policies do not merge (%j)", (info) => {
    expect(decide(info, { watermark: 5, now: 6 }, [cancelled(4, 5)]).runs).toEqual([
      [4, 5, "PLANNED"],
      [5, 6, "PLANNED"],
    ]);
  });

  it("does not wait for a lane that one of them holds until it is covered", () => {
    const decided = decide({ overlap: "coalesce-pending" }, { watermark: 3, now: 5, openRuns: 1 }, [
      cancelled(1, 2, { isBlocking: true }),
    ]);
    expect(decided).toMatchObject({
      outcome: "planned",
      newWatermark: 3,
      supersedes: 1,
      runs: [[1, 2, "PLANNED"]],
    });
  });

  it("plans them again although the lane takes no more", () => {
    expect(decide({}, { watermark: 5, now: 6, openRuns: 9 }, [cancelled(4, 5)])).toMatchObject({
      outcome: "planned",
      newWatermark: 5,
      runs: [[4, 5, "PLANNED"]],
    });
  });

  describe("behind a snapshot", () => {
    const behind = (state: Run["state"], more: Partial<ScheduleInfo> = {}) => {
      const whole = hourly("g", more);
      const kind = "SCHEDULED";
      const input = {
        spec: specOf(whole),
        grid: gridOf(whole),
        watermark: T0 + 5 * HOUR,
        now: T0 + 6 * HOUR,
      };
      const copy = {
        id: "copy",
        kind,
        lower: T0 + 2 * HOUR,
        upper: T0 + 4 * HOUR,
        state,
        place: "none",
      } as const;
      const all = [cancelled(1, 2, { id: "a" }), cancelled(4, 5, { id: "b" })];
      const { runs, supersedes } = decideCovering({ ...input, openRuns: 0, copy }, all);
      return [
        runs.map(({ lower, upper, state: its, reason }) => [
          (lower - T0) / HOUR,
          (upper - T0) / HOUR,
          reason ?? its,
        ]),
        supersedes.map(({ id }) => id),
      ];
    };

    it("gives up what the snapshot has read", () => {
      expect(behind("SUCCEEDED")).toEqual([
        [
          [1, 2, "snapshot-covered"],
          [4, 5, "PLANNED"],
          [5, 6, "PLANNED"],
        ],
        ["a", "b"],
      ]);
    });

    it("gives it up as well if the others are merged with what is owed", () => {
      expect(behind("SUCCEEDED", { overlap: "cancel-running" })[0]).toEqual([
        [1, 2, "snapshot-covered"],
        [4, 6, "overlap-coalesced"],
      ]);
    });

    it.each(["PLANNED", "RUNNING", "FAILED"] as const)("leaves it as it is until then (%s)", (state) => {
      expect(behind(state)).toEqual([
        [
          [4, 5, "PLANNED"],
          [5, 6, "PLANNED"],
        ],
        ["b"],
      ]);
    });
  });

  describe("while a snapshot waits in the lane", () => {
    const before = (more: Partial<Run>, place: Run["place"] = "waiting") => {
      const whole = hourly("g", { mode: "full-then-incremental", overlap: "queue" });
      const bounds = { lower: T0 + 3 * HOUR, upper: T0 + 5 * HOUR };
      const { runs, supersedes, newWatermark } = decideCovering(
        {
          spec: specOf(whole),
          grid: gridOf(whole),
          watermark: bounds.upper,
          now: T0 + 6 * HOUR,
          openRuns: 2,
          awaitsSnapshot: true,
          copy: { ...bounds, id: "copy", kind: "SCHEDULED", state: "PLANNED", place },
        },
        [cancelled(2, 3, { id: "a", kind: "SCHEDULED", reason: "source-expired", ...more })],
      );
      expect(newWatermark).toBe(bounds.upper);
      return [runs.map(({ lower, state }) => [(lower - T0) / HOUR, state]), supersedes.map(({ id }) => id)];
    };

    it("plans the one again that keeps its turn before it, since both would wait for each other", () => {
      expect(before({ isBlocking: true })).toEqual([[[2, "PLANNED"]], ["a"]]);
    });

    it("plans no other, and none once the snapshot has begun", () => {
      expect(before({ isBlocking: false })).toEqual([[], []]);
      expect(before({ isBlocking: true, lower: T0 + 4 * HOUR, upper: T0 + 5 * HOUR })).toEqual([[], []]);
      expect(before({ isBlocking: true }, "active")).toEqual([[], []]);
    });
  });

  it("gives up what lies before a later start", () => {
    const startTime = T0 + 7 * HOUR;
    expect(decide({ startTime }, { watermark: 5, now: 8 }, [cancelled(4, 5)]).runs).toEqual([
      [4, 5, "not-scheduled"],
      [5, 7, "not-scheduled"],
      [7, 8, "PLANNED"],
    ]);
  });
});

describe("cancel-running", () => {
  it("loses no older interval that is retried and has to make way", async () => {
    const store = new MemoryStore();
    const { client, operator } = await begin({ store });
    operator.answer = () => ({ state: "FAILED", isRetryable: false });
    await client.register(hourly("g", { overlap: "cancel-running", onFailure: "continue" }));
    await world.fireAt("g", T0 + HOUR);
    operator.answer = () => ({ state: "SUCCEEDED" });
    await world.fireAt("g", T0 + 2 * HOUR);
    operator.answer = () => "runs";
    const watermarks = watermarksOf(store);
    await client.retryRun((await world.runs("g"))[0]!.id);
    await world.settle();
    await world.fireAt("g", T0 + 3 * HOUR);
    operator.endAll();
    await world.settle();
    operator.endAll();
    await world.settle();
    expect(await standing()).toEqual([
      [0, 1, "SUCCEEDED"],
      [1, 2, "SUCCEEDED"],
      [2, 3, "SUCCEEDED"],
    ]);
    expect(operator.cancellations).toHaveLength(1);
    expect(watermarks).toEqual([...watermarks].sort((a, b) => a - b));
    expect(await client.audit("g")).toMatchObject({ isComplete: true });
  });

  it("loses nothing of a backlog that was there when it came into force", async () => {
    const { client, operator } = await begin();
    operator.answer = () => "runs";
    await client.register(hourly("g", { startTime: T0 - 4 * HOUR }));
    await world.fireAt("g", T0);
    expect(await standing()).toHaveLength(4);
    const info = hourly("g", { startTime: T0 - 4 * HOUR, overlap: "cancel-running" });
    await client.update(info, { version: 1 });
    await world.fireAt("g", T0 + HOUR);
    expect(await standing()).toEqual([[-4, 1, "RUNNING"]]);
    operator.endAll();
    await world.settle();
    expect(await client.audit("g")).toMatchObject({ isComplete: true, succeeded: { intervals: 5 } });
  });

  it("covers what it has cancelled by another policy that has come into force meanwhile", async () => {
    const { client, operator } = await begin();
    operator.answer = () => "runs";
    await client.register(hourly("g", { overlap: "cancel-running" }));
    await world.fireAt("g", T0 + HOUR);
    operator.onCancel = undefined;
    await world.fireAt("g", T0 + 2 * HOUR);
    await client.update(hourly("g", { overlap: "queue" }), { version: 1 });
    await world.fireAt("g", T0 + 2 * HOUR);
    operator.endAll({ state: "CANCELLED" });
    await world.settle();
    for (let round = 0; round < 3; round += 1) {
      operator.endAll({ state: "SUCCEEDED" });
      await world.advance(MINUTE);
    }
    expect(await client.audit("g")).toMatchObject({ isComplete: true, range: { upper: T0 + 2 * HOUR } });
  });

  it("has what it has cancelled covered by the watchdog if nobody lived to do so", async () => {
    const store = new MemoryStore();
    const { client, operator } = await begin({ store, watchdogEveryMs: 5_000 });
    operator.answer = () => "runs";
    const info = hourly("g", { overlap: "cancel-running", endTime: T0 + 2 * HOUR });
    await client.register(info);
    await world.fireAt("g", T0 + HOUR);
    const plan = store.plan.bind(store);
    let isDown = false;
    store.plan = (commits) => (isDown ? Promise.reject(new Error("away")) : plan(commits));
    world.tidegate.events.on("run-state", ({ run }) => {
      isDown ||= run.state === "CANCELLED";
    });
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(await standing()).toEqual([[0, 1, "CANCELLED"]]);
    await world.stop();
    isDown = false;
    operator.answer = () => ({ state: "SUCCEEDED" });
    await store.open();
    await store.changeSchedules([
      { groupId: "g", expected: { version: 1, statuses: ["REGISTERED"] }, updatedAt: T0, nextFireAt: null },
    ]);
    await world.start();
    await world.advance(2 * MINUTE);
    expect(await standing()).toEqual([[0, 2, "SUCCEEDED"]]);
  });

  it("leaves what it has cancelled to the schedule: nobody runs it beside, a person has it run while paused", async () => {
    const { client, operator } = await begin();
    operator.answer = () => "runs";
    await client.register(hourly("g", { overlap: "cancel-running" }));
    await world.fireAt("g", T0 + HOUR);
    operator.onCancel = undefined;
    await world.fireAt("g", T0 + 2 * HOUR);
    await client.pause("g");
    operator.endAll({ state: "CANCELLED" });
    await world.settle();
    const [run] = await world.runs("g");
    expect((await client.explain(run!.id)).reasons).toContain(
      "The schedule's next plan covers its interval.",
    );
    await expect(client.trigger("g", { lower: T0, upper: T0 + HOUR })).rejects.toMatchObject({
      code: "RUN_STATE_ILLEGAL",
    });
    const { runs: announced } = await client.backfill({ groupId: "g", from: T0, to: T0 + HOUR });
    expect(announced).toBe(0);
    operator.answer = () => ({ state: "SUCCEEDED" });
    expect(await client.trigger("g")).toMatchObject([{ kind: "MANUAL", lower: T0, upper: T0 + 2 * HOUR }]);
    await world.settle();
    expect(await standing()).toEqual([[0, 2, "SUCCEEDED"]]);
  });
});

describe("a ledger that begins anew after a purge by another manager", () => {
  it("is not planned by what a manager remembers of the one before", async () => {
    const clock = new VirtualClock({ start: T0 });
    const store = new MemoryStore({ clock });
    Object.assign(store, { isShared: true });
    const { client, operator } = await begin({ store, clock });
    const other = await World.start({ store, clock, operator });
    await client.register(hourly("g"));
    await world.fireAt("g", T0 + HOUR);
    const before = await client.get("g");
    await other.client.unregister("g", { purge: true });
    await other.client.register(hourly("g"));
    const now = await client.get("g");
    expect(now.incarnation).not.toBe(before.incarnation);
    await other.fireAt("g", T0 + HOUR);
    await other.settle();
    await world.fireAt("g", T0 + 2 * HOUR);
    await world.settle();
    const runs = await world.runs("g");
    expect(runs.map(({ lower, upper }) => [(lower - T0) / HOUR, (upper - T0) / HOUR])).toEqual([
      [0, 1],
      [1, 2],
    ]);
    const identity = { namespace: "default", groupId: "g", incarnation: now.incarnation, generation: 0 };
    expect(runs.map(({ id }) => id)).toEqual(
      runs.map(({ lower, upper }) => runId({ ...identity, lower, upper })),
    );
    await other.stop();
  });
});
