import { aBackfill, aNewSchedule, aRun, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  allRuns,
  change,
  claim,
  claimOne,
  end,
  idsOf,
  LATER,
  nextWake,
  plan,
  register,
  runOf,
  scheduleOf,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Tests `purgeSchedule`. */
export function purgeRules({ store }: StoreBed): void {
  describe("purgeSchedule", () => {
    it("is false where there is no schedule", async () => {
      expect(await store().purgeSchedule("nobody")).toBe(false);
    });

    it("removes schedule, versions, runs and backfills", async () => {
      await register(store(), { laneWidth: 16 });
      const runs = await plan(store(), { count: 3 });
      await claim(store(), { limit: 1 });
      await store().insertBackfill(aBackfill());
      expect(await store().purgeSchedule("orders")).toBe(true);
      expect(await store().getSchedules(["orders"])).toEqual([undefined]);
      expect(await store().listVersions("orders")).toEqual([]);
      expect(await store().getRuns(idsOf(runs))).toEqual([undefined, undefined, undefined]);
      expect(await allRuns(store())).toEqual([]);
      expect(await store().getBackfill(aBackfill().id)).toBeUndefined();
      expect(await store().listBackfills({})).toEqual([]);
      expect(await store().coverage("orders")).toEqual([]);
      expect(await store().purgeSchedule("orders")).toBe(false);
    });

    it("leaves nothing to be due, woken or claimed", async () => {
      await register(store(), { laneWidth: 16 });
      await plan(store(), { count: 3 });
      await claim(store(), { limit: 1 });
      await store().purgeSchedule("orders");
      expect(await store().due({ before: LATER, limit: 10 })).toEqual([]);
      expect(await nextWake(store())).toBeUndefined();
      expect(await claim(store(), { now: LATER * 2 })).toEqual([]);
    });

    it("leaves other groups alone", async () => {
      for (const groupId of ["order", "orders", "orders2"]) {
        await register(store(), { spec: { groupId } });
        await plan(store(), { count: 2 }, groupId);
        await store().insertBackfill(aBackfill({ id: groupId, groupId }));
      }
      const before = await scheduleOf(store(), "order");
      await store().purgeSchedule("orders");
      expect(await scheduleOf(store(), "order")).toEqual(before);
      expect(await allRuns(store(), { groupId: "orders2" })).toHaveLength(2);
      expect((await store().listBackfills({})).map(({ id }) => id).sort()).toEqual(["order", "orders2"]);
      expect(await claim(store())).toHaveLength(2);
    });

    it("lets the group begin anew", async () => {
      await register(store());
      await plan(store(), { count: 3 });
      await store().purgeSchedule("orders");
      expect(await store().insertSchedules([aNewSchedule()])).toEqual([true]);
      expect(await scheduleOf(store())).toMatchObject({ watermark: START, admittedRuns: 0, waitingRuns: 0 });
      const [again] = await plan(store());
      expect(idsOf(await claim(store()))).toEqual([again!.id]);
    });

    it("leaves a schedule that is another one by now", async () => {
      await register(store());
      const { incarnation, status } = await scheduleOf(store());
      await change(store(), { status: "PAUSED", laneWidth: 0 });
      expect(await store().purgeSchedule("orders", { incarnation, status })).toBe(false);
      expect(await store().purgeSchedule("orders", { incarnation: "another", status: "PAUSED" })).toBe(false);
      expect(await scheduleOf(store())).toMatchObject({ incarnation, status: "PAUSED" });
      expect(await store().purgeSchedule("orders", { incarnation, status: "PAUSED" })).toBe(true);
      expect(await store().purgeSchedule("orders", { incarnation, status: "PAUSED" })).toBe(false);
    });

    it("leaves a schedule of which a run is open, if it is told what to expect", async () => {
      await register(store());
      const { incarnation, status } = await scheduleOf(store());
      const [run] = await plan(store());
      expect(await store().purgeSchedule("orders", { incarnation, status })).toBe(false);
      const claimed = await claimOne(store());
      expect(await store().purgeSchedule("orders", { incarnation, status })).toBe(false);
      expect(await runOf(store(), run!.id)).toMatchObject({ state: "SUBMITTING" });
      await end(store(), claimed, "FAILED");
      expect(await store().purgeSchedule("orders", { incarnation, status })).toBe(true);
    });

    it("shuts out who still holds a run of it", async () => {
      await register(store());
      await plan(store());
      const [held] = await claim(store());
      await store().purgeSchedule("orders");
      expect(await store().renewLeases([{ id: held!.run.id, token: held!.token }], LATER)).toMatchObject([
        { isHeld: false },
      ]);
      expect(await store().requestCancel([held!.run.id], "cancelled")).toEqual([false]);
      expect(await store().insertRuns([aRun({ ...minute(9), kind: "MANUAL" })])).toEqual([false]);
    });
  });
}
