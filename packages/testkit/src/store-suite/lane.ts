import { describe, expect, it } from "@jest/globals";
import { AT_ONCE, type NewRun, type ScheduleStore } from "@tidegate/core";
import { aPlan, aRun, minute } from "../builders.js";
import { carryOut, change, claim, claimOne, end, idsOf, LATER, plan, register, runOf, scheduleOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Which of these runs have a place in the lane, in their order. */
export async function admitted(store: ScheduleStore, runs: readonly NewRun[]): Promise<boolean[]> {
  const found = await store.getRuns(idsOf(runs));
  return found.map((run) => run !== undefined && run.wakeAt !== null);
}

/** The live lane: who is admitted. */
export function laneRules({ store }: StoreBed): void {
  describe("the live lane", () => {
    it.each([
      [0, [false, false, false]],
      [1, [true, false, false]],
      [2, [true, true, false]],
      [16, [true, true, true]],
    ])("of width %i admits the oldest, at once", async (laneWidth, places) => {
      await register(store(), { laneWidth });
      const runs = await plan(store(), { count: 3 });
      expect(await admitted(store(), runs)).toEqual(places);
      const admittedRuns = places.filter((isAdmitted) => isAdmitted).length;
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns, waitingRuns: 3 - admittedRuns });
      if (admittedRuns > 0) expect((await runOf(store(), runs[0]!.id)).wakeAt).toBe(AT_ONCE);
    });

    it("keeps a later plan waiting behind an earlier one", async () => {
      await register(store());
      const first = await plan(store());
      const second = await plan(store(), { count: 2 });
      expect(await admitted(store(), [...first, ...second])).toEqual([true, false, false]);
    });

    it.each(["SUCCEEDED", "FAILED", "CANCELLED"] as const)("admits the next when a run ends as %s", async (state) => {
      await register(store());
      const runs = await plan(store(), { count: 3 });
      await carryOut(store(), state);
      expect(await admitted(store(), runs)).toEqual([false, true, false]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1, waitingRuns: 1, blockingRuns: 0 });
    });

    it("admits the next when a run is cancelled before anybody claimed it", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      const cancelled = { id: runs[0]!.id, from: ["PLANNED"], state: "CANCELLED", wakeAt: null } as const;
      expect(await store().changeRuns([cancelled])).toEqual([true]);
      expect(await admitted(store(), runs)).toEqual([false, true]);
    });

    it("closes up when a waiting run is cancelled", async () => {
      await register(store());
      const runs = await plan(store(), { count: 3 });
      const cancelled = { id: runs[1]!.id, from: ["PLANNED"], state: "CANCELLED", wakeAt: null } as const;
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
      const wakeAt = LATER + 1_000;
      await store().changeRuns([{ id: run.id, from: ["SUBMITTING"], token, state: "PLANNED", wakeAt }]);
      expect(await admitted(store(), runs)).toEqual([true, false]);
      expect(await runOf(store(), run.id)).toMatchObject({ state: "PLANNED", wakeAt });
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

/** A failed run that blocks its lane. */
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
      await store().changeRuns([{ id, from: ["FAILED"], state: "FAILED", wakeAt: null, isBlocking: false }]);
      expect(await admitted(store(), runs)).toEqual([false, true]);
      expect(await scheduleOf(store())).toMatchObject({ blockingRuns: 0 });
    });

    it("lets go when it is given up", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      const { id } = await carryOut(store(), "FAILED", { isBlocking: true });
      await store().changeRuns([{ id, from: ["FAILED"], state: "CANCELLED", wakeAt: null }]);
      expect(await admitted(store(), runs)).toEqual([false, true]);
      expect(await runOf(store(), id)).toMatchObject({ state: "CANCELLED", isBlocking: false });
    });

    it("comes first in the lane when it is retried", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      const { id } = await carryOut(store(), "FAILED", { isBlocking: true });
      const retry = { id, from: ["FAILED"], state: "PLANNED", wakeAt: null, attempt: 0, endedAt: null } as const;
      expect(await store().changeRuns([retry])).toEqual([true]);
      expect(await admitted(store(), runs)).toEqual([true, false]);
      expect(await runOf(store(), id)).toMatchObject({ isBlocking: false, attempt: 0, wakeAt: AT_ONCE });
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1, waitingRuns: 1, blockingRuns: 0 });
    });

    it("stays blocking through a change that does not say", async () => {
      await register(store());
      await plan(store());
      const { id } = await carryOut(store(), "FAILED", { isBlocking: true });
      await store().changeRuns([{ id, from: ["FAILED"], state: "FAILED", wakeAt: null, reason: "cancelled" }]);
      expect(await scheduleOf(store())).toMatchObject({ blockingRuns: 1 });
    });

    it("has to be joined by all others that block before the lane goes on", async () => {
      await register(store(), { laneWidth: 2 });
      const runs = await plan(store(), { count: 3 });
      const claimed = await claim(store());
      for (const one of claimed) await end(store(), one, "FAILED", { isBlocking: true });
      const giveUp = (id: string) =>
        store().changeRuns([{ id, from: ["FAILED"], state: "CANCELLED", wakeAt: null }]);
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
      await store().changeRuns([{ id, from: ["FAILED"], state: "PLANNED", wakeAt: null }]);
      expect(await admitted(store(), runs)).toEqual([false, true, false]);
      await carryOut(store(), "SUCCEEDED");
      expect(await admitted(store(), runs)).toEqual([true, false, false]);
    });
  });
}

