import type { NewRun, PlanCommit, RunChange, ScheduleStore } from "@tidegate/core/store";
import { aPlan, aRun, minute, type PlanOverrides } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  admitted,
  allRuns,
  change,
  claim,
  claimOne,
  end,
  history,
  idsOf,
  LATER,
  pagesOf,
  plan,
  register,
  runOf,
  scheduleOf,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** The change by which the overlap policy cancels a planned run. */
const overlapCancelled = (id: string): RunChange => ({
  id,
  from: ["PLANNED"],
  state: "CANCELLED",
  reason: "overlap-cancelled",
  at: LATER,
  endedAt: LATER,
});

/** Plans minutes and cancels them, newest first, as the overlap policy does. */
async function cancelled(store: ScheduleStore, count: number): Promise<readonly NewRun[]> {
  const runs = await plan(store, { count });
  await store.changeRuns(runs.toReversed().map(({ id }) => overlapCancelled(id)));
  return runs;
}

/** Returns a plan of one run, from the n-th minute to the end of the m-th, that covers runs. */
async function covering(
  store: ScheduleStore,
  supersedes: readonly string[],
  [from, to]: readonly [number, number],
  overrides: PlanOverrides & { readonly generation?: number } = {},
): Promise<PlanCommit> {
  const { generation = 0, ...rest } = overrides;
  const bounds = { lower: minute(from).lower, upper: minute(to).upper };
  const run = aRun({ ...bounds, generation, intervals: to - from + 1 });
  const newWatermark = Math.max(run.upper, (await scheduleOf(store)).watermark);
  return aPlan(await scheduleOf(store), { runs: [run], newWatermark, supersedes, ...rest });
}

