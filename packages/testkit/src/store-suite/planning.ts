import { aNewSchedule, aPlan, aRun, aSpec, MINUTE, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { allRuns, change, claim, idsOf, plan, register, runOf, scheduleOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Tests the effects of `plan`. */
export function planningRules({ store }: StoreBed): void {
  describe("plan", () => {
    it("inserts the runs and moves the watermark in one step", async () => {
      const schedule = await register(store(), { laneWidth: 2 });
      const commit = aPlan(schedule, { count: 3, nextFireAt: START + 9 * MINUTE });
      expect(await store().plan([commit])).toEqual([true]);
      expect(await scheduleOf(store())).toEqual({
        ...schedule,
        watermark: START + 3 * MINUTE,
        nextFireAt: START + 9 * MINUTE,
        admittedRuns: 2,
        waitingRuns: 1,
      });
      const runs = await allRuns(store());
      expect(runs.map(({ lower, upper }) => ({ lower, upper }))).toEqual([minute(0), minute(1), minute(2)]);
    });

    it("inserts a planned run as nobody has touched it yet", async () => {
      await register(store());
      const [, waiting] = await plan(store(), {
        count: 2,
        run: { reason: "catchup-coalesced", intervals: 4 },
      });
      expect(await runOf(store(), waiting!.id)).toEqual({
        ...waiting!,
        attempt: 0,
        place: "waiting",
        readyAt: null,
        leaseUntil: null,
        wait: { reason: "lane", since: waiting!.plannedAt },
        markedReady: null,
        isBlocking: false,
        isSuperseded: false,
        isCancelRequested: false,
        isJobOpen: false,
        submittedAt: null,
        startedAt: null,
        endedAt: null,
        jobId: null,
        jobAddress: null,
        metrics: null,
        error: null,
        history: [],
        inputs: [],
        staleAt: null,
        report: null,
        offsets: null,
        snapshot: null,
      });
    });

    it("inserts a skipped run as ended, without a place in the lane", async () => {
      await register(store());
      const [run] = await plan(store(), { run: { state: "SKIPPED", reason: "catchup-dropped" } });
      const ended = {
        state: "SKIPPED",
        reason: "catchup-dropped",
        place: "none",
        wait: null,
        endedAt: run!.plannedAt,
      };
      expect(await runOf(store(), run!.id)).toMatchObject(ended);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 0, waitingRuns: 0 });
      expect(await claim(store())).toEqual([]);
    });

    it("moves the next fire alone where there are no runs", async () => {
      const schedule = await register(store());
      const commit = aPlan(schedule, { count: 0, nextFireAt: null });
      expect(await store().plan([commit])).toEqual([true]);
      expect(await scheduleOf(store())).toEqual({ ...schedule, nextFireAt: null });
    });

    it("takes an empty interval at the end of a schedule", async () => {
      const schedule = await register(store());
      const runs = [aRun({ lower: START, upper: START })];
      expect(await store().plan([aPlan(schedule, { count: 0, nextFireAt: null, runs })])).toEqual([true]);
      expect(await allRuns(store())).toMatchObject([{ lower: START, upper: START }]);
    });

    it("takes bounds from before 1970 to far ahead", async () => {
      const origin = -3 * MINUTE;
      await register(store(), { origin });
      const schedule = await scheduleOf(store());
      const far = Date.UTC(9999, 11, 31);
      const runs = [aRun({ lower: origin, upper: 0 }), aRun({ lower: 0, upper: far })];
      const commit = aPlan(schedule, { newWatermark: far, nextFireAt: null, runs });
      expect(await store().plan([commit])).toEqual([true]);
      expect((await allRuns(store())).map(({ lower, upper }) => [lower, upper])).toEqual([
        [origin, 0],
        [0, far],
      ]);
    });

    it("tiles time over many steps, for many groups at once", async () => {
      const groupIds = Array.from({ length: 20 }, (_, index) => `group-${index}`);
      await store().insertSchedules(groupIds.map((groupId) => aNewSchedule({ spec: { groupId } })));
      for (const count of [1, 7, 2, 30]) {
        const schedules = await store().getSchedules(groupIds);
        const done = await store().plan(schedules.map((schedule) => aPlan(schedule!, { count })));
        expect(done).toEqual(groupIds.map(() => true));
      }
      for (const groupId of groupIds) {
        const runs = await allRuns(store(), { groupId });
        expect(runs.map(({ lower }) => lower)).toEqual(runs.map((_, index) => START + index * MINUTE));
        expect(runs.at(-1)?.upper).toBe((await scheduleOf(store(), groupId)).watermark);
      }
    });
  });
}

