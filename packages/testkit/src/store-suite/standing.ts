import type { NewRun, ScheduleStore } from "@tidegate/core/store";
import { aBackfill, aRun, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  allRuns,
  change,
  claim,
  end,
  LATER,
  plan,
  register,
  retry,
  runOf,
  scheduleOf,
  stepOf,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

const BACKFILL = aBackfill();

const EXCLUSIVE = { isExclusive: true };

/** Returns a run beside the lane, over some minutes. */
const beside = (from: number, to: number, overrides: Partial<NewRun> = {}): NewRun =>
  aRun({ kind: "MANUAL", lower: minute(from).lower, upper: minute(to).lower, ...overrides });

async function giveUp(store: ScheduleStore, id: string): Promise<void> {
  await store.changeRuns([{ id, from: ["PLANNED"], state: "CANCELLED", at: LATER, reason: "cancelled" }]);
}

/** Creates a cancelled run of the first three minutes. */
async function withCancelled(store: ScheduleStore): Promise<NewRun> {
  await register(store, { laneWidth: 0 });
  const merged = { upper: minute(3).lower, intervals: 3 };
  const [run] = await plan(store, { run: merged, newWatermark: minute(3).lower });
  await giveUp(store, run!.id);
  return run!;
}

/** Inserts a run beside the lane and ends it with the given state. */
async function ended(
  store: ScheduleStore,
  run: NewRun,
  state: "SUCCEEDED" | "FAILED" | "CANCELLED",
): Promise<void> {
  await store.insertRuns([run]);
  const claimed = (await claim(store)).find((each) => each.run.id === run.id);
  await end(store, claimed!, state);
}

/** Tests which ended runs `changeRuns` revives. */
export function revivalRules({ store }: StoreBed): void {
  describe("changeRuns revives a run that has ended", () => {
    it("if no other run stands for any of its time", async () => {
      const run = await withCancelled(store());
      await ended(store(), beside(1, 2), "CANCELLED");
      await store().insertRuns([beside(3, 4)]);
      expect(await store().changeRuns([retry(run.id)])).toEqual([true]);
      expect(await runOf(store(), run.id)).toMatchObject({ state: "PLANNED", reason: null });
    });

    it.each(["SUCCEEDED", "FAILED"] as const)("but not over a part that has %s", async (state) => {
      const run = await withCancelled(store());
      await ended(store(), beside(1, 2), state);
      expect(await store().changeRuns([retry(run.id)])).toEqual([false]);
      expect(await runOf(store(), run.id)).toMatchObject({ state: "CANCELLED", reason: "cancelled" });
    });

    it("but not over a part that is planned or active, nor over a longer run", async () => {
      const run = await withCancelled(store());
      await store().insertRuns([beside(2, 3)]);
      expect(await store().changeRuns([retry(run.id)])).toEqual([false]);
      await claim(store());
      expect(await store().changeRuns([retry(run.id)])).toEqual([false]);
      await store().insertRuns([beside(-2, 1), beside(1, 2)]);
      await giveUp(store(), beside(1, 2).id);
      await ended(store(), beside(-9, -2), "SUCCEEDED");
      expect(await store().changeRuns([retry(beside(1, 2).id)])).toEqual([true]);
    });

    it("but not if it is superseded", async () => {
      const run = await withCancelled(store());
      await ended(store(), beside(0, 3, { generation: 1 }), "CANCELLED");
      expect(await runOf(store(), run.id)).toMatchObject({ isSuperseded: true });
      expect(await store().changeRuns([retry(run.id)])).toEqual([false]);
    });

    it("over another generation of its interval", async () => {
      await register(store());
      const [run] = await plan(store());
      await end(store(), (await claim(store()))[0]!, "SUCCEEDED");
      const again = beside(0, 1, { generation: 1 });
      await ended(store(), again, "FAILED");
      expect(await runOf(store(), run!.id)).toMatchObject({ isSuperseded: false });
      expect(await store().changeRuns([retry(again.id)])).toEqual([true]);
    });

    it("by the version that the change names", async () => {
      const run = await withCancelled(store());
      await store().changeRuns([{ ...retry(run.id), scheduleVersion: 7 }]);
      expect(await runOf(store(), run.id)).toMatchObject({ scheduleVersion: 7 });
    });

    it("one of two that have time in common, also if both are asked for at once", async () => {
      const whole = await withCancelled(store());
      const part = beside(1, 2);
      await ended(store(), part, "CANCELLED");
      expect(await store().changeRuns([retry(part.id), retry(whole.id)])).toEqual([true, false]);
    });
  });
}

/** Tests which runs `insertRuns` and `planBackfill` accept beside the lane. */
export function besideRules({ store }: StoreBed): void {
  describe("insertRuns, if exclusive, refuses a run", () => {
    it("over one that has not ended, whatever its bounds", async () => {
      await register(store());
      await plan(store(), { count: 2 });
      for (const run of [beside(0, 1, { generation: 1 }), beside(0, 2), beside(1, 2, { generation: 1 })])
        expect(await store().insertRuns([run], EXCLUSIVE)).toEqual([false]);
      expect(await allRuns(store())).toHaveLength(2);
    });

    it("over one of other bounds that has succeeded or failed", async () => {
      await register(store());
      for (const state of ["SUCCEEDED", "FAILED"] as const) {
        await plan(store());
        await end(store(), (await claim(store()))[0]!, state);
      }
      expect(await store().insertRuns([beside(0, 2), beside(1, 3), beside(-1, 1)], EXCLUSIVE)).toEqual([
        false,
        false,
        false,
      ]);
      expect(await store().insertRuns([beside(0, 1, { generation: 1 })], EXCLUSIVE)).toEqual([true]);
    });

    it("but not over an empty one, which stands for no time", async () => {
      await register(store());
      const { lower } = minute(1);
      await plan(store());
      await plan(store(), { run: { lower, upper: lower, state: "SUCCEEDED" }, newWatermark: lower });
      await giveUp(store(), (await allRuns(store()))[0]!.id);
      expect(await store().insertRuns([beside(0, 2)], EXCLUSIVE)).toEqual([true]);
    });

    it("unless what it lies over was given up", async () => {
      await withCancelled(store());
      expect(await store().insertRuns([beside(0, 1), beside(2, 3), beside(1, 2)], EXCLUSIVE)).toEqual([
        true,
        true,
        true,
      ]);
    });
  });

  describe("planBackfill refuses a step", () => {
    const step = (runs: readonly NewRun[]) => stepOf(BACKFILL, runs);

    it("as a whole if one of its runs lies over one that stands", async () => {
      await withCancelled(store());
      await store().insertBackfill(BACKFILL);
      await ended(store(), beside(1, 2), "SUCCEEDED");
      expect(await store().planBackfill(step([beside(0, 1), beside(1, 3)]))).toBe(false);
      expect(await allRuns(store())).toHaveLength(2);
      expect(await store().planBackfill(step([beside(0, 1), beside(1, 2, { generation: 1 })]))).toBe(true);
    });

    it("of which two have time in common", async () => {
      await withCancelled(store());
      await store().insertBackfill(BACKFILL);
      expect(await store().planBackfill(step([beside(0, 2), beside(1, 3)]))).toBe(false);
      expect(await store().getBackfill(BACKFILL.id)).toEqual(BACKFILL);
    });
  });
}

/** Tests what `changeSchedules` does to planned runs, and to those that an earlier change has cancelled. */
export function plannedVersionRules({ store }: StoreBed): void {
  const next = async () => ({ spec: (await scheduleOf(store())).spec, tzdata: "2026a" });

  describe("adoptsPlanned", () => {
    it("gives what is planned the new version, of all kinds, and nothing else", async () => {
      await register(store());
      const [first, second] = await plan(store(), { count: 2 });
      await end(store(), (await claim(store()))[0]!, "FAILED");
      await store().insertRuns([beside(-1, 0)]);
      await claim(store(), { limit: 1 });
      const active = (await allRuns(store(), { states: ["SUBMITTING"] })).map(({ id }) => id);
      await change(store(), { spec: await next(), adoptsPlanned: true });
      for (const run of await allRuns(store())) {
        const isPlanned = run.id !== first!.id && !active.includes(run.id);
        expect(run.scheduleVersion).toBe(isPlanned ? 2 : 1);
      }
      expect([first!.id, ...active]).not.toContain(
        active.includes(second!.id) ? beside(-1, 0).id : second!.id,
      );
    });

    it("is not done unless asked for", async () => {
      await register(store());
      const [run] = await plan(store());
      await change(store(), { spec: await next() });
      expect(await runOf(store(), run!.id)).toMatchObject({ scheduleVersion: 1 });
    });
  });

  describe("revivesCancelled", () => {
    async function unregistered(): Promise<readonly NewRun[]> {
      await register(store());
      const runs = await plan(store(), { count: 4 });
      await giveUp(store(), runs[3]!.id);
      await change(store(), { status: "DELETED", cancelPlanned: "unregistered", laneWidth: 0 });
      return runs;
    }

    const states = async () => (await allRuns(store())).map(({ state }) => state);

    it("plans again what was cancelled for this reason, in its lane, by the new version", async () => {
      const runs = await unregistered();
      expect(await states()).toEqual(["CANCELLED", "CANCELLED", "CANCELLED", "CANCELLED"]);
      const revivesCancelled = { reason: "unregistered", from: START } as const;
      await change(store(), { status: "REGISTERED", spec: await next(), revivesCancelled, laneWidth: 1 });
      expect(await states()).toEqual(["PLANNED", "PLANNED", "PLANNED", "CANCELLED"]);
      expect(await runOf(store(), runs[0]!.id)).toMatchObject({
        attempt: 0,
        reason: null,
        endedAt: null,
        scheduleVersion: 2,
      });
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1, waitingRuns: 2 });
      const [claimed] = await claim(store());
      expect(claimed?.run.id).toBe(runs[0]!.id);
    });

    it("leaves live runs that begin before an instant, and what another run stands for by now", async () => {
      await unregistered();
      await ended(store(), beside(1, 2, { generation: 1 }), "SUCCEEDED");
      const revivesCancelled = { reason: "unregistered", from: minute(1).lower } as const;
      await change(store(), { status: "REGISTERED", revivesCancelled, laneWidth: 1 });
      expect((await allRuns(store(), { states: ["PLANNED"] })).map(({ lower }) => lower)).toEqual([
        minute(2).lower,
      ]);
    });

    it("plans the runs of a backfill again as well, which are its open ones", async () => {
      await register(store());
      await plan(store(), { count: 0, newWatermark: minute(9).lower });
      await store().insertBackfill(BACKFILL);
      const run = { ...beside(0, 1), kind: "BACKFILL" as const, backfillId: BACKFILL.id };
      const { id, cursor, upper } = BACKFILL;
      await store().planBackfill({
        id,
        cursor,
        newCursor: upper,
        state: "RUNNING",
        updatedAt: LATER,
        runs: [run],
      });
      await change(store(), { status: "DELETED", cancelPlanned: "unregistered" });
      expect(await store().getBackfill(id)).toMatchObject({ openRuns: 0 });
      await change(store(), {
        status: "REGISTERED",
        revivesCancelled: { reason: "unregistered", from: minute(9).lower },
      });
      expect(await store().getBackfill(id)).toMatchObject({ openRuns: 1, plannedRuns: 1 });
      expect((await claim(store())).map((claimed) => claimed.run.id)).toEqual([run.id]);
    });
  });
}