/** Tests `PlanCommit.supersedes`. */
export function coveringRules({ store }: StoreBed): void {
  describe("plan supersedes", () => {
    it("what was cancelled, with a run that covers it and what is owed", async () => {
      await register(store());
      const runs = await cancelled(store(), 2);
      const commit = await covering(store(), idsOf(runs), [0, 2]);
      expect(await store().plan([commit])).toEqual([true]);
      expect(await scheduleOf(store())).toMatchObject({ watermark: minute(2).upper, admittedRuns: 1 });
      expect((await allRuns(store(), { includeSuperseded: false })).map(({ id }) => id)).toEqual([
        commit.runs[0]!.id,
      ]);
      expect(await store().coverage("orders")).toMatchObject([
        { state: "PLANNED", lower: minute(0).lower, upper: minute(2).upper, intervals: 3 },
      ]);
    });

    it("a run whose interval is planned again with its bounds, behind the watermark", async () => {
      await register(store());
      const [run] = await cancelled(store(), 1);
      await plan(store());
      const { watermark } = await scheduleOf(store());
      const commit = await covering(store(), [run!.id], [0, 0], { generation: 1 });
      expect(await store().plan([commit])).toEqual([true]);
      expect(await scheduleOf(store())).toMatchObject({ watermark, admittedRuns: 1, waitingRuns: 1 });
      expect(await runOf(store(), run!.id)).toMatchObject({ state: "CANCELLED", isSuperseded: true });
      expect(await runOf(store(), commit.runs[0]!.id)).toMatchObject({ kind: "SCHEDULED", state: "PLANNED" });
    });

    it("a run that several of its runs cover together, and an empty one", async () => {
      const schedule = await register(store());
      const empty = aRun({ lower: minute(0).lower, upper: minute(0).lower });
      const whole = aRun({ ...minute(0), upper: minute(1).upper, intervals: 2 });
      const first = aPlan(schedule, { count: 2, runs: [empty, whole] });
      await store().plan([first]);
      await store().changeRuns([whole.id, empty.id].map(overlapCancelled));
      const parts = [
        aRun({ state: "SKIPPED", reason: "catchup-window" }),
        aRun({ ...minute(1), upper: minute(2).upper }),
      ];
      const commit = aPlan(await scheduleOf(store()), { runs: parts, supersedes: [whole.id, empty.id] });
      expect(await store().plan([commit])).toEqual([true]);
      const rest = await allRuns(store(), { includeSuperseded: false });
      expect(idsOf(rest)).toEqual(idsOf(parts));
    });

    it("a failed run, which then blocks no longer", async () => {
      await register(store());
      const [run] = await plan(store());
      await end(store(), await claimOne(store()), "FAILED", { isBlocking: true });
      const commit = await covering(store(), [run!.id], [0, 1]);
      expect(await store().plan([commit])).toEqual([true]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1, waitingRuns: 0, blockingRuns: 0 });
      expect(await runOf(store(), run!.id)).toMatchObject({ isBlocking: false, place: "none" });
      expect(await admitted(store(), commit.runs)).toEqual([true]);
    });

    it("also while its schedule is paused", async () => {
      await register(store());
      const [run] = await cancelled(store(), 1);
      await change(store(), { status: "PAUSED", laneWidth: 0 });
      const commit = await covering(store(), [run!.id], [0, 1]);
      const runs = commit.runs.map((each) => ({ ...each, kind: "MANUAL" as const }));
      expect(await store().plan([{ ...commit, runs, whilePaused: true }])).toEqual([true]);
      expect(await runOf(store(), run!.id)).toMatchObject({ isSuperseded: true });
      expect(idsOf(await claim(store()))).toEqual(idsOf(runs));
    });
  });

  describe("plan does not supersede, and is refused,", () => {
    const isRefused = async (commit: PlanCommit): Promise<void> => {
      const before = [await scheduleOf(store()), await allRuns(store())];
      expect(await store().plan([commit])).toEqual([false]);
      expect([await scheduleOf(store()), await allRuns(store())]).toEqual(before);
    };

    it("if a run has not ended", async () => {
      await register(store());
      const [run] = await plan(store());
      await isRefused(await covering(store(), [run!.id], [0, 1]));
      await claim(store());
      await isRefused(await covering(store(), [run!.id], [0, 1]));
    });

    it("if a run was retried meanwhile", async () => {
      await register(store());
      const [run] = await cancelled(store(), 1);
      const commit = await covering(store(), [run!.id], [0, 1]);
      await store().changeRuns([
        { id: run!.id, from: ["CANCELLED"], state: "PLANNED", at: LATER, reason: null, endedAt: null },
      ]);
      await isRefused(commit);
    });

    it("if a run has succeeded", async () => {
      await register(store());
      const [run] = await history(store(), ["SUCCEEDED"]);
      await isRefused(await covering(store(), [run!.id], [0, 1]));
    });

    it("if something has superseded a run already", async () => {
      await register(store());
      const [run] = await cancelled(store(), 1);
      const first = await covering(store(), [run!.id], [0, 0], { generation: 1 });
      const second = await covering(store(), [run!.id], [0, 0], { generation: 2 });
      expect(await store().plan([first, second])).toEqual([true, false]);
      await isRefused(second);
    });

    it("if its runs do not cover a run", async () => {
      await register(store());
      const runs = await cancelled(store(), 3);
      await isRefused(await covering(store(), idsOf(runs), [1, 4]));
      await isRefused(await covering(store(), [runs[0]!.id], [1, 4]));
      const gap = [aRun({ ...minute(0), generation: 1 }), aRun({ ...minute(2), generation: 1 })];
      const { watermark } = await scheduleOf(store());
      await isRefused(
        aPlan(await scheduleOf(store()), { runs: gap, newWatermark: watermark, supersedes: idsOf(runs) }),
      );
    });

    it("if a run is of another group, or does not exist", async () => {
      await register(store(), { spec: { groupId: "stock" } });
      const [other] = await plan(store(), {}, "stock");
      await store().changeRuns([overlapCancelled(other!.id)]);
      await register(store());
      await isRefused(await covering(store(), [other!.id], [0, 1]));
      await isRefused(await covering(store(), ["0".repeat(32)], [0, 1]));
    });
  });
}

