import { aPlan, aRun, minute } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { admitted, carryOut, claim, end, LATER, plan, register, runOf, scheduleOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Tests a failed or cancelled run that blocks its lane. */
export function blockingRules({ store }: StoreBed): void {
  describe("a run that blocks", () => {
    it("holds all that waits behind it", async () => {
      await register(store(), { laneWidth: 2 });
      const runs = await plan(store(), { count: 4 });
      const [first, second] = await claim(store());
      await end(store(), first!, "FAILED", { isBlocking: true });
      await end(store(), second!, "SUCCEEDED");
      expect(await admitted(store(), runs)).toEqual([false, false, false, false]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 0, waitingRuns: 2, blockingRuns: 1 });
      expect(await runOf(store(), first!.run.id)).toMatchObject({ state: "FAILED", isBlocking: true });
    });

    it("holds what is planned afterwards", async () => {
      await register(store());
      await plan(store());
      await carryOut(store(), "FAILED", { isBlocking: true });
      expect(await admitted(store(), await plan(store()))).toEqual([false]);
    });

    it("lets go when it is told to", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      const { id } = await carryOut(store(), "FAILED", { isBlocking: true });
      await store().changeRuns([{ id, from: ["FAILED"], state: "FAILED", at: LATER, isBlocking: false }]);
      expect(await admitted(store(), runs)).toEqual([false, true]);
      expect(await scheduleOf(store())).toMatchObject({ blockingRuns: 0 });
    });

    it("lets go when it is given up", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      const { id } = await carryOut(store(), "FAILED", { isBlocking: true });
      await store().changeRuns([{ id, from: ["FAILED"], state: "CANCELLED", at: LATER }]);
      expect(await admitted(store(), runs)).toEqual([false, true]);
      expect(await runOf(store(), id)).toMatchObject({ state: "CANCELLED", isBlocking: false });
    });

    it("may be cancelled, and keeps its turn for the run that covers it", async () => {
      const schedule = await register(store());
      const runs = await plan(store(), { count: 2 });
      const { id } = await carryOut(store(), "CANCELLED", { reason: "overlap-cancelled", isBlocking: true });
      expect(await admitted(store(), runs)).toEqual([false, false]);
      expect(await runOf(store(), id)).toMatchObject({
        state: "CANCELLED",
        isBlocking: true,
        place: "blocking",
      });
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 0, waitingRuns: 1, blockingRuns: 1 });
      const again = aRun({ ...minute(0), generation: 1 });
      const { watermark } = await scheduleOf(store());
      const commit = aPlan(
        { ...schedule, watermark },
        { runs: [again], newWatermark: watermark, supersedes: [id] },
      );
      expect(await store().plan([commit])).toEqual([true]);
      expect(await admitted(store(), [...runs, again])).toEqual([false, false, true]);
      expect(await runOf(store(), id)).toMatchObject({
        isBlocking: false,
        place: "none",
        isSuperseded: true,
      });
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1, waitingRuns: 1, blockingRuns: 0 });
    });

    it("comes first in the lane when it is retried", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      const { id } = await carryOut(store(), "FAILED", { isBlocking: true });
      const retry = {
        id,
        from: ["FAILED"],
        state: "PLANNED",
        at: LATER,
        attempt: 0,
        endedAt: null,
      } as const;
      expect(await store().changeRuns([retry])).toEqual([true]);
      expect(await admitted(store(), runs)).toEqual([true, false]);
      expect(await runOf(store(), id)).toMatchObject({
        isBlocking: false,
        attempt: 0,
        place: "ready",
        readyAt: LATER,
      });
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1, waitingRuns: 1, blockingRuns: 0 });
    });

    it("stays blocking through a change that does not say", async () => {
      await register(store());
      await plan(store());
      const { id } = await carryOut(store(), "FAILED", { isBlocking: true });
      await store().changeRuns([{ id, from: ["FAILED"], state: "FAILED", at: LATER, reason: "cancelled" }]);
      expect(await scheduleOf(store())).toMatchObject({ blockingRuns: 1 });
    });

    it("has to be joined by all others that block before the lane goes on", async () => {
      await register(store(), { laneWidth: 2 });
      const runs = await plan(store(), { count: 3 });
      const claimed = await claim(store());
      for (const one of claimed) await end(store(), one, "FAILED", { isBlocking: true });
      const giveUp = (id: string) =>
        store().changeRuns([{ id, from: ["FAILED"], state: "CANCELLED", at: LATER }]);
      await giveUp(runs[0]!.id);
      expect(await admitted(store(), runs)).toEqual([false, false, false]);
      await giveUp(runs[1]!.id);
      expect(await admitted(store(), runs)).toEqual([false, false, true]);
    });
  });

  describe("a retried run", () => {
    it("that is older than the admitted one waits for the next place, before younger ones", async () => {
      await register(store());
      const runs = await plan(store(), { count: 3 });
      const { id } = await carryOut(store(), "FAILED");
      await store().changeRuns([{ id, from: ["FAILED"], state: "PLANNED", at: LATER }]);
      expect(await admitted(store(), runs)).toEqual([false, true, false]);
      await carryOut(store(), "SUCCEEDED");
      expect(await admitted(store(), runs)).toEqual([true, false, false]);
    });
  });
}
