import type { RunFilter } from "@tidegate/core/store";
import { aRun, minute } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  allRuns,
  carryOut,
  change,
  claim,
  claimOne,
  end,
  history,
  idsOf,
  LATER,
  LEASE,
  plan,
  register,
  runOf,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Tests `isJobOpen`: whether a job of a run may still be working. */
export function openJobRules({ store }: StoreBed): void {
  const isJobOpen = async (id: string): Promise<boolean> => (await runOf(store(), id)).isJobOpen;

  describe("isJobOpen", () => {
    it("is false until a run is claimed, and true from then on", async () => {
      await register(store());
      const [run] = await plan(store());
      expect(await isJobOpen(run!.id)).toBe(false);
      expect((await claimOne(store())).run.isJobOpen).toBe(true);
      expect(await isJobOpen(run!.id)).toBe(true);
    });

    it.each(["SUCCEEDED", "FAILED", "CANCELLED"] as const)("outlasts an end as %s", async (state) => {
      await register(store());
      await plan(store());
      expect(await carryOut(store(), state)).toMatchObject({ state, isJobOpen: true });
    });

    it("is set by a change that knows", async () => {
      await register(store());
      await plan(store());
      const { id } = await carryOut(store(), "FAILED", { isJobOpen: false });
      expect(await isJobOpen(id)).toBe(false);
      await store().changeRuns([{ id, from: ["FAILED"], state: "FAILED", at: LATER, isJobOpen: true }]);
      expect(await isJobOpen(id)).toBe(true);
    });

    it("stays through another attempt, and is true again from the next claim on", async () => {
      await register(store());
      await plan(store());
      const { run, token } = await claimOne(store());
      const again = {
        id: run.id,
        from: ["SUBMITTING"],
        token,
        state: "PLANNED",
        at: LATER,
        place: "ready",
        readyAt: LATER,
      } as const;
      await store().changeRuns([again]);
      expect(await isJobOpen(run.id)).toBe(true);
      const second = await claimOne(store());
      await store().changeRuns([{ ...again, token: second.token, isJobOpen: false }]);
      expect(await isJobOpen(run.id)).toBe(false);
      expect((await claimOne(store())).run.isJobOpen).toBe(true);
    });

    it("is true from a recovery on as well", async () => {
      await register(store());
      await plan(store());
      const { run, token } = await claimOne(store());
      await store().changeRuns([
        {
          id: run.id,
          from: ["SUBMITTING"],
          token,
          state: "SUBMITTING",
          at: LATER,
          isJobOpen: false,
        },
      ]);
      expect((await claimOne(store(), { now: LATER + LEASE })).run.isJobOpen).toBe(true);
    });

    it("is nothing that a later generation or the end of the schedule changes", async () => {
      await register(store());
      const [failed] = await history(store(), ["FAILED"]);
      await store().insertRuns([aRun({ kind: "MANUAL", generation: 1 })]);
      expect(await runOf(store(), failed!.id)).toMatchObject({ isSuperseded: true, isJobOpen: true });
      await change(store(), { cancelPlanned: "unregistered" });
      expect(await isJobOpen(failed!.id)).toBe(true);
    });
  });

  describe("listRuns by isJobOpen", () => {
    it("finds those runs, and only those, in the order of the ledger", async () => {
      for (const groupId of ["a", "b"]) {
        await register(store(), { spec: { groupId }, laneWidth: 3 });
        await plan(store(), { count: 4 }, groupId);
      }
      const [first, second] = await claim(store(), { limit: 4 });
      await end(store(), first!, "SUCCEEDED", { isJobOpen: false });
      await end(store(), second!, "FAILED");
      const all = await allRuns(store());
      const filters: RunFilter[] = [
        {},
        { groupId: "a" },
        { groupId: "b", within: minute(1) },
        { states: ["FAILED"] },
        { order: "descending" },
      ];
      for (const filter of filters) {
        for (const isOpen of [true, false]) {
          const found = await allRuns(store(), { ...filter, isJobOpen: isOpen });
          const expected = (await allRuns(store(), filter)).filter((run) => run.isJobOpen === isOpen);
          expect(idsOf(found)).toEqual(idsOf(expected));
        }
      }
      expect(all.filter((run) => run.isJobOpen)).toHaveLength(3);
    });
  });
}
