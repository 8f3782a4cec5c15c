import { aRun } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  carryOut,
  change,
  claim,
  claimOne,
  end,
  idsOf,
  LATER,
  LEASE,
  nextWake,
  plan,
  register,
  runOf,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

const HELD = { isHeld: true, isCancelRequested: false };
const LOST = { isHeld: false, isCancelRequested: false };

/** Tests `renewLeases`. */
export function renewalRules({ store }: StoreBed): void {
  describe("renewLeases", () => {
    it("sets the end of a lease", async () => {
      await register(store());
      await plan(store());
      const { run, token } = await claimOne(store());
      expect(await store().renewLeases([{ id: run.id, token }], LATER + 3 * LEASE)).toEqual([HELD]);
      expect(await claim(store(), { now: LATER + 3 * LEASE - 1 })).toEqual([]);
      expect(await claim(store(), { now: LATER + 3 * LEASE })).toHaveLength(1);
    });

    it("sets it to an earlier instant as well, so that a run can be let go", async () => {
      await register(store());
      await plan(store());
      const { run, token } = await claimOne(store());
      expect(await store().renewLeases([{ id: run.id, token }], LATER)).toEqual([HELD]);
      expect(await nextWake(store())).toBe(LATER);
      expect(idsOf(await claim(store(), { owner: "second" }))).toEqual([run.id]);
    });

    it("sets it for the rest of the run, which goes on until then", async () => {
      await register(store());
      await plan(store());
      const { run, token } = await claimOne(store());
      await store().renewLeases([{ id: run.id, token }], LATER + 3 * LEASE);
      const running = { id: run.id, from: ["SUBMITTING"], token, state: "RUNNING", at: LATER } as const;
      expect(await store().changeRuns([running])).toEqual([true]);
      expect(await runOf(store(), run.id)).toMatchObject({ state: "RUNNING", leaseUntil: LATER + 3 * LEASE });
    });

    it("renews a lease that has ended and that nobody took over", async () => {
      await register(store());
      await plan(store());
      const { run, token } = await claimOne(store());
      expect(await store().renewLeases([{ id: run.id, token }], LATER + 9 * LEASE)).toEqual([HELD]);
      expect(await claim(store(), { now: LATER + 2 * LEASE })).toEqual([]);
    });

    it("answers in the order given, each by itself", async () => {
      await register(store(), { laneWidth: 2 });
      await plan(store(), { count: 2 });
      const [first, second] = await claim(store());
      const leases = [
        { id: second!.run.id, token: second!.token },
        { id: aRun({ groupId: "nobody" }).id, token: 1 },
        { id: first!.run.id, token: first!.token + 1 },
        { id: first!.run.id, token: first!.token },
      ];
      expect(await store().renewLeases(leases, LATER + 2 * LEASE)).toEqual([HELD, LOST, LOST, HELD]);
    });

    it("does not hold a run that has ended, or that waits for another attempt", async () => {
      await register(store(), { laneWidth: 2 });
      await plan(store(), { count: 2 });
      const [first, second] = await claim(store());
      await end(store(), first!, "SUCCEEDED");
      await store().changeRuns([
        {
          id: second!.run.id,
          from: ["SUBMITTING"],
          token: second!.token,
          state: "PLANNED",
          at: LATER,
          place: "ready",
          readyAt: LATER + 5,
        },
      ]);
      const leases = [first!, second!].map(({ run, token }) => ({ id: run.id, token }));
      expect(await store().renewLeases(leases, LATER + 9 * LEASE)).toEqual([LOST, LOST]);
      expect(await nextWake(store())).toBe(LATER + 5);
    });

    it("changes nothing else of the run", async () => {
      await register(store());
      await plan(store());
      const { run, token } = await claimOne(store());
      await store().renewLeases([{ id: run.id, token }], LATER + 5 * LEASE);
      expect(await runOf(store(), run.id)).toEqual({ ...run, leaseUntil: LATER + 5 * LEASE });
    });
  });
}

