import type { OffsetWatermark, Run, RunOffsets } from "@tidegate/core";
import type { RunChange } from "@tidegate/core/store";
import { aNewSchedule, aPlan, aRun, aSpec, MINUTE, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { claim, claimOne, LATER, plan, register, runOf, scheduleOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

const WATERMARK: OffsetWatermark = {
  incarnation: "orders-7f3a",
  epoch: 1,
  origin: { "0": "0", "1": "9007199254740993" },
  position: { "0": "40", "1": "9007199254740999" },
  latest: { "0": "50", "1": "9007199254740999" },
  lookedAt: START + MINUTE,
  rebase: null,
};

const OFFSETS: RunOffsets = {
  incarnation: "orders-7f3a",
  epoch: 1,
  lower: { "0": "0", "1": "9007199254740993" },
  upper: { "0": "40", "1": "9007199254740999" },
};

const ODD: RunOffsets = {
  ...OFFSETS,
  incarnation: 'a "quoted" one, {with} braces',
  upper: { "16/B374D848": "\\N", "{0}": 'ähm, "x"' },
};

/** Tests the positions of runs, and how far the sources of groups are planned. */
export function offsetRules({ store, second, reopened, supports }: StoreBed): void {
  describe("positions", () => {
    it("are written together with the watermark, to the run and to its group", async () => {
      const schedule = await register(store());
      expect(schedule.offsets).toBeNull();
      expect(await store().getEpochs(["orders"])).toEqual([0]);
      const commit = aPlan(schedule, { run: { offsets: OFFSETS }, offsets: WATERMARK });
      expect(await store().plan([commit])).toEqual([true]);
      expect(await scheduleOf(store())).toMatchObject({ watermark: START + MINUTE, offsets: WATERMARK });
      expect((await runOf(store(), commit.runs[0]!.id)).offsets).toEqual(OFFSETS);
    });

    it("stay with a run that is planned again without its attempt, since its source could not be asked", async () => {
      await register(store());
      await plan(store(), { run: { offsets: OFFSETS }, offsets: WATERMARK });
      const { run, token } = await claimOne(store());
      const wait = { reason: "SOURCE_UNAVAILABLE: It is away.", since: LATER, lookAgainAt: LATER + MINUTE };
      const held: RunChange = {
        id: run.id,
        from: ["SUBMITTING", "RUNNING"],
        token,
        state: "PLANNED",
        at: LATER,
        place: "ready",
        readyAt: LATER + MINUTE,
        wait,
        isJobOpen: false,
        attempt: run.attempt - 1,
        startedAt: null,
        jobId: null,
        jobAddress: null,
      };
      expect(await store().changeRuns([held])).toEqual([true]);
      const after = await runOf(store(), run.id);
      expect(after).toMatchObject({ state: "PLANNED", place: "ready", attempt: 0, wait, isJobOpen: false });
      expect(await claim(store(), { now: LATER })).toEqual([]);
      const again = await claimOne(store(), { now: LATER + MINUTE });
      expect(again.run).toMatchObject({ id: run.id, attempt: 1, offsets: OFFSETS, wait: null });
    });

    it("are not written by a plan that is refused", async () => {
      const schedule = await register(store());
      const early = aPlan(schedule, {
        watermark: START + MINUTE,
        run: { offsets: OFFSETS },
        offsets: WATERMARK,
      });
      const first = aPlan(schedule, { run: { offsets: OFFSETS }, offsets: WATERMARK });
      const twin = { ...first, offsets: { ...WATERMARK, epoch: 2 } };
      expect(await store().plan([early, first, twin])).toEqual([false, true, false]);
      expect((await scheduleOf(store())).offsets).toEqual(WATERMARK);
    });

    it("stay as they are with a plan that says nothing of them, and are nobody else's", async () => {
      await register(store(), { spec: { groupId: "other" } });
      await register(store());
      await plan(store(), { run: { offsets: OFFSETS }, offsets: WATERMARK });
      const [without] = await plan(store());
      expect((await scheduleOf(store())).offsets).toEqual(WATERMARK);
      expect((await runOf(store(), without!.id)).offsets).toBeNull();
      expect((await scheduleOf(store(), "other")).offsets).toBeNull();
    });

    it("come with the run, however it is read, and with every attempt", async () => {
      await register(store());
      const [planned] = await plan(store(), { run: { offsets: ODD }, offsets: WATERMARK });
      const offsetsOf = (runs: readonly Run[]) => runs.map(({ offsets }) => offsets);
      const claimed = await claim(store());
      expect(claimed.map(({ run }) => run.offsets)).toEqual([ODD]);
      const { items } = await store().listRuns({ groupId: "orders" }, {});
      expect(offsetsOf(items)).toEqual([ODD]);
      expect(offsetsOf((await store().listRuns({}, {})).items)).toEqual([ODD]);
      expect((await runOf(await second(), planned!.id)).offsets).toEqual(ODD);
    });

    it("may be those of runs beside the lane, and of backfills", async () => {
      await register(store());
      await plan(store(), { count: 2 });
      const beside = aRun({ kind: "MANUAL", generation: 1, offsets: OFFSETS });
      expect(await store().insertRuns([beside])).toEqual([true]);
      expect((await runOf(store(), beside.id)).offsets).toEqual(OFFSETS);
    });

    it("may have been found before the first plan, and are moved by a change of the schedule", async () => {
      const added = aNewSchedule({ offsets: WATERMARK });
      expect(await store().insertSchedules([added])).toEqual([true]);
      expect((await scheduleOf(store())).offsets).toEqual(WATERMARK);
      const moved: OffsetWatermark = {
        ...WATERMARK,
        epoch: 2,
        rebase: { at: LATER, note: "Made again.", incarnation: "orders-7f3a", position: { "0": "40" } },
      };
      const change = (version: number) => ({
        groupId: "orders",
        expected: { version, statuses: ["REGISTERED"] as const },
        updatedAt: LATER,
        spec: { spec: aSpec(), tzdata: "2025c" },
        offsets: moved,
      });
      expect(await store().changeSchedules([change(7), change(1)])).toEqual([false, true]);
      expect(await scheduleOf(store())).toMatchObject({ version: 2, offsets: moved });
      expect(await store().insertSchedules([added])).toEqual([false]);
      expect((await scheduleOf(store())).offsets).toEqual(moved);
    });

    it("of another reading have active runs of the ones before cancelled, in the same change", async () => {
      const schedule = await register(store());
      const commit = aPlan(schedule, { run: { offsets: OFFSETS }, offsets: WATERMARK });
      await store().plan([commit]);
      const again = aRun({ kind: "MANUAL", generation: 1, offsets: { ...OFFSETS, epoch: 2 } });
      const byTime = aRun({ kind: "MANUAL", generation: 2 });
      await store().insertRuns([again, byTime]);
      const ids = [commit.runs[0]!.id, again.id, byTime.id];
      expect(await claim(store())).toHaveLength(3);
      const change = (version: number) => ({
        groupId: "orders",
        expected: { version, statuses: ["REGISTERED"] as const },
        updatedAt: LATER,
        offsets: { ...WATERMARK, epoch: 2 },
      });
      expect(await store().changeSchedules([change(7)])).toEqual([false]);
      expect(await store().cancelMarks(ids)).toEqual([]);
      expect(await store().getEpochs(["unknown", "orders"])).toEqual([0, 1]);
      expect(await store().changeSchedules([change(1)])).toEqual([true]);
      expect(await store().getEpochs(["orders", "unknown"])).toEqual([2, 0]);
      expect(await store().cancelMarks(ids)).toEqual([{ id: ids[0], reason: "source-rebased" }]);
    });

    it("of an interval in which there was nothing to read come with a run that has succeeded", async () => {
      await register(store());
      const offsets = { ...OFFSETS, upper: OFFSETS.lower };
      const [done, next] = await plan(store(), {
        count: 1,
        run: { state: "SUCCEEDED", reason: "source-empty", offsets },
        offsets: WATERMARK,
      });
      expect(next).toBeUndefined();
      expect(await runOf(store(), done!.id)).toMatchObject({
        state: "SUCCEEDED",
        place: "none",
        attempt: 0,
        endedAt: done!.plannedAt,
        offsets,
      });
      expect(await store().coverage("orders")).toMatchObject([{ state: "SUCCEEDED", ...minute(0), runs: 1 }]);
      const within = minute(0);
      expect(await store().missingTime([{ groupId: "orders", within, by: "succeeded" }])).toEqual([[]]);
      expect(await claim(store())).toEqual([]);
    });

    it("that were lost are a skipped run of no time, beside the run that goes on behind them", async () => {
      const schedule = await register(store());
      const lost = aRun({
        lower: START,
        upper: START,
        state: "SKIPPED",
        reason: "source-expired",
        offsets: OFFSETS,
      });
      const next = aRun({ offsets: { ...OFFSETS, lower: OFFSETS.upper } });
      const commit = { ...aPlan(schedule), runs: [lost, next], offsets: WATERMARK };
      expect(await store().plan([commit])).toEqual([true]);
      const { items } = await store().listRuns({ groupId: "orders" }, {});
      expect(items.map(({ id, state }) => [id, state])).toEqual([
        [lost.id, "SKIPPED"],
        [next.id, "PLANNED"],
      ]);
      const within = { lower: START, upper: START + MINUTE };
      expect(await store().missingTime([{ groupId: "orders", within, by: "succeeded" }])).toEqual([[within]]);
    });

    if (supports.reopen) {
      it("are still there after the store was opened again", async () => {
        await register(store());
        const [run] = await plan(store(), { run: { offsets: ODD }, offsets: WATERMARK });
        const next = await reopened();
        expect((await runOf(next, run!.id)).offsets).toEqual(ODD);
        expect((await scheduleOf(next)).offsets).toEqual(WATERMARK);
      });
    }
  });
}
