import { aRun, minute } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  admitted,
  carryOut,
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

/** Tests `laneWidth`: pausing, resuming, widening. */
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
      await change(store(), { laneWidth: 2, updatedAt: LATER });
      expect(await admitted(store(), runs)).toEqual([true, true, false]);
      expect(await runOf(store(), runs[0]!.id)).toMatchObject({ place: "ready", readyAt: LATER, wait: null });
    });

    it("made smaller keeps the oldest planned runs, within what active ones leave", async () => {
      await register(store(), { laneWidth: 4 });
      const runs = await plan(store(), { count: 5 });
      await claim(store(), { limit: 1 });
      await change(store(), { laneWidth: 2 });
      expect(await admitted(store(), runs)).toEqual([true, true, false, false, false]);
    });

    it("made smaller keeps an old run that came back before younger ones", async () => {
      await register(store(), { laneWidth: 3 });
      const runs = await plan(store(), { count: 3 });
      const [first] = await claim(store(), { limit: 1 });
      await end(store(), first!, "FAILED");
      await store().changeRuns([{ id: first!.run.id, from: ["FAILED"], state: "PLANNED", at: LATER }]);
      await change(store(), { laneWidth: 1 });
      expect(await admitted(store(), runs)).toEqual([true, false, false]);
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
      const readyAt = LATER + 5_000;
      await store().changeRuns([
        { id: run.id, from: ["SUBMITTING"], token, state: "PLANNED", at: LATER, place: "ready", readyAt },
      ]);
      await store().insertRuns([aRun({ ...minute(-1), kind: "MANUAL" })]);
      await change(store(), { laneWidth: 1 });
      expect(await runOf(store(), run.id)).toMatchObject({ readyAt });
      await change(store(), { laneWidth: 0, updatedAt: LATER + 1 });
      const wait = { reason: "lane", since: LATER + 1 };
      expect(await runOf(store(), run.id)).toMatchObject({ place: "waiting", readyAt: null, wait });
      await change(store(), { laneWidth: 1, updatedAt: LATER + 2 });
      expect(await runOf(store(), run.id)).toMatchObject({ place: "ready", readyAt: LATER + 2 });
    });

    it("admits nobody while a run blocks", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      await carryOut(store(), "FAILED", { isBlocking: true });
      await change(store(), { laneWidth: 0 });
      await change(store(), { laneWidth: 16 });
      expect(await admitted(store(), runs)).toEqual([false, false]);
    });

    it("takes the places of planned runs where a run blocks, and gives them to nobody", async () => {
      await register(store(), { laneWidth: 2 });
      const runs = await plan(store(), { count: 3 });
      const [first] = await claim(store(), { limit: 1 });
      await end(store(), first!, "FAILED", { isBlocking: true });
      expect(await admitted(store(), runs)).toEqual([false, true, false]);
      await change(store(), { laneWidth: 2 });
      expect(await admitted(store(), runs)).toEqual([false, false, false]);
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

/** Tests `cancelPlanned`. */
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
      const cancelled = { reason: "unregistered", endedAt: LATER, place: "none", readyAt: null };
      expect(runs.slice(2)).toMatchObject([cancelled, cancelled]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1, waitingRuns: 0 });
    });

    it("cancels a run between two attempts", async () => {
      await register(store());
      await plan(store());
      const { run, token } = await claimOne(store());
      await store().changeRuns([
        {
          id: run.id,
          from: ["SUBMITTING"],
          token,
          state: "PLANNED",
          at: LATER,
          place: "ready",
          readyAt: LATER + 1,
        },
      ]);
      await change(store(), { cancelPlanned: "unregistered", laneWidth: 0, status: "DELETING" });
      expect(await runOf(store(), run.id)).toMatchObject({
        state: "CANCELLED",
        place: "none",
        readyAt: null,
      });
      expect(await nextWake(store())).toBeUndefined();
    });
  });
}
