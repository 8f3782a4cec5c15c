import { aNewSchedule, aRun, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  carryOut,
  claim,
  claimOne,
  end,
  idsOf,
  LATER,
  LEASE,
  nextWake,
  OPERATORS,
  plan,
  register,
  runOf,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** The change with which the holder of a run records the success of a job that counts nothing. */
const SUCCESS = {
  isJobOpen: false,
  startedAt: LATER,
  jobId: "j-1",
  jobAddress: null,
  metrics: null,
  error: null,
} as const;

/** Tests `claim` of planned runs. */
export function claimRules({ store }: StoreBed): void {
  describe("claim", () => {
    it("makes a planned run SUBMITTING, with one more attempt and a lease", async () => {
      await register(store());
      const [planned] = await plan(store());
      const before = await runOf(store(), planned!.id);
      const [claimed] = await store().claim({
        owner: "first",
        operators: OPERATORS,
        now: LATER,
        leaseUntil: LATER + LEASE,
        limit: 10,
      });
      const after = {
        ...before,
        state: "SUBMITTING",
        attempt: 1,
        submittedAt: LATER,
        place: "active",
        readyAt: null,
        leaseUntil: LATER + LEASE,
        isJobOpen: true,
      };
      expect(claimed).toEqual({ run: after, token: expect.any(Number), isRecovered: false });
      expect(await runOf(store(), planned!.id)).toEqual(after);
    });

    it("tells the whole of a run that was attempted before", async () => {
      await register(store());
      await plan(store(), { run: { reason: "catchup-coalesced", intervals: 3 } });
      const { run, token } = await claimOne(store());
      const error = { code: "JOB_FAILED", message: "no" };
      const attemptRecord = { attempt: 1, submittedAt: LATER, endedAt: LATER, jobId: "j-1", error };
      await store().changeRuns([
        {
          id: run.id,
          from: ["SUBMITTING"],
          token,
          state: "PLANNED",
          at: LATER,
          place: "ready",
          readyAt: LATER,
          error,
          attemptRecord,
        },
      ]);
      const again = await claimOne(store());
      expect(again.run).toEqual(await runOf(store(), run.id));
      expect(again.run).toMatchObject({
        attempt: 2,
        history: [attemptRecord],
        error,
        reason: "catchup-coalesced",
      });
    });

    it("tells the error of a run that failed before it was ever claimed, and its success leaves none", async () => {
      await register(store());
      const [planned] = await plan(store());
      const { id } = planned!;
      const error = { code: "GATE_EXPIRED", message: "not ready in time" };
      await store().changeRuns([
        { id, from: ["PLANNED"], state: "FAILED", at: LATER, endedAt: LATER, error },
        { id, from: ["FAILED"], state: "PLANNED", at: LATER, endedAt: null },
      ]);
      const claimed = await claimOne(store());
      expect(claimed.run).toEqual(await runOf(store(), id));
      expect(claimed.run.error).toEqual(error);
      expect(await end(store(), claimed, "SUCCEEDED", SUCCESS)).toBe(true);
      expect(await runOf(store(), id)).toMatchObject({ state: "SUCCEEDED", error: null, jobId: "j-1" });
    });

    it("is followed by a success, which leaves nothing of it but the attempt and its job", async () => {
      await register(store());
      await plan(store(), { run: { reason: "catchup-coalesced", intervals: 3 } });
      const claimed = await claimOne(store());
      await store().requestCancel([claimed.run.id], "cancelled");
      expect(await end(store(), claimed, "SUCCEEDED", { ...SUCCESS, reason: null })).toBe(true);
      expect(await runOf(store(), claimed.run.id)).toEqual({
        ...claimed.run,
        ...SUCCESS,
        state: "SUCCEEDED",
        reason: null,
        place: "none",
        leaseUntil: null,
        endedAt: LATER,
      });
    });

    it("keeps the reason of a run that succeeds", async () => {
      await register(store());
      await plan(store(), { run: { reason: "catchup-coalesced", intervals: 3 } });
      const claimed = await claimOne(store());
      expect(await end(store(), claimed, "SUCCEEDED", SUCCESS)).toBe(true);
      expect(await end(store(), claimed, "SUCCEEDED", SUCCESS)).toBe(false);
      expect(await runOf(store(), claimed.run.id)).toEqual({
        ...claimed.run,
        ...SUCCESS,
        state: "SUCCEEDED",
        place: "none",
        leaseUntil: null,
        endedAt: LATER,
      });
    });

    it("brings the earliest first, at most as many as asked for", async () => {
      await register(store(), { laneWidth: 16 });
      const runs = await plan(store(), { count: 5, plannedAt: START });
      expect(idsOf(await claim(store(), { limit: 2 }))).toEqual(idsOf(runs.slice(0, 2)));
      expect(idsOf(await claim(store(), { limit: 2 }))).toEqual(idsOf(runs.slice(2, 4)));
      expect(idsOf(await claim(store()))).toEqual(idsOf(runs.slice(4)));
      expect(await claim(store())).toEqual([]);
    });

    it("brings retries in the order in which they are due", async () => {
      await register(store(), { laneWidth: 3 });
      const runs = await plan(store(), { count: 3 });
      const times = [LATER - 10, LATER - 20, LATER - 30];
      for (const [index, { run, token }] of (await claim(store(), { now: 1, leaseUntil: 2 })).entries()) {
        const readyAt = times[index]!;
        await store().changeRuns([
          { id: run.id, from: ["SUBMITTING"], token, state: "PLANNED", at: LATER, place: "ready", readyAt },
        ]);
      }
      expect(idsOf(await claim(store()))).toEqual(idsOf(runs.toReversed()));
    });

    it("does not bring a run before its time", async () => {
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
          readyAt: LATER + 100,
        },
      ]);
      expect(await claim(store(), { now: LATER + 99 })).toEqual([]);
      expect(idsOf(await claim(store(), { now: LATER + 100 }))).toEqual([run.id]);
    });

    it("brings a run that may be claimed at once whatever the clock says", async () => {
      await register(store());
      await plan(store());
      expect(await claim(store(), { now: 0 })).toHaveLength(1);
    });

    it("brings no run that waits, has ended or blocks", async () => {
      await register(store());
      await plan(store(), { count: 3 });
      await carryOut(store(), "SUCCEEDED");
      await carryOut(store(), "FAILED", { isBlocking: true });
      expect(await claim(store())).toEqual([]);
    });

    it("brings each run once, also under a lease that ends at once", async () => {
      await register(store(), { laneWidth: 2 });
      const runs = await plan(store(), { count: 2 });
      expect(idsOf(await claim(store(), { leaseUntil: LATER - 1 }))).toEqual(idsOf(runs));
    });

    it("brings the runs of all groups and kinds", async () => {
      await store().insertSchedules(["a", "b"].map((groupId) => aNewSchedule({ spec: { groupId } })));
      const [a] = await plan(store(), {}, "a");
      const [b] = await plan(store(), { count: 2 }, "b");
      const manual = aRun({ groupId: "b", ...minute(5), kind: "MANUAL" });
      await store().insertRuns([manual]);
      expect(new Set(idsOf(await claim(store())))).toEqual(new Set(idsOf([a!, b!, manual])));
    });

    it("never brings the same run to two who ask at once", async () => {
      await register(store(), { laneWidth: 100 });
      const runs = await plan(store(), { count: 100 });
      const owners = ["first", "second", "third", "fourth"];
      const claims = await Promise.all(owners.map((owner) => claim(store(), { owner, limit: 30 })));
      const ids = claims.flatMap(idsOf);
      expect(new Set(ids).size).toBe(ids.length);
      expect(new Set(ids)).toEqual(new Set(idsOf(runs)));
    });
  });
}