/** `laneWidth`: pausing, resuming, widening. */
export function laneWidthRules({ store }: StoreBed): void {
  describe("laneWidth", () => {
    it("of 0 takes the places of planned runs and leaves active ones", async () => {
      await register(store(), { laneWidth: 2 });
      const runs = await plan(store(), { count: 3 });
      await claim(store(), { limit: 1 });
      await change(store(), { laneWidth: 0 });
      expect(await admitted(store(), runs)).toEqual([true, false, false]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1, waitingRuns: 2 });
      expect(await claim(store())).toEqual([]);
    });

    it("of 0 admits nobody when the active run ends", async () => {
      await register(store());
      await plan(store(), { count: 2 });
      const claimed = await claimOne(store());
      await change(store(), { laneWidth: 0 });
      await end(store(), claimed, "SUCCEEDED");
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 0, waitingRuns: 1 });
    });

    it("given again admits the oldest", async () => {
      await register(store());
      const runs = await plan(store(), { count: 3 });
      await change(store(), { laneWidth: 0 });
      await change(store(), { laneWidth: 2 });
      expect(await admitted(store(), runs)).toEqual([true, true, false]);
      expect((await runOf(store(), runs[0]!.id)).wakeAt).toBe(AT_ONCE);
    });

    it("made smaller keeps the oldest planned runs, within what active ones leave", async () => {
      await register(store(), { laneWidth: 4 });
      const runs = await plan(store(), { count: 5 });
      await claim(store(), { limit: 1 });
      await change(store(), { laneWidth: 2 });
      expect(await admitted(store(), runs)).toEqual([true, true, false, false, false]);
    });

    it("made smaller than what is active takes nothing from it, and admits nobody until there is room", async () => {
      await register(store(), { laneWidth: 2 });
      const runs = await plan(store(), { count: 3 });
      const claimed = await claim(store());
      await change(store(), { laneWidth: 1 });
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 2, waitingRuns: 1 });
      await end(store(), claimed[0]!, "SUCCEEDED");
      expect(await admitted(store(), runs)).toEqual([false, true, false]);
      await end(store(), claimed[1]!, "SUCCEEDED");
      expect(await admitted(store(), runs)).toEqual([false, false, true]);
    });

    it("leaves a run between two attempts the time that it waits for, where it keeps its place", async () => {
      await register(store());
      await plan(store(), { count: 2 });
      const { run, token } = await claimOne(store());
      const wakeAt = LATER + 5_000;
      await store().changeRuns([{ id: run.id, from: ["SUBMITTING"], token, state: "PLANNED", wakeAt }]);
      await change(store(), { laneWidth: 1 });
      expect(await runOf(store(), run.id)).toMatchObject({ wakeAt });
      await change(store(), { laneWidth: 0 });
      expect(await runOf(store(), run.id)).toMatchObject({ wakeAt: null });
      await change(store(), { laneWidth: 1 });
      expect(await runOf(store(), run.id)).toMatchObject({ wakeAt: AT_ONCE });
    });

    it("admits nobody while a run blocks", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      await carryOut(store(), "FAILED", { isBlocking: true });
      await change(store(), { laneWidth: 0 });
      await change(store(), { laneWidth: 16 });
      expect(await admitted(store(), runs)).toEqual([false, false]);
    });

    it("does not hold runs beside the lane", async () => {
      await register(store(), { laneWidth: 0 });
      const manual = aRun({ ...minute(-1), kind: "MANUAL" });
      await store().insertRuns([manual]);
      await change(store(), { laneWidth: 0 });
      expect(idsOf(await claim(store()))).toEqual([manual.id]);
    });

    it("stays as it is through a change that does not say", async () => {
      await register(store(), { laneWidth: 2 });
      await change(store(), { status: "FAILED" });
      expect(await admitted(store(), await plan(store(), { count: 3 }))).toEqual([true, true, false]);
    });
  });
}

/** `cancelPlanned`. */
export function cancelPlannedRules({ store }: StoreBed): void {
  describe("cancelPlanned", () => {
    it("cancels what is planned, of all kinds, and leaves what is active or has ended", async () => {
      await register(store());
      const [done, active, waiting] = await plan(store(), { count: 3 });
      await carryOut(store(), "SUCCEEDED");
      await claimOne(store());
      const manual = aRun({ ...minute(-1), kind: "MANUAL" });
      await store().insertRuns([manual]);
      await change(store(), { cancelPlanned: "unregistered", updatedAt: LATER });
      const runs = await store().getRuns(idsOf([done!, active!, waiting!, manual]));
      expect(runs.map((run) => run?.state)).toEqual(["SUCCEEDED", "SUBMITTING", "CANCELLED", "CANCELLED"]);
      const cancelled = { reason: "unregistered", endedAt: LATER, wakeAt: null };
      expect(runs.slice(2)).toMatchObject([cancelled, cancelled]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1, waitingRuns: 0 });
    });

    it("cancels a run between two attempts", async () => {
      await register(store());
      await plan(store());
      const { run, token } = await claimOne(store());
      await store().changeRuns([{ id: run.id, from: ["SUBMITTING"], token, state: "PLANNED", wakeAt: LATER + 1 }]);
      await change(store(), { cancelPlanned: "unregistered", laneWidth: 0, status: "DELETING" });
      expect(await runOf(store(), run.id)).toMatchObject({ state: "CANCELLED", wakeAt: null });
      expect(await store().nextWake()).toBeUndefined();
    });
  });
}
