import type { Backfill } from "@tidegate/core";
import type { BackfillCommit, NewRun, ScheduleStore } from "@tidegate/core/store";
import { aBackfill, aRun, MINUTE, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  allRuns,
  carryOut,
  change,
  claim,
  claimOne,
  end,
  history,
  LATER,
  plan,
  register,
  runOf,
  scheduleOf,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

const BACKFILL = aBackfill();

/** Returns the run of the n-th minute, as a backfill plans it. */
const backfillRun = (n: number, generation = 0): NewRun =>
  aRun({ ...minute(n), kind: "BACKFILL", backfillId: BACKFILL.id, generation });

/** Returns the step that plans the next runs. */
function step(overrides: Partial<BackfillCommit> = {}): BackfillCommit {
  const runs = overrides.runs ?? [backfillRun(0), backfillRun(1)];
  return {
    id: BACKFILL.id,
    cursor: START,
    newCursor: START + 2 * MINUTE,
    state: "RUNNING",
    updatedAt: LATER,
    runs,
    ...overrides,
  };
}

async function begin(store: ScheduleStore): Promise<void> {
  await register(store);
  await store.insertBackfill(BACKFILL);
}

async function openRuns(store: ScheduleStore): Promise<number | undefined> {
  return (await store.getBackfill(BACKFILL.id))?.openRuns;
}

/** Tests `insertBackfill`, `getBackfill`, `listBackfills`. */
export function backfillRules({ store, second, supports }: StoreBed): void {
  describe("insertBackfill", () => {
    it("keeps all that it is given", async () => {
      await begin(store());
      expect(await store().getBackfill(BACKFILL.id)).toEqual(BACKFILL);
      expect(await store().getBackfill("nobody")).toBeUndefined();
    });

    it("refuses a group that has no schedule", async () => {
      await expect(store().insertBackfill(BACKFILL)).rejects.toMatchObject({ code: "STORE_FAILED" });
    });

    it("takes an id once, and leaves the first as it is", async () => {
      await register(store());
      expect(await store().insertBackfill(BACKFILL)).toBe(true);
      const second = aBackfill({ select: "failed", upper: BACKFILL.upper + MINUTE, createdAt: LATER });
      expect(await store().insertBackfill(second)).toBe(false);
      await register(store(), { spec: { groupId: "other" } });
      expect(await store().insertBackfill(aBackfill({ groupId: "other" }))).toBe(false);
      expect(await store().getBackfill(BACKFILL.id)).toEqual(BACKFILL);
      expect(await store().listBackfills({})).toHaveLength(1);
    });

    it("takes an id once of many who come at the same time", async () => {
      await register(store());
      const stores = supports.sharing ? [store(), await second()] : [store()];
      const many = Array.from({ length: 8 }, (_, index) => stores[index % stores.length]!);
      const taken = await Promise.all(many.map((each) => each.insertBackfill(BACKFILL)));
      expect(taken.filter((isTaken) => isTaken)).toHaveLength(1);
    });
  });

  describe("listBackfills", () => {
    async function listed(filter: {
      groupId?: string;
      states?: readonly Backfill["state"][];
    }): Promise<string[]> {
      return (await store().listBackfills(filter)).map(({ id }) => id);
    }

    it("lists the newest first, and what matches", async () => {
      for (const groupId of ["a", "b"]) await register(store(), { spec: { groupId } });
      await store().insertBackfill(aBackfill({ id: "1", groupId: "a", createdAt: START + 1 }));
      await store().insertBackfill(aBackfill({ id: "2", groupId: "b", createdAt: START + 2, state: "DONE" }));
      await store().insertBackfill(
        aBackfill({ id: "3", groupId: "a", createdAt: START + 3, state: "CANCELLED" }),
      );
      expect(await listed({})).toEqual(["3", "2", "1"]);
      expect(await listed({ groupId: "a" })).toEqual(["3", "1"]);
      expect(await listed({ states: ["RUNNING", "DONE"] })).toEqual(["2", "1"]);
      expect(await listed({ groupId: "a", states: ["DONE"] })).toEqual([]);
      expect(await listed({ groupId: "nobody" })).toEqual([]);
      expect(await listed({ states: [] })).toEqual([]);
    });
  });
}

/** Tests `planBackfill`. */
export function backfillStepRules({ store }: StoreBed): void {
  describe("planBackfill", () => {
    it("refuses runs that were made for the group's last ledger", async () => {
      await begin(store());
      const { incarnation } = await scheduleOf(store());
      await store().purgeSchedule("orders");
      await register(store(), { incarnation: "another" });
      await store().insertBackfill(BACKFILL);
      expect(await store().planBackfill(step({ incarnation }))).toBe(false);
      expect(await store().getBackfill(BACKFILL.id)).toEqual(BACKFILL);
      expect(await allRuns(store())).toEqual([]);
      expect(await store().planBackfill(step({ incarnation: "another" }))).toBe(true);
    });

    it("inserts runs beside the lane and moves the cursor in one step", async () => {
      await begin(store());
      const schedule = await scheduleOf(store());
      expect(await store().planBackfill(step())).toBe(true);
      expect(await store().getBackfill(BACKFILL.id)).toEqual({
        ...BACKFILL,
        cursor: START + 2 * MINUTE,
        plannedRuns: 2,
        openRuns: 2,
        updatedAt: LATER,
      });
      expect(await allRuns(store(), { backfillId: BACKFILL.id })).toMatchObject([
        { ...backfillRun(0), place: "ready", readyAt: backfillRun(0).plannedAt },
        { ...backfillRun(1), place: "ready", readyAt: backfillRun(1).plannedAt },
      ]);
      expect(await scheduleOf(store())).toEqual(schedule);
    });

    it("adds up over steps, and ends", async () => {
      await begin(store());
      await store().planBackfill(step());
      const second = step({ cursor: START + 2 * MINUTE, newCursor: BACKFILL.upper, runs: [backfillRun(2)] });
      expect(await store().planBackfill(second)).toBe(true);
      const last = step({ cursor: BACKFILL.upper, newCursor: BACKFILL.upper, state: "DONE", runs: [] });
      expect(await store().planBackfill(last)).toBe(true);
      expect(await store().getBackfill(BACKFILL.id)).toMatchObject({
        state: "DONE",
        plannedRuns: 3,
        openRuns: 3,
      });
    });

    it("refuses whoever saw another cursor, and does nothing", async () => {
      await begin(store());
      await store().planBackfill(step());
      const before = await store().getBackfill(BACKFILL.id);
      expect(await store().planBackfill(step({ runs: [backfillRun(7)] }))).toBe(false);
      expect(await store().getBackfill(BACKFILL.id)).toEqual(before);
      expect(await allRuns(store())).toHaveLength(2);
    });

    it("keeps why a backfill has failed", async () => {
      await begin(store());
      const reason = "Its next step was refused 8 times.";
      await store().planBackfill(step({ newCursor: START, state: "FAILED", reason, runs: [] }));
      expect(await store().getBackfill(BACKFILL.id)).toMatchObject({ state: "FAILED", reason });
      expect(await store().listBackfills({ states: ["FAILED"] })).toMatchObject([{ reason }]);
    });

    it.each(["DONE", "CANCELLED", "FAILED"] as const)("refuses a backfill that is %s", async (state) => {
      await begin(store());
      await store().planBackfill(step({ newCursor: START, state, runs: [] }));
      expect(await store().planBackfill(step())).toBe(false);
      expect(await allRuns(store())).toEqual([]);
    });

    it("refuses a backfill that is not there", async () => {
      expect(await store().planBackfill(step())).toBe(false);
    });

    it("refuses a step of which any run is there already, as a whole", async () => {
      await begin(store());
      await store().insertRuns([aRun({ ...minute(1), kind: "MANUAL" })]);
      expect(await store().planBackfill(step())).toBe(false);
      expect(await store().getBackfill(BACKFILL.id)).toEqual(BACKFILL);
      expect(await allRuns(store())).toHaveLength(1);
    });

    it("does nothing of a refused step's superseding either", async () => {
      await begin(store());
      const [failed] = await history(store(), ["FAILED"]);
      const refused = step({ runs: [backfillRun(0, 1), backfillRun(0, 1)] });
      expect(await store().planBackfill(refused)).toBe(false);
      expect(await runOf(store(), failed!.id)).toMatchObject({ isSuperseded: false });
    });

    it("supersedes what ended without success, and unblocks the lane", async () => {
      await begin(store());
      await plan(store(), { count: 2 });
      const { id } = await carryOut(store(), "FAILED", { isBlocking: true });
      await store().planBackfill(step({ runs: [backfillRun(0, 1)] }));
      expect(await runOf(store(), id)).toMatchObject({ isSuperseded: true, isBlocking: false });
      expect(await scheduleOf(store())).toMatchObject({ blockingRuns: 0, admittedRuns: 1 });
    });
  });
}

/** Tests the count of a backfill's runs that have not ended. */
export function openRunRules({ store }: StoreBed): void {
  describe("the open runs of a backfill", () => {
    it.each(["SUCCEEDED", "FAILED", "CANCELLED"] as const)(
      "are one less when one ends as %s",
      async (state) => {
        await begin(store());
        await store().planBackfill(step());
        const [first] = await claim(store());
        expect(await openRuns(store())).toBe(2);
        await end(store(), first!, state);
        expect(await store().getBackfill(BACKFILL.id)).toMatchObject({ openRuns: 1, plannedRuns: 2 });
      },
    );

    it("stay as many through another attempt, and are one more when one is retried", async () => {
      await begin(store());
      await store().planBackfill(step({ runs: [backfillRun(0)] }));
      const { run, token } = await claimOne(store());
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
      expect(await openRuns(store())).toBe(1);
      await carryOut(store(), "FAILED");
      expect(await openRuns(store())).toBe(0);
      await store().changeRuns([
        { id: run.id, from: ["FAILED"], state: "PLANNED", at: LATER, place: "ready", readyAt: LATER },
      ]);
      expect(await openRuns(store())).toBe(1);
    });

    it("are none when the schedule's planned runs are cancelled", async () => {
      await begin(store());
      await store().planBackfill(step());
      await change(store(), { cancelPlanned: "unregistered" });
      expect(await store().getBackfill(BACKFILL.id)).toMatchObject({ openRuns: 0, plannedRuns: 2 });
    });

    it("go on when the backfill is cancelled", async () => {
      await begin(store());
      await store().planBackfill(step());
      const cancel = step({
        cursor: START + 2 * MINUTE,
        newCursor: START + 2 * MINUTE,
        state: "CANCELLED",
        runs: [],
      });
      expect(await store().planBackfill(cancel)).toBe(true);
      await end(store(), (await claim(store()))[0]!, "SUCCEEDED");
      expect(await store().getBackfill(BACKFILL.id)).toMatchObject({ state: "CANCELLED", openRuns: 1 });
    });
  });
}

/** Tests that nothing of a backfill is started while its lane's width is 0. */
export function heldBackfillRules({ store, reopened, supports }: StoreBed): void {
  const places = async () => (await allRuns(store(), { kinds: ["BACKFILL"] })).map(({ place }) => place);
  const pause = () => change(store(), { status: "PAUSED", laneWidth: 0, updatedAt: LATER });
  const resume = () => change(store(), { status: "REGISTERED", laneWidth: 1, updatedAt: LATER + 1 });

  describe("the runs of a backfill, while the lane's width is 0,", () => {
    it("wait, and are ready from the write on that widens it", async () => {
      await begin(store());
      await store().planBackfill(step());
      await pause();
      expect(await places()).toEqual(["waiting", "waiting"]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 0, waitingRuns: 0 });
      expect(await runOf(store(), backfillRun(0).id)).toMatchObject({
        readyAt: null,
        wait: { reason: "lane", since: LATER },
      });
      expect(await claim(store())).toEqual([]);
      await resume();
      expect(await runOf(store(), backfillRun(0).id)).toMatchObject({
        place: "ready",
        readyAt: LATER + 1,
        wait: null,
      });
      expect(await claim(store(), { now: LATER + 1 })).toHaveLength(2);
    });

    it("wait between two attempts as well, and are retried from the write on that widens it", async () => {
      await begin(store());
      await store().planBackfill(step({ runs: [backfillRun(0)] }));
      const { run, token } = await claimOne(store());
      const again = { id: run.id, token, state: "PLANNED", at: LATER, place: "ready" } as const;
      await store().changeRuns([{ ...again, from: ["SUBMITTING"], readyAt: LATER + 500 }]);
      await pause();
      expect(await claim(store(), { now: LATER + 1_000 })).toEqual([]);
      await resume();
      expect((await claimOne(store(), { now: LATER + 1 })).run).toMatchObject({ id: run.id, attempt: 2 });
    });

    it("wait if they are retried, or planned by a step that began before", async () => {
      await begin(store());
      await store().planBackfill(step({ runs: [backfillRun(0)], newCursor: START + MINUTE }));
      const { id } = await carryOut(store(), "FAILED");
      await pause();
      await store().changeRuns([{ id, from: ["FAILED"], state: "PLANNED", at: LATER }]);
      await store().planBackfill(step({ cursor: START + MINUTE, runs: [backfillRun(1)] }));
      expect(await places()).toEqual(["waiting", "waiting"]);
      expect(await claim(store())).toEqual([]);
      expect(await openRuns(store())).toBe(2);
      await resume();
      expect(await places()).toEqual(["ready", "ready"]);
    });

    it("that are active end, and get the attempts that they ask for", async () => {
      await begin(store());
      await store().planBackfill(step({ runs: [backfillRun(0)] }));
      const { run, token } = await claimOne(store());
      await pause();
      expect(await places()).toEqual(["active"]);
      const again = { id: run.id, token, state: "PLANNED", at: LATER, place: "ready" } as const;
      await store().changeRuns([{ ...again, from: ["SUBMITTING"], readyAt: LATER }]);
      await carryOut(store(), "SUCCEEDED");
      expect(await openRuns(store())).toBe(0);
    });

    it("are cancelled with what else is planned, and do not hold back runs of the lane", async () => {
      await begin(store());
      await store().planBackfill(step());
      await pause();
      await resume();
      await pause();
      await change(store(), { cancelPlanned: "unregistered" });
      expect(await places()).toEqual(["none", "none"]);
      await resume();
      await plan(store(), { count: 2, run: { generation: 1 } });
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1, waitingRuns: 1 });
    });

    it("leave a run that a person has asked for alone", async () => {
      await begin(store());
      await store().insertRuns([aRun({ ...minute(7), kind: "MANUAL" })]);
      await pause();
      expect((await claimOne(store())).run).toMatchObject({ kind: "MANUAL" });
    });

    const inReopened = supports.reopen ? it : it.skip;
    inReopened("wait also if the store was closed meanwhile", async () => {
      await begin(store());
      await store().planBackfill(step());
      await pause();
      const next = await reopened();
      const expected = { version: 1, statuses: ["PAUSED"] } as const;
      const resumed = { groupId: "orders", expected, updatedAt: LATER, status: "REGISTERED" } as const;
      await next.changeSchedules([{ ...resumed, laneWidth: 1 }]);
      expect(await claim(next, { now: LATER })).toHaveLength(2);
    });
  });
}