/** Tests `plan` of a paused schedule. */
export function pausedPlanRules({ store }: StoreBed): void {
  describe("plan while paused", () => {
    it("moves the watermark, and admits what it plans at once and beside the lane", async () => {
      const schedule = await register(store(), { status: "PAUSED", laneWidth: 0 });
      const commit = aPlan(schedule, { count: 3, run: { kind: "MANUAL" } });
      const [first, ...rest] = commit.runs;
      const skipped = { ...first!, kind: "SCHEDULED", state: "SKIPPED", reason: "catchup-dropped" } as const;
      expect(await store().plan([{ ...commit, runs: [skipped, ...rest], whilePaused: true }])).toEqual([
        true,
      ]);
      expect(await scheduleOf(store())).toMatchObject({
        watermark: START + 3 * MINUTE,
        admittedRuns: 0,
        waitingRuns: 0,
      });
      expect(idsOf(await claim(store())).sort()).toEqual(idsOf(rest).sort());
      await change(store(), { status: "REGISTERED", laneWidth: 1 });
      await plan(store());
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1, waitingRuns: 0 });
    });
  });
}

/** Tests what `plan` refuses. */
export function planConflictRules({ store }: StoreBed): void {
  describe("plan refuses", () => {
    it("whoever saw another watermark, and does nothing", async () => {
      const seen = await register(store());
      await plan(store());
      const before = await scheduleOf(store());
      expect(await store().plan([aPlan(seen)])).toEqual([false]);
      expect(await store().plan([aPlan({ ...seen, watermark: START + 5 * MINUTE })])).toEqual([false]);
      expect(await scheduleOf(store())).toEqual(before);
      expect(await allRuns(store())).toHaveLength(1);
    });

    it("whoever saw another version", async () => {
      const seen = await register(store());
      await change(store(), { spec: { spec: aSpec({ description: "second" }), tzdata: "2025c" } });
      expect(await store().plan([aPlan(seen)])).toEqual([false]);
      expect(await allRuns(store())).toEqual([]);
    });

    it("whoever saw a ledger that was purged, although the group was registered again", async () => {
      const seen = await register(store());
      await store().purgeSchedule("orders");
      const now = await register(store(), { incarnation: "fedcba9876543210" });
      expect(await store().plan([aPlan(seen)])).toEqual([false]);
      expect(await scheduleOf(store())).toEqual(now);
      expect(await allRuns(store())).toEqual([]);
      expect(await store().plan([aPlan(now)])).toEqual([true]);
    });

    it.each(["PAUSED", "DELETING", "DELETED"] as const)("a schedule that is %s", async (status) => {
      const schedule = await register(store(), { status });
      expect(await store().plan([aPlan(schedule)])).toEqual([false]);
      expect(await allRuns(store())).toEqual([]);
    });

    it.each(["REGISTERED", "DELETED"] as const)(
      "a schedule that is %s if it is to be paused",
      async (status) => {
        const schedule = await register(store(), { status });
        expect(await store().plan([{ ...aPlan(schedule), whilePaused: true }])).toEqual([false]);
        expect(await allRuns(store())).toEqual([]);
      },
    );

    it("a group that has no schedule", async () => {
      const schedule = { spec: aSpec({ groupId: "nobody" }), version: 1, watermark: START };
      expect(await store().plan([aPlan(schedule)])).toEqual([false]);
      expect(await store().getRuns([aRun({ groupId: "nobody" }).id])).toEqual([undefined]);
    });

    it("a step of which any run is there already, as a whole", async () => {
      const schedule = await register(store());
      await store().insertRuns([aRun({ ...minute(1), kind: "MANUAL" })]);
      expect(await store().plan([aPlan(schedule, { count: 3 })])).toEqual([false]);
      expect(await scheduleOf(store())).toEqual(schedule);
      expect(idsOf(await allRuns(store()))).toEqual([aRun(minute(1)).id]);
    });

    it("the interval of another run under another id", async () => {
      const schedule = await register(store());
      await store().insertRuns([aRun({ id: "f".repeat(32), kind: "MANUAL" })]);
      expect(await store().plan([aPlan(schedule)])).toEqual([false]);
    });

    it("a step that names an id or an interval twice", async () => {
      const schedule = await register(store());
      const twins = [aRun({ ...minute(1), id: aRun().id }), aRun({ id: "f".repeat(32) })];
      for (const twin of twins) {
        expect(await store().plan([aPlan(schedule, { count: 2, runs: [aRun(), twin] })])).toEqual([false]);
      }
      expect(await scheduleOf(store())).toEqual(schedule);
      expect(await allRuns(store())).toEqual([]);
    });

    it("one element of a batch and does the others", async () => {
      const orders = await register(store());
      const stock = await register(store(), { spec: { groupId: "stock" } });
      const batch = [aPlan(orders), aPlan(orders), aPlan({ ...stock, version: 7 }), aPlan(stock)];
      expect(await store().plan(batch)).toEqual([true, false, false, true]);
      expect(await allRuns(store())).toHaveLength(2);
    });
  });
}