/** Tests `claim` of active runs whose lease has ended. */
export function recoveryRules({ store }: StoreBed): void {
  describe("recovery", () => {
    it("brings an active run whose lease has ended as it was found", async () => {
      await register(store());
      await plan(store());
      const { run, token } = await claimOne(store());
      await store().changeRuns([
        {
          id: run.id,
          from: ["SUBMITTING"],
          token,
          state: "RUNNING",
          at: LATER + 1,
          startedAt: LATER + 1,
          jobId: "j-1",
        },
      ]);
      const before = await runOf(store(), run.id);
      const now = LATER + LEASE;
      expect(await claim(store(), { owner: "second", now: now - 1 })).toEqual([]);
      const recovered = await claimOne(store(), { owner: "second", now });
      expect(recovered).toMatchObject({ isRecovered: true, run: { ...before, leaseUntil: now + LEASE } });
      expect(recovered.token).toBeGreaterThan(token);
      expect(await runOf(store(), run.id)).toEqual(recovered.run);
    });

    it("brings one that was never seen RUNNING as well", async () => {
      await register(store());
      await plan(store());
      await claimOne(store());
      const recovered = await claimOne(store(), { now: LATER + LEASE });
      expect(recovered).toMatchObject({ isRecovered: true, run: { state: "SUBMITTING", attempt: 1 } });
      expect(recovered.run.submittedAt).toBe(LATER);
    });

    it("shuts the one who held it before out", async () => {
      await register(store());
      await plan(store());
      const stale = await claimOne(store());
      const fresh = await claimOne(store(), { owner: "second", now: LATER + LEASE });
      expect(await end(store(), stale, "SUCCEEDED")).toBe(false);
      expect(await store().renewLeases([{ id: stale.run.id, token: stale.token }], LATER)).toEqual([
        { isHeld: false, isCancelRequested: false },
      ]);
      expect(await end(store(), fresh, "SUCCEEDED")).toBe(true);
    });

    it("gives greater tokens claim after claim", async () => {
      await register(store());
      await plan(store());
      const tokens: number[] = [];
      for (let turn = 0; turn < 5; turn += 1) {
        tokens.push((await claimOne(store(), { now: LATER + turn * LEASE })).token);
      }
      expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
    });

    it("gives a retried run a greater token too", async () => {
      await register(store());
      await plan(store());
      const first = await claimOne(store());
      await end(store(), first, "FAILED");
      await store().changeRuns([{ id: first.run.id, from: ["FAILED"], state: "PLANNED", at: LATER }]);
      expect((await claimOne(store())).token).toBeGreaterThan(first.token);
      expect(await end(store(), first, "SUCCEEDED")).toBe(false);
    });
  });
}

/** Tests `nextWake`. */
export function nextWakeRules({ store }: StoreBed): void {
  describe("nextWake", () => {
    it("is undefined when nothing waits", async () => {
      expect(await nextWake(store())).toBeUndefined();
      await register(store(), { laneWidth: 0 });
      await plan(store());
      expect(await nextWake(store())).toBeUndefined();
    });

    it("is the earliest of what may be claimed and of what is leased", async () => {
      await register(store(), { laneWidth: 2 });
      await plan(store(), { count: 2 });
      expect(await nextWake(store(), LATER)).toBe(LATER);
      const [first] = await claim(store(), { leaseUntil: LATER + 50, limit: 1 });
      const [second] = await claim(store(), { leaseUntil: LATER + 20, limit: 1 });
      expect(await nextWake(store())).toBe(LATER + 20);
      await end(store(), second!, "SUCCEEDED");
      expect(await nextWake(store())).toBe(LATER + 50);
      await end(store(), first!, "SUCCEEDED");
      expect(await nextWake(store())).toBeUndefined();
    });
  });
}
