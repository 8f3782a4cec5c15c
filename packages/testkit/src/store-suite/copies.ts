import type { RunSnapshot } from "@tidegate/core";
import type { NewRun, PlanCommit, RunChange, ScheduleStore } from "@tidegate/core/store";
import { aBackfill, aPlan, MINUTE, minute, type PlanOverrides } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  again,
  allRuns,
  carryOut,
  change,
  claim,
  claimOne,
  dueAtGates,
  end,
  failAtGates,
  history,
  LATER,
  plan,
  register,
  retry,
  scheduleOf,
  settle,
  stepOf,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

const ASKED: RunSnapshot = { cause: "requested", note: "" };

const EXCLUSIVE = { isExclusive: true };

const giveUp = (id: string): RunChange => ({
  id,
  from: ["PLANNED"],
  state: "CANCELLED",
  at: LATER,
  reason: "cancelled",
});

/** Plans a snapshot of the next minute. */
async function copy(store: ScheduleStore): Promise<NewRun> {
  return (await plan(store, { run: { snapshot: ASKED } }))[0]!;
}

/** Tests which plans, re-runs and retries are refused, so that a snapshot is made alone. */
export function copyRules({ store, second, supports }: StoreBed): void {
  const commitOf = async (unlessOpen: PlanCommit["unlessOpen"], more: PlanOverrides = {}) =>
    aPlan(await scheduleOf(store()), {
      ...(unlessOpen === undefined ? {} : { unlessOpen }),
      run: { snapshot: ASKED },
      ...more,
    });
  const isPlanned = async (...given: Parameters<typeof commitOf>): Promise<boolean> =>
    (await store().plan([await commitOf(...given)]))[0]!;

  describe("plan is refused", () => {
    it("beside runs of other kinds than the lane's, until they have ended", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED"]);
      await store().insertRuns([again(0)]);
      expect(await isPlanned("beside")).toBe(false);
      const claimed = await claimOne(store());
      expect(await isPlanned("beside")).toBe(false);
      await end(store(), claimed, "SUCCEEDED");
      expect(await isPlanned("beside")).toBe(true);
      expect((await scheduleOf(store())).watermark).toBe(minute(2).lower);
    });

    it("beside runs of the lane as well if it asks for that, whether they wait or work", async () => {
      await register(store());
      await plan(store(), { count: 2 });
      expect(await isPlanned("any")).toBe(false);
      expect(await isPlanned("beside")).toBe(true);
      for (const _ of [0, 1, 2]) {
        const claimed = await claimOne(store());
        expect(await isPlanned("any")).toBe(false);
        await end(store(), claimed, "SUCCEEDED");
      }
      expect(await isPlanned("any")).toBe(true);
    });

    it("beside runs that gates hold", async () => {
      await register(store(), { spec: { gates: { door: {} } } });
      await plan(store(), { run: { gating: "overtakable" } });
      expect(await isPlanned("any")).toBe(false);
      await settle(store(), (await dueAtGates(store()))[0]!);
      await carryOut(store(), "SUCCEEDED");
      expect(await isPlanned("any")).toBe(true);
    });

    it("beside a snapshot that has not ended, if it asks for that", async () => {
      await register(store(), { laneWidth: 2 });
      await plan(store());
      expect(await isPlanned("snapshots")).toBe(true);
      expect(await isPlanned("snapshots", { run: {} })).toBe(false);
      for (const claimed of await claim(store())) await end(store(), claimed, "SUCCEEDED");
      expect(await isPlanned("snapshots", { run: {} })).toBe(true);
    });

    it("for no run of another group, and not unless it asks", async () => {
      await register(store());
      await register(store(), { spec: { groupId: "other" } });
      await plan(store(), {}, "other");
      expect(await isPlanned("any")).toBe(true);
      await store().insertRuns([again(5)]);
      expect(await isPlanned(undefined)).toBe(true);
    });

    it("for itself alone, in a batch", async () => {
      await register(store());
      await register(store(), { spec: { groupId: "other" } });
      await plan(store());
      const others = aPlan(await scheduleOf(store(), "other"));
      expect(await store().plan([await commitOf("any"), others])).toEqual([false, true]);
    });

    it("or a re-run is, if both come at once", async () => {
      const stores = [store(), await second()] as const;
      await register(store());
      for (let round = 0; round < 10; round += 1) {
        await plan(store());
        for (const claimed of await claim(store())) await end(store(), claimed, "SUCCEEDED");
        const commit = await commitOf("beside");
        const rerun = again(2 * round);
        const [planned, inserted] = await Promise.all([
          stores[round % 2]!.plan([commit]),
          stores[1 - (round % 2)]!.insertRuns([rerun], EXCLUSIVE),
        ]);
        expect([planned[0], inserted[0]].filter(Boolean)).toHaveLength(1);
        if (planned[0] !== true) await plan(store());
        for (const claimed of await claim(store())) await end(store(), claimed, "SUCCEEDED");
      }
    });

    if (supports.shortcuts)
      it("also if it is to be claimed at once", async () => {
        await register(store());
        const request = { owner: "first", operators: ["duckdb"], now: LATER, leaseUntil: LATER + MINUTE };
        const first = await commitOf("any");
        expect(await store().planAndClaim!([first], { ...request, limit: 1 })).not.toEqual(["refused"]);
        expect(await store().planAndClaim!([await commitOf("any")], { ...request, limit: 1 })).toEqual([
          "refused",
        ]);
      });
  });

  describe("behind a snapshot that stands", () => {
    const BACKFILL = aBackfill();
    const step = (runs: readonly NewRun[]) => stepOf(BACKFILL, runs);

    it("no run is inserted that must not lie over others, whatever has become of the snapshot", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED"]);
      await store().insertBackfill(BACKFILL);
      await copy(store());
      const isRefused = async (): Promise<void> => {
        expect(await store().insertRuns([again(0)], EXCLUSIVE)).toEqual([false]);
        expect(await store().planBackfill(step([again(0)]))).toBe(false);
      };
      await isRefused();
      const claimed = await claimOne(store());
      await isRefused();
      await end(store(), claimed, "FAILED", { isBlocking: true });
      await isRefused();
      await store().changeRuns([retry(claimed.run.id)]);
      await carryOut(store(), "SUCCEEDED");
      await isRefused();
      await history(store(), ["SUCCEEDED"]);
      expect(await store().insertRuns([again(2)], EXCLUSIVE)).toEqual([true]);
    });

    it("runs are inserted once it was given up", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED"]);
      await store().insertBackfill(BACKFILL);
      const { id } = await copy(store());
      await store().changeRuns([giveUp(id)]);
      expect(await store().planBackfill(step([again(0)]))).toBe(true);
      expect(await allRuns(store(), { kinds: ["BACKFILL"] })).toHaveLength(1);
    });

    it("no run is made again; behind an older one that nothing follows it is", async () => {
      await register(store());
      const [failed] = await history(store(), ["FAILED"]);
      const snapshot = await copy(store());
      expect(await store().changeRuns([retry(failed!.id)])).toEqual([false]);
      await carryOut(store(), "SUCCEEDED");
      expect(await store().changeRuns([retry(failed!.id)])).toEqual([false]);
      const [later] = await history(store(), ["FAILED"]);
      expect(later!.lower).toBe(snapshot.upper);
      expect(await store().changeRuns([retry(later!.id)])).toEqual([true]);
    });
  });

  describe("a run is made again before a snapshot that waits", () => {
    it("for it in a lane with one place", async () => {
      await register(store());
      const [failed] = await plan(store());
      await carryOut(store(), "FAILED", { isBlocking: true });
      const snapshot = await copy(store());
      expect(await claim(store())).toEqual([]);
      await change(store(), { laneWidth: 2 });
      expect(await store().changeRuns([retry(failed!.id)])).toEqual([false]);
      await change(store(), { laneWidth: 1 });
      expect(await store().changeRuns([retry(failed!.id)])).toEqual([true]);
      expect(await carryOut(store(), "SUCCEEDED")).toMatchObject({ id: failed!.id });
      expect(await carryOut(store(), "SUCCEEDED")).toMatchObject({ id: snapshot.id });
    });

    it("but not if it may be overtaken at its gates", async () => {
      const spec = { gates: { door: {} }, overlap: "allow" } as const;
      await register(store(), { spec });
      const [failed] = await plan(store(), { run: { gating: "overtakable" } });
      await failAtGates(store(), (await dueAtGates(store()))[0]!, { isBlocking: true });
      await copy(store());
      expect(await store().changeRuns([retry(failed!.id)])).toEqual([false]);
      expect(await store().changeRuns([{ ...retry(failed!.id), scheduleVersion: 1 }])).toEqual([false]);
    });

    it("and no run beside the lane is", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED"]);
      await plan(store());
      await carryOut(store(), "FAILED", { isBlocking: true });
      await store().insertRuns([again(0)]);
      await carryOut(store(), "FAILED");
      await copy(store());
      expect(await store().changeRuns([retry(again(0).id)])).toEqual([false]);
      expect(await store().insertRuns([again(0, { generation: 2 })], EXCLUSIVE)).toEqual([false]);
    });
  });

  describe("a snapshot is made again", () => {
    it("unless a run follows it, which the copy would replace", async () => {
      await register(store());
      const { id } = await copy(store());
      await carryOut(store(), "FAILED");
      expect(await store().changeRuns([retry(id)])).toEqual([true]);
      await carryOut(store(), "FAILED");
      const [next] = await plan(store());
      expect(await store().changeRuns([retry(id)])).toEqual([false]);
      const claimed = await claimOne(store());
      expect(await store().changeRuns([retry(id)])).toEqual([false]);
      await end(store(), claimed, "FAILED");
      expect(await store().changeRuns([retry(id)])).toEqual([true]);
      await carryOut(store(), "FAILED");
      await store().changeRuns([retry(next!.id)]);
      await carryOut(store(), "SUCCEEDED");
      expect(await store().changeRuns([retry(id)])).toEqual([false]);
    });

    it("when re-runs have ended that began since it was given up", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED"]);
      const { id } = await copy(store());
      await store().changeRuns([giveUp(id)]);
      await store().insertRuns([again(0)], EXCLUSIVE);
      expect(await store().changeRuns([retry(id)])).toEqual([false]);
      await carryOut(store(), "SUCCEEDED");
      expect(await store().changeRuns([retry(id)])).toEqual([true]);
    });

    it("behind runs of a lane with one place, which keeps them in order, and of no wider one", async () => {
      await register(store());
      await plan(store());
      const { id } = await copy(store());
      await store().changeRuns([giveUp(id)]);
      expect(await store().changeRuns([retry(id)])).toEqual([true]);
      await store().changeRuns([giveUp(id)]);
      await change(store(), { laneWidth: 2 });
      expect(await store().changeRuns([retry(id)])).toEqual([false]);
      await carryOut(store(), "SUCCEEDED");
      expect(await store().changeRuns([retry(id)])).toEqual([true]);
    });
  });
}