/** Tests runs that were cancelled by the overlap policy and are not covered yet. */
export function uncoveredRules({ store }: StoreBed): void {
  const uncovered = async (groupId?: string): Promise<string[]> =>
    idsOf(await allRuns(store(), { isUncovered: true, ...(groupId === undefined ? {} : { groupId }) }));

  describe("listRuns by isUncovered", () => {
    it("finds what the overlap policy has cancelled until something covers it", async () => {
      await register(store());
      expect(await uncovered()).toEqual([]);
      const runs = await cancelled(store(), 3);
      expect(await uncovered()).toEqual(idsOf(runs));
      const [first, ...rest] = runs;
      await store().plan([await covering(store(), [first!.id], [0, 0], { generation: 1 })]);
      expect(await uncovered("orders")).toEqual(idsOf(rest));
      await store().changeRuns([
        { id: rest[0]!.id, from: ["CANCELLED"], state: "PLANNED", at: LATER, reason: null, endedAt: null },
      ]);
      expect(await uncovered()).toEqual([rest[1]!.id]);
    });

    it("finds what was cancelled since positions were lost, too, and not the positions themselves", async () => {
      await register(store());
      const [run] = await plan(store(), { count: 1 });
      await store().changeRuns([{ ...overlapCancelled(run!.id), reason: "source-expired" }]);
      await plan(store(), { count: 1, run: { state: "SKIPPED", reason: "source-expired" } });
      expect(await uncovered()).toEqual([run!.id]);
      expect(await runOf(store(), run!.id)).toMatchObject({ state: "CANCELLED", reason: "source-expired" });
      const again = aRun({ kind: "MANUAL", generation: 1 });
      expect(await store().insertRuns([again], { isExclusive: true })).toEqual([false]);
      const commit = await covering(store(), [run!.id], [0, 0], { generation: 1 });
      expect(await store().plan([commit])).toEqual([true]);
      expect(await uncovered()).toEqual([]);
    });

    it("does not find what a person has cancelled, nor what is still to be cancelled or ended otherwise", async () => {
      await register(store(), { laneWidth: 3 });
      const runs = await plan(store(), { count: 4 });
      await store().changeRuns([{ ...overlapCancelled(runs[3]!.id), reason: "cancelled" }]);
      const [first, second, third] = await claim(store());
      await store().requestCancel(idsOf(runs), "overlap-cancelled");
      expect(await uncovered()).toEqual([]);
      await end(store(), first!, "SUCCEEDED");
      await end(store(), second!, "FAILED");
      expect(await uncovered()).toEqual([]);
      await end(store(), third!, "CANCELLED");
      expect(await uncovered()).toEqual([third!.run.id]);
    });

    it("works for one group or all, within bounds, page by page", async () => {
      for (const groupId of ["a", "b"]) {
        await register(store(), { spec: { groupId } });
        const runs = await plan(store(), { count: 3 }, groupId);
        await store().changeRuns(runs.map(({ id }) => overlapCancelled(id)));
      }
      const filter = { isUncovered: true } as const;
      const pages = await pagesOf((page) => store().listRuns(filter, { ...page, limit: 4 }));
      expect(pages.map((page) => page.length)).toEqual([4, 2]);
      expect(await allRuns(store(), { ...filter, groupId: "b", within: minute(1) })).toMatchObject([
        { groupId: "b", ...minute(1) },
      ]);
      expect(await allRuns(store(), { ...filter, groupId: "nobody" })).toEqual([]);
    });
  });

  describe("the interval of a run that nothing covers yet", () => {
    it("is the live schedule's: nothing is run beside it", async () => {
      await register(store());
      const [run] = await cancelled(store(), 1);
      const again = aRun({ kind: "MANUAL", generation: 1 });
      const longer = aRun({ kind: "MANUAL", upper: minute(1).upper });
      const exclusive = { isExclusive: true };
      expect(await store().insertRuns([again, longer], exclusive)).toEqual([false, false]);
      await store().plan([await covering(store(), [run!.id], [0, 1])]);
      await end(store(), await claimOne(store()), "CANCELLED", { reason: "cancelled" });
      expect(await store().insertRuns([again], exclusive)).toEqual([true]);
    });

    it("may be retried", async () => {
      await register(store());
      const [run] = await cancelled(store(), 1);
      const retry = { id: run!.id, from: ["CANCELLED"], state: "PLANNED", at: LATER, reason: null } as const;
      expect(await store().changeRuns([retry])).toEqual([true]);
      expect(await runOf(store(), run!.id)).toMatchObject({ state: "PLANNED", place: "ready" });
    });
  });
}