/** Tests `requestCancel`. */
export function cancelRequestRules({ store }: StoreBed): void {
  describe("requestCancel", () => {
    it("marks an active run and says why; its owner sees it when it renews", async () => {
      await register(store());
      await plan(store());
      const { run, token } = await claimOne(store());
      expect(await store().requestCancel([run.id], "cancelled")).toEqual([true]);
      const marked = { isCancelRequested: true, reason: "cancelled" };
      expect(await runOf(store(), run.id)).toEqual({ ...run, ...marked });
      expect(await store().cancelMarks([run.id])).toEqual([{ id: run.id, reason: "cancelled" }]);
      expect(await store().renewLeases([{ id: run.id, token }], LATER)).toEqual([
        { isHeld: true, isCancelRequested: true },
      ]);
    });

    it("is seen by who recovers the run", async () => {
      await register(store());
      await plan(store());
      const { run } = await claimOne(store());
      await store().requestCancel([run.id], "cancelled");
      const recovered = await claimOne(store(), { now: LATER + LEASE });
      expect(recovered.run).toMatchObject({ isCancelRequested: true, reason: "cancelled" });
    });

    it("stays while the run waits for another attempt, and goes when it ends", async () => {
      await register(store());
      await plan(store());
      const { run, token } = await claimOne(store());
      await store().requestCancel([run.id], "cancelled");
      await store().changeRuns([
        {
          id: run.id,
          from: ["SUBMITTING"],
          token,
          state: "PLANNED",
          at: LATER,
          place: "ready",
          readyAt: LATER,
        },
      ]);
      const again = await claimOne(store());
      expect(again.run).toMatchObject({ isCancelRequested: true, attempt: 2 });
      await end(store(), again, "CANCELLED");
      expect(await runOf(store(), run.id)).toMatchObject({ isCancelRequested: false, reason: "cancelled" });
    });

    it("refuses runs that are not active, each by itself", async () => {
      await register(store(), { laneWidth: 2 });
      await plan(store(), { count: 4 });
      const ended = (await claim(store(), { limit: 1 }))[0]!;
      await end(store(), ended, "FAILED");
      const [active] = await claim(store(), { limit: 1 });
      await change(store(), { laneWidth: 0 });
      const runs = await store().listRuns({ states: ["PLANNED"] }, {});
      const ids = [aRun({ groupId: "nobody" }).id, ended.run.id, active!.run.id, runs.items[0]!.id];
      expect(await store().requestCancel(ids, "cancelled")).toEqual([false, false, true, false]);
      expect(await runOf(store(), ended.run.id)).toMatchObject({ isCancelRequested: false, reason: null });
    });

    it("is told to who asks for it, of active runs alone", async () => {
      await register(store(), { laneWidth: 4 });
      await plan(store(), { count: 4 });
      const [marked, ended, waiting, unmarked] = await claim(store());
      const ids = [marked, ended, waiting].map((claimed) => claimed!.run.id);
      await store().requestCancel(ids, "overlap-cancelled");
      await end(store(), ended!, "CANCELLED");
      await store().changeRuns([
        {
          id: waiting!.run.id,
          from: ["SUBMITTING"],
          token: waiting!.token,
          state: "PLANNED",
          at: LATER,
          place: "ready",
          readyAt: LATER,
        },
      ]);
      const asked = [...ids, unmarked!.run.id, aRun({ groupId: "nobody" }).id];
      expect(await store().cancelMarks(asked)).toEqual([{ id: marked!.run.id, reason: "overlap-cancelled" }]);
      expect(await store().cancelMarks([])).toEqual([]);
    });

    it("does not hold up an end that comes first", async () => {
      await register(store());
      await plan(store());
      const claimed = await claimOne(store());
      await store().requestCancel([claimed.run.id], "cancelled");
      expect(await end(store(), claimed, "SUCCEEDED", { reason: null })).toBe(true);
      expect(await runOf(store(), claimed.run.id)).toMatchObject({ state: "SUCCEEDED", reason: null });
    });

    it("has no effect on the next run of the lane", async () => {
      await register(store());
      await plan(store(), { count: 2 });
      const claimed = await claimOne(store());
      await store().requestCancel([claimed.run.id], "cancelled");
      await end(store(), claimed, "CANCELLED");
      expect((await carryOut(store(), "SUCCEEDED")).isCancelRequested).toBe(false);
    });
  });
}
