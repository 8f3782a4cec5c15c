import type { NewRun, ScheduleStore } from "@tidegate/core/store";
import { aPlan, aRun, minute } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  admitted,
  allRuns,
  carryOut,
  claim,
  claimOne,
  end,
  history,
  idsOf,
  plan,
  register,
  runOf,
  scheduleOf,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Returns a re-run of the first minute. */
const rerun = (generation: number, overrides: Partial<NewRun> = {}): NewRun =>
  aRun({ kind: "MANUAL", generation, ...overrides });

async function areSuperseded(store: ScheduleStore, ids: readonly string[]): Promise<boolean[]> {
  const runs = await store.getRuns(ids);
  return runs.map((run) => run?.isSuperseded === true);
}

/** Tests `insertRuns`. */
export function insertionRules({ store }: StoreBed): void {
  describe("insertRuns", () => {
    it("inserts a run beside the lane, to be claimed at once, and leaves the watermark", async () => {
      const schedule = await register(store(), { laneWidth: 0 });
      const run = rerun(0);
      expect(await store().insertRuns([run])).toEqual([true]);
      expect(await runOf(store(), run.id)).toMatchObject({
        ...run,
        attempt: 0,
        place: "ready",
        readyAt: run.plannedAt,
      });
      expect(await scheduleOf(store())).toEqual(schedule);
      expect(idsOf(await claim(store()))).toEqual([run.id]);
    });

    it("refuses a generation of an interval that is there, whatever its id", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED"]);
      expect(await store().insertRuns([rerun(0)])).toEqual([false]);
      expect(await store().insertRuns([rerun(0, { id: "f".repeat(32) })])).toEqual([false]);
      expect(await store().insertRuns([rerun(1), rerun(1), rerun(2)])).toEqual([true, false, true]);
      expect(await allRuns(store())).toHaveLength(3);
    });

    it("tells other intervals with the same lower bound apart", async () => {
      await register(store());
      await plan(store());
      const longer = rerun(0, aRun({ ...minute(0), upper: minute(1).upper, kind: "MANUAL" }));
      expect(await store().insertRuns([longer])).toEqual([true]);
      expect(await allRuns(store())).toHaveLength(2);
    });

    it("refuses the ledger of a group that was purged and registered again since it was read", async () => {
      await register(store());
      const { incarnation } = await scheduleOf(store());
      await store().purgeSchedule("orders");
      expect(await store().insertRuns([rerun(0)], { incarnation })).toEqual([false]);
      await register(store(), { incarnation: "another" });
      for (const isExclusive of [false, true])
        expect(await store().insertRuns([rerun(0), rerun(1)], { incarnation, isExclusive })).toEqual([
          false,
          false,
        ]);
      expect(await allRuns(store())).toEqual([]);
      expect(await store().insertRuns([rerun(0)], { incarnation: "another" })).toEqual([true]);
    });

    it("refuses a group that has no schedule", async () => {
      expect(await store().insertRuns([rerun(0)])).toEqual([false]);
      expect(await store().getRuns([rerun(0).id])).toEqual([undefined]);
    });
  });
}

/** Tests generations of one interval. */
export function supersedingRules({ store }: StoreBed): void {
  describe("a new generation", () => {
    it.each(["FAILED", "CANCELLED"] as const)("supersedes one that was %s", async (state) => {
      await register(store());
      const [first] = await history(store(), [state]);
      await store().insertRuns([rerun(1)]);
      expect(await areSuperseded(store(), [first!.id, rerun(1).id])).toEqual([true, false]);
    });

    it("supersedes one that was skipped", async () => {
      await register(store());
      const [skipped] = await plan(store(), { run: { state: "SKIPPED", reason: "catchup-dropped" } });
      await store().insertRuns([rerun(1)]);
      expect(await areSuperseded(store(), [skipped!.id])).toEqual([true]);
    });

    it("lets one that succeeded stand until it succeeds itself", async () => {
      await register(store());
      const [first] = await history(store(), ["SUCCEEDED"]);
      await store().insertRuns([rerun(1)]);
      expect(await areSuperseded(store(), [first!.id])).toEqual([false]);
      await carryOut(store(), "SUCCEEDED");
      expect(await areSuperseded(store(), [first!.id, rerun(1).id])).toEqual([true, false]);
    });

    it("lets one that succeeded stand when it fails itself", async () => {
      await register(store());
      const [first] = await history(store(), ["SUCCEEDED"]);
      await store().insertRuns([rerun(1)]);
      await carryOut(store(), "FAILED");
      expect(await areSuperseded(store(), [first!.id, rerun(1).id])).toEqual([false, false]);
    });

    it("leaves one that is under way alone, until it succeeds", async () => {
      await register(store());
      const [first] = await plan(store());
      const old = await claimOne(store());
      await store().insertRuns([rerun(1)]);
      expect(await areSuperseded(store(), [first!.id])).toEqual([false]);
      await carryOut(store(), "SUCCEEDED");
      expect(await areSuperseded(store(), [first!.id])).toEqual([true]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1 });
      expect(await end(store(), old, "SUCCEEDED")).toBe(true);
      expect(await areSuperseded(store(), [first!.id, rerun(1).id])).toEqual([true, false]);
    });

    it("does not touch other intervals, nor later generations", async () => {
      await register(store());
      const others = await history(store(), ["FAILED", "FAILED"]);
      await store().insertRuns([rerun(5), rerun(3)]);
      for (const claimed of await claim(store())) await end(store(), claimed, "CANCELLED");
      await store().insertRuns([rerun(4)]);
      expect(await areSuperseded(store(), [others[1]!.id, rerun(3).id, rerun(5).id])).toEqual([
        false,
        true,
        false,
      ]);
    });

    it("does not touch a run that begins where it begins and ends elsewhere", async () => {
      await register(store());
      const longer = aRun({
        ...minute(0),
        upper: minute(1).upper,
        state: "SKIPPED",
        reason: "catchup-window",
      });
      const schedule = await scheduleOf(store());
      await store().plan([aPlan(schedule, { count: 2, runs: [longer] })]);
      await store().insertRuns([rerun(1)]);
      expect(await areSuperseded(store(), [longer.id])).toEqual([false]);
    });

    it("unblocks the lane where it supersedes the run that blocks", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      await carryOut(store(), "FAILED", { isBlocking: true });
      await store().insertRuns([rerun(1)]);
      expect(await admitted(store(), runs)).toEqual([false, true]);
      expect(await scheduleOf(store())).toMatchObject({ blockingRuns: 0, admittedRuns: 1, waitingRuns: 0 });
      expect(await runOf(store(), runs[0]!.id)).toMatchObject({ state: "FAILED", isBlocking: false });
    });

    it("that has succeeded keeps the older one from blocking when it fails later", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      const old = await claimOne(store());
      await store().insertRuns([rerun(1)]);
      await carryOut(store(), "SUCCEEDED");
      await end(store(), old, "FAILED", { isBlocking: true });
      expect(await runOf(store(), runs[0]!.id)).toMatchObject({ isSuperseded: true, isBlocking: false });
      expect(await admitted(store(), runs)).toEqual([false, true]);
    });

    it("unblocks the lane where it succeeds after the older one has failed", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      const old = await claimOne(store());
      await store().insertRuns([rerun(1)]);
      const young = await claimOne(store());
      await end(store(), old, "FAILED", { isBlocking: true });
      expect(await admitted(store(), runs)).toEqual([false, false]);
      await end(store(), young, "SUCCEEDED");
      expect(await admitted(store(), runs)).toEqual([false, true]);
    });
  });
}
