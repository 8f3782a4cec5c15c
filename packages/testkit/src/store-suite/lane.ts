import { aPlan, aRun, minute } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { admitted, carryOut, claimOne, idsOf, LATER, plan, register, runOf, scheduleOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Tests which runs the live lane admits. */
export function laneRules({ store }: StoreBed): void {
  describe("the live lane", () => {
    it.each([
      [0, [false, false, false]],
      [1, [true, false, false]],
      [2, [true, true, false]],
      [16, [true, true, true]],
    ])("of width %i admits the oldest, at once", async (laneWidth, places) => {
      await register(store(), { laneWidth });
      const runs = await plan(store(), { count: 3, plannedAt: LATER });
      expect(await admitted(store(), runs)).toEqual(places);
      const admittedRuns = places.filter((isAdmitted) => isAdmitted).length;
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns, waitingRuns: 3 - admittedRuns });
      const ready = { place: "ready", readyAt: LATER, wait: null };
      const waiting = {
        place: "waiting",
        readyAt: null,
        wait: { reason: "lane", since: runs[0]!.plannedAt },
      };
      expect(await runOf(store(), runs[0]!.id)).toMatchObject(admittedRuns > 0 ? ready : waiting);
    });

    it("keeps a later plan waiting behind an earlier one", async () => {
      await register(store());
      const first = await plan(store());
      const second = await plan(store(), { count: 2 });
      expect(await admitted(store(), [...first, ...second])).toEqual([true, false, false]);
    });

    it.each(["SUCCEEDED", "FAILED", "CANCELLED"] as const)(
      "admits the next when a run ends as %s",
      async (state) => {
        await register(store());
        const runs = await plan(store(), { count: 3 });
        await carryOut(store(), state);
        expect(await admitted(store(), runs)).toEqual([false, true, false]);
        expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1, waitingRuns: 1, blockingRuns: 0 });
      },
    );

    it("admits the next when a run is cancelled before anybody claimed it", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      const cancelled = { id: runs[0]!.id, from: ["PLANNED"], state: "CANCELLED", at: LATER } as const;
      expect(await store().changeRuns([cancelled])).toEqual([true]);
      expect(await admitted(store(), runs)).toEqual([false, true]);
    });

    it("closes up when a waiting run is cancelled", async () => {
      await register(store());
      const runs = await plan(store(), { count: 3 });
      const cancelled = { id: runs[1]!.id, from: ["PLANNED"], state: "CANCELLED", at: LATER } as const;
      await store().changeRuns([cancelled]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1, waitingRuns: 1 });
      await carryOut(store(), "SUCCEEDED");
      expect(await admitted(store(), runs)).toEqual([false, false, true]);
    });

    it("runs through in order of the lower bounds", async () => {
      await register(store());
      const runs = await plan(store(), { count: 5 });
      const order: string[] = [];
      for (const _ of runs) order.push((await carryOut(store(), "SUCCEEDED")).id);
      expect(order).toEqual(idsOf(runs));
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 0, waitingRuns: 0, blockingRuns: 0 });
    });

    it("keeps the place of a run that waits for its next attempt", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      const { run, token } = await claimOne(store());
      const readyAt = LATER + 1_000;
      await store().changeRuns([
        { id: run.id, from: ["SUBMITTING"], token, state: "PLANNED", at: LATER, place: "ready", readyAt },
      ]);
      expect(await admitted(store(), runs)).toEqual([true, false]);
      expect(await runOf(store(), run.id)).toMatchObject({ state: "PLANNED", place: "ready", readyAt });
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1, waitingRuns: 1 });
    });

    it("counts each group by itself", async () => {
      await register(store(), { spec: { groupId: "a" } });
      await register(store(), { spec: { groupId: "b" } });
      const a = await plan(store(), { count: 2 }, "a");
      const b = await plan(store(), { count: 2 }, "b");
      expect(await admitted(store(), [...a, ...b])).toEqual([true, false, true, false]);
    });

    it("takes no notice of runs beside it", async () => {
      await register(store());
      await store().insertRuns([aRun({ ...minute(-1), kind: "MANUAL" })]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 0, waitingRuns: 0 });
      const runs = await plan(store(), { count: 2 });
      expect(await admitted(store(), runs)).toEqual([true, false]);
    });

    it("passes over runs that are skipped", async () => {
      const schedule = await register(store());
      const skipped = aRun({ ...minute(0), state: "SKIPPED", reason: "catchup-dropped" });
      const planned = aRun(minute(1));
      await store().plan([aPlan(schedule, { count: 2, runs: [skipped, planned] })]);
      expect(await admitted(store(), [skipped, planned])).toEqual([false, true]);
    });
  });
}
