import type { EndEffect, PlanAnswer, PlanCommit, RunEnd, ScheduleStore } from "@tidegate/core/store";
import { aPlan, MINUTE, type NewScheduleOverrides, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  change,
  claim,
  claimOne,
  dueAtGates,
  end,
  ending,
  idsOf,
  LATER,
  LEASE,
  OPERATORS,
  plan,
  register,
  runOf,
  scheduleOf,
  settle,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Tests `planAndClaim`, which a store may lack. */
export function planAndClaimRules({ store, second, supports }: StoreBed): void {
  (supports.shortcuts ? describe : describe.skip)("planAndClaim", () => {
    it("leaves a run as a plan and a claim would", async () => {
      await register(store(), { spec: { groupId: "apart" } });
      await plan(store(), {}, "apart");
      const apart = await claimOne(store());
      await register(store());
      const [answer] = await planAndClaim(store(), [aPlan(await scheduleOf(store()))]);
      const { id } = runIn(answer);
      expect(answer).toEqual({
        run: { ...apart.run, id, groupId: "orders" },
        token: expect.any(Number),
        isRecovered: false,
      });
      expect(await runOf(store(), id)).toEqual(runIn(answer));
      expect(await scheduleOf(store())).toMatchObject({ watermark: START + MINUTE, admittedRuns: 1 });
      expect(await claim(store())).toEqual([]);
    });

    it("leaves a run with positions as a plan and a claim would, whether or not it is claimed at once", async () => {
      const positions = { incarnation: "first", epoch: 1 };
      const read = { ...positions, lower: { main: "0" }, upper: { main: "9007199254740993" } };
      const offsets = {
        ...positions,
        origin: { main: "0" },
        position: read.upper,
        latest: read.upper,
        lookedAt: START,
        rebase: null,
      };
      await register(store());
      const commit = aPlan(await scheduleOf(store()), { run: { offsets: read }, offsets });
      const [answer] = await planAndClaim(store(), [commit]);
      const { run } = typeof answer === "object" ? answer : await claimOne(store());
      expect(run).toMatchObject({ id: commit.runs[0]!.id, state: "SUBMITTING", attempt: 1, offsets: read });
      expect(await runOf(store(), run.id)).toEqual(run);
      expect(await scheduleOf(store())).toMatchObject({ offsets, admittedRuns: 1 });
      expect(await claim(store())).toEqual([]);
    });

    it("grants a lease like any other: it is fenced, lapses, and its run is recovered", async () => {
      await register(store());
      const [answer] = await planAndClaim(store(), [aPlan(await scheduleOf(store()))]);
      const [recovered] = await claim(store(), { owner: "second", now: LATER + LEASE + 1 });
      expect(recovered).toMatchObject({ run: { id: runIn(answer).id }, isRecovered: true });
      expect(await end(store(), claimedIn(answer), "SUCCEEDED")).toBe(false);
      expect(await end(store(), recovered!, "SUCCEEDED")).toBe(true);
    });

    it("claims no more than the limit; the others are ready", async () => {
      const groupIds = ["a", "b", "c"];
      const commits: PlanCommit[] = [];
      for (const groupId of groupIds) {
        await register(store(), { spec: { groupId } });
        commits.push(aPlan(await scheduleOf(store(), groupId)));
      }
      const answers = await planAndClaim(store(), commits, 2);
      expect(answers.filter((answer) => typeof answer === "object")).toHaveLength(2);
      expect(answers.filter((answer) => answer === "planned")).toHaveLength(1);
      expect(await claim(store())).toHaveLength(1);
    });

    const held: readonly (readonly [string, NewScheduleOverrides, number, string])[] = [
      ["whose lane is full", {}, 1, "waiting"],
      ["whose lane admits none", { laneWidth: 0 }, 0, "waiting"],
      ["that gates hold", { spec: { gates: { door: {} } } }, 0, "gated"],
    ];
    for (const [which, overrides, before, place] of held) {
      it(`only plans a run ${which}`, async () => {
        await register(store(), overrides);
        if (before > 0) await plan(store(), { count: before });
        const { spec, ...schedule } = await scheduleOf(store());
        const gating = spec.gates === undefined || Object.keys(spec.gates).length === 0 ? "none" : "in-turn";
        const commit = aPlan({ spec, ...schedule }, { run: { gating } });
        expect(await planAndClaim(store(), [commit])).toEqual(["planned"]);
        expect(await runOf(store(), commit.runs[0]!.id)).toMatchObject({ state: "PLANNED", place });
      });
    }

    it("leaves runs of other operators to managers that have them", async () => {
      await register(store());
      const commit = aPlan(await scheduleOf(store()), { run: { operator: "another" } });
      expect(await planAndClaim(store(), [commit])).toEqual(["planned"]);
      expect(await claim(store(), { operators: ["another"] })).toHaveLength(1);
    });

    it("refuses what a plan refuses", async () => {
      const schedule = await register(store());
      await plan(store());
      expect(await planAndClaim(store(), [aPlan(schedule)])).toEqual(["refused"]);
      await change(store(), { status: "PAUSED" });
      expect(await planAndClaim(store(), [aPlan(await scheduleOf(store()))])).toEqual(["refused"]);
    });

    it("makes several steps of one group in their order", async () => {
      const schedule = await register(store());
      const first = aPlan(schedule);
      const next = aPlan({ ...schedule, watermark: first.newWatermark });
      const [one, other] = await planAndClaim(store(), [first, next]);
      expect([runIn(one).id, other]).toEqual([first.runs[0]!.id, "planned"]);
      expect(await runOf(store(), next.runs[0]!.id)).toMatchObject({ place: "waiting" });
    });

    it("gives a step of two managers to one", async () => {
      const other = await second();
      await register(store());
      for (let turn = 0; turn < 10; turn += 1) {
        const commit = aPlan(await scheduleOf(store()));
        const answers = await Promise.all([planAndClaim(store(), [commit]), planAndClaim(other, [commit])]);
        const claimed = answers.flat().filter((answer) => typeof answer === "object");
        expect([claimed.length, answers.flat().filter((answer) => answer === "refused")]).toEqual([
          1,
          ["refused"],
        ]);
        expect(await end(store(), claimed[0]!, "SUCCEEDED")).toBe(true);
      }
    });
  });
}

/** Tests `endRuns`, which a store may lack. */
export function endRules({ store, supports }: StoreBed): void {
  (supports.shortcuts ? describe : describe.skip)("endRuns", () => {
    it("leaves a run as the same change would, and tells the state of its group", async () => {
      await register(store(), { spec: { groupId: "apart" } });
      await plan(store(), {}, "apart");
      const apart = await claimOne(store());
      await store().changeRuns([succeeding(apart).change]);
      await register(store());
      await plan(store());
      const claimed = await claimOne(store());
      const { version, watermark, nextFireAt } = await scheduleOf(store());
      expect(await endRuns(store(), [succeeding(claimed)])).toEqual([
        { mayAdmit: false, group: { version, watermark, nextFireAt, openRuns: 0, blockingRuns: 0 } },
      ]);
      const { id, groupId } = claimed.run;
      expect(await runOf(store(), id)).toEqual({ ...(await runOf(store(), apart.run.id)), id, groupId });
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 0, waitingRuns: 0 });
    });

    it("tells that the lane has admitted others", async () => {
      await register(store());
      const [, next] = await plan(store(), { count: 3 });
      const effects = await endRuns(store(), [succeeding(await claimOne(store()))]);
      expect(effects).toMatchObject([{ mayAdmit: true }]);
      expect(idsOf([await claimOne(store())])).toEqual([next!.id]);
    });

    it("ends each run that is as expected, though another of the batch is not", async () => {
      await register(store(), { laneWidth: 2 });
      await plan(store(), { count: 2 });
      const [one, other] = await claim(store());
      const outdated = { ...one!, token: one!.token - 1 };
      const effects = await endRuns(store(), [succeeding(outdated), succeeding(other!)]);
      expect(effects.map((effect) => effect !== undefined)).toEqual([false, true]);
      expect((await runOf(store(), one!.run.id)).state).toBe("SUBMITTING");
      expect((await runOf(store(), other!.run.id)).state).toBe("SUCCEEDED");
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1 });
    });

    it("ends a run once, whatever the batch", async () => {
      await register(store());
      await plan(store());
      const claimed = await claimOne(store());
      const effects = await endRuns(store(), [succeeding(claimed), succeeding(claimed)]);
      expect(effects.map((effect) => effect !== undefined)).toEqual([true, false]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 0 });
    });

    it("ends failures as well, which may block", async () => {
      await register(store());
      await plan(store(), { count: 2 });
      const { run, token } = await claimOne(store());
      const failing = ending({ run, token, isRecovered: false }, "FAILED", { isBlocking: true });
      expect(await endRuns(store(), [{ run, change: failing }])).toMatchObject([{}]);
      expect(await scheduleOf(store())).toMatchObject({ blockingRuns: 1, waitingRuns: 1 });
    });

    it("keeps what the end says of a snapshot", async () => {
      await register(store());
      const first = { cause: "first", note: "" } as const;
      const [planned] = await plan(store(), { run: { snapshot: first } });
      const { run, change } = succeeding(await claimOne(store()));
      const snapshot = { ...first, consistentFrom: LATER };
      expect(await endRuns(store(), [{ run, change: { ...change, snapshot } }])).toMatchObject([{}]);
      expect(await runOf(store(), planned!.id)).toMatchObject({ state: "SUCCEEDED", snapshot });
    });

    it("wakes the gated runs that wait for its group, and tells it", async () => {
      await register(store(), { spec: { groupId: "gated", gates: { door: {} } } });
      await plan(store(), { run: { gating: "in-turn" } }, "gated");
      const [gated] = await dueAtGates(store());
      await settle(store(), gated!, { lookAt: LATER + MINUTE, wokenBy: ["orders"] });
      await register(store());
      await plan(store());
      expect(await dueAtGates(store())).toEqual([]);
      expect(await endRuns(store(), [succeeding(await claimOne(store()))])).toMatchObject([
        { mayAdmit: true },
      ]);
      expect(await dueAtGates(store())).toMatchObject([{ run: { id: gated!.run.id } }]);
    });
  });
}

/** Returns the end of a claimed run, as a dispatcher writes it. */
export function succeeding({ run, token }: Pick<RunEnd, "run"> & { readonly token: number }): RunEnd {
  const job = {
    isJobOpen: false,
    startedAt: LATER,
    jobId: "j-1",
    jobAddress: null,
    metrics: null,
    error: null,
  };
  return { run, change: ending({ run, token, isRecovered: false }, "SUCCEEDED", job) };
}

function planAndClaim(
  store: ScheduleStore,
  commits: readonly PlanCommit[],
  limit = 100,
): Promise<PlanAnswer[]> {
  const request = { owner: "first", operators: OPERATORS, now: LATER, leaseUntil: LATER + LEASE, limit };
  return store.planAndClaim!(commits, request);
}

function endRuns(store: ScheduleStore, ends: readonly RunEnd[]): Promise<(EndEffect | undefined)[]> {
  return store.endRuns!(ends);
}

function claimedIn(answer: PlanAnswer | undefined): Extract<PlanAnswer, object> {
  if (typeof answer !== "object") throw new Error(`The run was not claimed: ${answer}.`);
  return answer;
}

function runIn(answer: PlanAnswer | undefined): RunEnd["run"] {
  return claimedIn(answer).run;
}
