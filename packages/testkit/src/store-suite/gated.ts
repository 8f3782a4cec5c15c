import { describe, expect, it } from "@jest/globals";
import type { Run, RunWait } from "@tidegate/core";
import { minute } from "../builders.js";
import {
  admitted,
  carryOut,
  change,
  claim,
  claimOne,
  end,
  LATER,
  nextWake,
  plan,
  register,
  runOf,
  scheduleOf,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

const WAIT: RunWait = { reason: 'waits for "größe"', since: LATER, missing: [minute(3), minute(7)] };

/** Tests the place `gated`: admitted, and held by a gate. */
export function gatedRules({ store, reopened, supports }: StoreBed): void {
  const gate = async (id: string, wait: RunWait | null = WAIT): Promise<Run> => {
    const held = { id, from: ["PLANNED"], state: "PLANNED", at: LATER, place: "gated", wait } as const;
    expect(await store().changeRuns([held])).toEqual([true]);
    return runOf(store(), id);
  };

  describe("a gated run", () => {
    it("keeps its place in the lane, and says what it waits for", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      const held = { state: "PLANNED", place: "gated", readyAt: null, leaseUntil: null, wait: WAIT };
      expect(await gate(runs[0]!.id)).toMatchObject(held);
      expect(await admitted(store(), runs)).toEqual([true, false]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1, waitingRuns: 1 });
      expect((await gate(runs[0]!.id, null)).wait).toBeNull();
    });

    it("is not claimed until it is ready", async () => {
      await register(store());
      const [run] = await plan(store());
      await gate(run!.id);
      expect(await nextWake(store())).toBeUndefined();
      expect(await claim(store())).toEqual([]);
      const open = {
        id: run!.id,
        from: ["PLANNED"],
        state: "PLANNED",
        at: LATER + 1,
        place: "ready",
      } as const;
      await store().changeRuns([open]);
      expect(await runOf(store(), run!.id)).toMatchObject({ place: "ready", readyAt: LATER + 1, wait: null });
      expect((await claimOne(store())).run).toMatchObject({ id: run!.id, place: "active", wait: null });
    });

    it("gives its place up to older ones when the lane is narrowed, and is cancelled as all that are planned", async () => {
      await register(store(), { laneWidth: 2 });
      const runs = await plan(store(), { count: 2 });
      await gate(runs[0]!.id);
      await gate(runs[1]!.id);
      await change(store(), { laneWidth: 1 });
      expect(await runOf(store(), runs[0]!.id)).toMatchObject({ place: "gated", wait: WAIT });
      expect(await runOf(store(), runs[1]!.id)).toMatchObject({ place: "waiting", wait: { reason: "lane" } });
      await change(store(), { cancelPlanned: "unregistered" });
      expect(await runOf(store(), runs[0]!.id)).toMatchObject({
        state: "CANCELLED",
        place: "none",
        wait: null,
      });
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 0, waitingRuns: 0 });
    });

    it("lets the next one in when it is cancelled", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      await gate(runs[0]!.id);
      await store().changeRuns([{ id: runs[0]!.id, from: ["PLANNED"], state: "CANCELLED", at: LATER }]);
      expect((await carryOut(store(), "SUCCEEDED")).id).toBe(runs[1]!.id);
    });

    it("may be one of a backfill, or one that comes back from an attempt", async () => {
      await register(store());
      await plan(store());
      const claimed = await claimOne(store());
      const { run, token } = claimed;
      const back = { id: run.id, from: ["SUBMITTING"], token, state: "PLANNED", at: LATER } as const;
      await store().changeRuns([{ ...back, place: "gated", wait: WAIT }]);
      expect(await runOf(store(), run.id)).toMatchObject({ place: "gated", wait: WAIT, leaseUntil: null });
      expect(await end(store(), claimed, "SUCCEEDED")).toBe(false);
    });

    (supports.reopen ? it : it.skip)("is gated when the store is opened again", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      await gate(runs[0]!.id);
      const next = await reopened();
      expect(await runOf(next, runs[0]!.id)).toMatchObject({ place: "gated", wait: WAIT });
      expect(await scheduleOf(next)).toMatchObject({ admittedRuns: 1, waitingRuns: 1 });
      await change(next, { laneWidth: 2 });
      expect((await claimOne(next)).run.id).toBe(runs[1]!.id);
    });
  });
}
