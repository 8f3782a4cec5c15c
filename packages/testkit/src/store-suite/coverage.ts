import {
  type CoverageRange,
  type NewRun,
  NO_RUNS,
  type ScheduleStore,
  sharedTime,
} from "@tidegate/core/store";
import { aPlan, aRun, MINUTE, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { carryOut, change, claim, claimOne, end, history, plan, register, scheduleOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Formats a range as `STATE from-to`, in minutes of the ledger. */
function asText({ state, lower, upper }: CoverageRange): string {
  return `${state} ${(lower - START) / MINUTE}-${(upper - START) / MINUTE}`;
}

/**
 * Returns a group's coverage; ranges that begin together are sorted, since the contract leaves their order
 * open.
 */
async function coverageOf(store: ScheduleStore, groupId = "orders"): Promise<string[]> {
  const ranges = await store.coverage(groupId);
  const lowerBounds = ranges.map(({ lower }) => lower);
  expect(lowerBounds).toEqual(lowerBounds.toSorted((a, b) => a - b));
  return ranges
    .toSorted((a, b) => a.lower - b.lower || a.upper - b.upper || (a.state < b.state ? -1 : 1))
    .map(asText);
}

/** Carries out runs beside the lane, in order. */
async function runBeside(
  store: ScheduleStore,
  runs: readonly Partial<NewRun>[],
  state?: "SUCCEEDED" | "FAILED" | "CANCELLED",
): Promise<void> {
  await store.insertRuns(runs.map((run) => aRun({ kind: "MANUAL", ...run })));
  if (state === undefined) return;
  for (const claimed of await claim(store)) await end(store, claimed, state);
}

/** Tests what `coverage` merges. */
export function coverageRules({ store }: StoreBed): void {
  describe("coverage", () => {
    it("is empty where nothing is planned or there is no schedule", async () => {
      await register(store());
      expect(await store().coverage("orders")).toEqual([]);
      expect(await store().coverage("nobody")).toEqual([]);
    });

    it("is one range over a long tile in one state, with sums", async () => {
      await register(store(), { laneWidth: 1_000 });
      await plan(store(), { count: 300, run: { intervals: 2 } });
      for (const [index, claimed] of (await claim(store(), { limit: 300 })).entries()) {
        const metrics = { rowsRead: index, rowsWritten: 2, ...(index % 3 === 0 ? { rowsDirty: 1 } : {}) };
        await end(store(), claimed, "SUCCEEDED", { metrics });
      }
      expect(await store().coverage("orders")).toEqual([
        {
          state: "SUCCEEDED",
          lower: START,
          upper: START + 300 * MINUTE,
          runs: 300,
          intervals: 600,
          rowsRead: (299 * 300) / 2,
          rowsWritten: 600,
          rowsDirty: 100,
        },
      ]);
    });

    it("begins a range where the state changes", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED", "SUCCEEDED", "FAILED", "SUCCEEDED", "CANCELLED"]);
      await plan(store(), { count: 2, run: { state: "SKIPPED", reason: "catchup-dropped" } });
      await plan(store(), { count: 3 });
      await claimOne(store());
      expect(await coverageOf(store())).toEqual([
        "SUCCEEDED 0-2",
        "FAILED 2-3",
        "SUCCEEDED 3-4",
        "CANCELLED 4-5",
        "SKIPPED 5-7",
        "SUBMITTING 7-8",
        "PLANNED 8-10",
      ]);
    });

    it("begins a range behind a gap", async () => {
      await register(store());
      await runBeside(store(), [minute(0), minute(1), minute(3), minute(4)], "SUCCEEDED");
      expect(await coverageOf(store())).toEqual(["SUCCEEDED 0-2", "SUCCEEDED 3-5"]);
    });

    it("never merges ranges that overlap", async () => {
      await register(store());
      const crossing = { lower: START + 0.5 * MINUTE, upper: START + 1.5 * MINUTE };
      await runBeside(store(), [minute(0), crossing, minute(1)], "SUCCEEDED");
      const ranges = await coverageOf(store());
      expect(ranges).toContain("SUCCEEDED 0.5-1.5");
      expect(ranges).toHaveLength(3);
    });

    it("never merges two runs of the same time", async () => {
      await register(store());
      const whole = { lower: START, upper: START + 2 * MINUTE };
      await runBeside(store(), [minute(0), minute(1), whole], "SUCCEEDED");
      expect(await coverageOf(store())).toEqual(["SUCCEEDED 0-1", "SUCCEEDED 0-2", "SUCCEEDED 1-2"]);
    });

    it("leaves out what is superseded", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED", "FAILED", "SUCCEEDED"]);
      await runBeside(store(), [{ ...minute(1), generation: 1 }], "SUCCEEDED");
      expect(await coverageOf(store())).toEqual(["SUCCEEDED 0-3"]);
      expect((await store().coverage("orders"))[0]).toMatchObject({ runs: 3, intervals: 3 });
    });

    it("keeps groups apart", async () => {
      for (const groupId of ["a", "b"]) await register(store(), { spec: { groupId } });
      await history(store(), ["SUCCEEDED"], "a");
      await history(store(), ["FAILED", "SUCCEEDED"], "b");
      expect(await coverageOf(store(), "a")).toEqual(["SUCCEEDED 0-1"]);
      expect(await coverageOf(store(), "b")).toEqual(["FAILED 0-1", "SUCCEEDED 1-2"]);
    });
  });
}

/** Tests `coverage` during re-runs. */
export function rerunCoverageRules({ store }: StoreBed): void {
  describe("coverage of intervals that run once more", () => {
    it("keeps what has succeeded in one range, and a run under way in one of its own", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED", "SUCCEEDED", "SUCCEEDED"]);
      await runBeside(store(), [{ ...minute(1), generation: 1 }]);
      expect(await coverageOf(store())).toEqual(["SUCCEEDED 0-3", "PLANNED 1-2"]);
      const claimed = await claimOne(store());
      expect(await coverageOf(store())).toEqual(["SUCCEEDED 0-3", "SUBMITTING 1-2"]);
      await end(store(), claimed, "SUCCEEDED");
      expect(await coverageOf(store())).toEqual(["SUCCEEDED 0-3"]);
    });

    it("does not merge a run under way for what has succeeded with one for what has not", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED"]);
      await plan(store(), { count: 2 });
      await runBeside(store(), [{ ...minute(0), generation: 1 }]);
      expect(await coverageOf(store())).toEqual(["PLANNED 0-1", "SUCCEEDED 0-1", "PLANNED 1-3"]);
    });

    it("does not merge two neighbours that both run once more", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED", "SUCCEEDED"]);
      await runBeside(
        store(),
        [0, 1].map((n) => ({ ...minute(n), generation: 1 })),
      );
      expect(await coverageOf(store())).toEqual(["PLANNED 0-1", "SUCCEEDED 0-2", "PLANNED 1-2"]);
    });

    it("counts a run for what has failed before as one for the first time", async () => {
      await register(store());
      await history(store(), ["FAILED", "FAILED"]);
      await runBeside(
        store(),
        [0, 1].map((n) => ({ ...minute(n), generation: 1 })),
      );
      expect(await coverageOf(store())).toEqual(["PLANNED 0-2"]);
    });
  });
}

/** Tests `within` of `coverage`. */
export function partialCoverageRules({ store }: StoreBed): void {
  describe("coverage within an interval", () => {
    it("is made of the runs that intersect it, whole", async () => {
      await register(store(), { laneWidth: 16 });
      await plan(store(), { count: 6 });
      const within = { lower: START + 1.5 * MINUTE, upper: START + 4 * MINUTE };
      expect(await store().coverage("orders", within)).toMatchObject([
        { state: "PLANNED", lower: START + MINUTE, upper: START + 4 * MINUTE, runs: 3 },
      ]);
    });

    it("finds a long run that begins far before", async () => {
      const schedule = await register(store());
      const long = aRun({ lower: START, upper: START + 500 * MINUTE, intervals: 500 });
      await store().plan([aPlan(schedule, { runs: [long], newWatermark: long.upper })]);
      await carryOut(store(), "SUCCEEDED");
      await plan(store(), { count: 2 });
      expect((await store().coverage("orders", minute(499))).map(asText)).toEqual(["SUCCEEDED 0-500"]);
      expect((await store().coverage("orders", minute(500))).map(asText)).toEqual(["PLANNED 500-501"]);
    });

    it("of no length is made of the runs of exactly this interval", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED"]);
      const schedule = await scheduleOf(store());
      const at = { lower: schedule.watermark, upper: schedule.watermark };
      expect(await store().coverage("orders", at)).toEqual([]);
      await store().plan([aPlan(schedule, { count: 0, nextFireAt: null, runs: [aRun(at)] })]);
      expect((await store().coverage("orders", at)).map(asText)).toEqual(["PLANNED 1-1"]);
    });
  });
}

/** Tests `tally`. */
export function tallyRules({ store }: StoreBed): void {
  describe("tally", () => {
    it("is all zeros where there is nothing", async () => {
      expect(await store().tally("nobody", 0)).toEqual({ byState: NO_RUNS, byReason: {}, late: 0 });
    });

    it("counts runs by state, superseded ones included, and intervals by reason", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED", "FAILED", "SUCCEEDED"]);
      await runBeside(store(), [{ ...minute(1), generation: 1 }], "SUCCEEDED");
      await plan(store(), { run: { state: "SKIPPED", reason: "catchup-window", intervals: 40 } });
      await plan(store(), { run: { state: "SKIPPED", reason: "catchup-window", intervals: 2 } });
      await plan(store(), { count: 2, run: { reason: "catchup-coalesced", intervals: 5 } });
      await claimOne(store());
      const { byState, byReason } = await store().tally("orders", 0);
      expect(byState).toEqual({ ...NO_RUNS, SUCCEEDED: 3, FAILED: 1, SKIPPED: 2, SUBMITTING: 1, PLANNED: 1 });
      expect(byReason).toEqual({ "catchup-window": 42, "catchup-coalesced": 10 });
    });

    it("adds up what merged runs count beyond 32 bits", async () => {
      await register(store());
      const intervals = 2_147_483_647;
      await plan(store(), { count: 2, run: { state: "SKIPPED", reason: "catchup-window", intervals } });
      expect((await store().tally("orders", 0)).byReason).toEqual({ "catchup-window": 2 * intervals });
      expect(await store().coverage("orders")).toMatchObject([{ runs: 2, intervals: 2 * intervals }]);
    });

    it("counts scheduled runs that were planned later than the tolerance after they were due", async () => {
      const schedule = await register(store(), { laneWidth: 0 });
      const lateBy = [0, 1_000, 1_001, 60_000];
      const runs = lateBy.map((late, index) =>
        aRun({ ...minute(index), plannedAt: minute(index).upper + late }),
      );
      await store().plan([aPlan(schedule, { count: lateBy.length, runs })]);
      await store().insertRuns([aRun({ ...minute(-1), kind: "MANUAL", plannedAt: START + 999 * MINUTE })]);
      expect((await store().tally("orders", 1_000)).late).toBe(2);
      expect((await store().tally("orders", 0)).late).toBe(3);
      expect((await store().tally("orders", 60_000)).late).toBe(0);
    });

    it("goes by the delay of the version that planned the run", async () => {
      const delayed = { spec: { delayMs: 10_000 } };
      const schedule = await register(store(), delayed);
      const late = aRun({ plannedAt: minute(0).upper + 10_500 });
      await store().plan([aPlan(schedule, { runs: [late] })]);
      expect((await store().tally("orders", 1_000)).late).toBe(0);
      const { spec } = await scheduleOf(store());
      await change(store(), { spec: { spec: { ...spec, delayMs: 0 }, tzdata: "2025c" } });
      expect((await store().tally("orders", 1_000)).late).toBe(0);
      await plan(store(), { run: { plannedAt: minute(1).upper + 10_500 } });
      expect((await store().tally("orders", 1_000)).late).toBe(1);
      expect((await store().tally("orders", 999)).late).toBe(1);
    });

    it("goes by the delay of the version that planned runs have been given since", async () => {
      const schedule = await register(store(), { spec: { delayMs: 10_000 } });
      const runs = [0, 1].map((n) => aRun({ ...minute(n), plannedAt: minute(n).upper + 10_500 }));
      await store().plan([aPlan(schedule, { count: 2, runs })]);
      await claimOne(store());
      const { spec } = await scheduleOf(store());
      await change(store(), {
        spec: { spec: { ...spec, delayMs: 0 }, tzdata: "2025c" },
        adoptsPlanned: true,
      });
      expect((await store().tally("orders", 1_000)).late).toBe(1);
      expect((await store().tally("orders", 999)).late).toBe(1);
    });
  });
}

/** Tests `sharedTime`. */
export function sharedTimeRules({ store }: StoreBed): void {
  const shared = async (from: number, to: number): Promise<[number, number][]> => {
    const within = { lower: minute(from).lower, upper: minute(to).lower };
    const coverage = await store().coverage("orders", within);
    const set = await sharedTime(store(), coverage, { groupId: "orders", within });
    return set.map(({ lower, upper }) => [(lower - START) / MINUTE, (upper - START) / MINUTE]);
  };
  const insert = (...bounds: readonly (readonly [number, number, number?])[]) =>
    store().insertRuns(
      bounds.map(([from, to, generation = 0]) =>
        aRun({ kind: "MANUAL", lower: minute(from).lower, upper: minute(to).lower, generation }),
      ),
    );

  describe("sharedTime", () => {
    it("is empty where each run has its time alone, or there is no schedule", async () => {
      expect(await shared(0, 9)).toEqual([]);
      await register(store());
      await plan(store(), { count: 5 });
      expect(await shared(0, 9)).toEqual([]);
    });

    it("is what more than one covers, whatever their bounds and states, merged where it touches", async () => {
      await register(store());
      const [skipped] = await plan(store(), { run: { state: "SKIPPED", reason: "catchup-dropped" } });
      await plan(store(), { count: 9 });
      await insert([0, 1, 1], [3, 4, 1], [4, 6], [8, 9, 1], [8, 9, 2], [-5, 2]);
      expect((await store().getRuns([skipped!.id]))[0]).toMatchObject({ isSuperseded: true });
      expect(await shared(-9, 20)).toEqual([
        [0, 2],
        [3, 6],
        [8, 9],
      ]);
    });

    it("counts no empty run", async () => {
      await register(store());
      await plan(store(), { count: 3 });
      await insert([1, 1], [2, 2]);
      expect(await shared(0, 9)).toEqual([]);
    });

    it("looks only at runs that intersect the given interval, and does not cut them", async () => {
      await register(store());
      await plan(store(), { count: 9 });
      await insert([0, 3], [6, 8]);
      expect(await shared(2, 6)).toEqual([[2, 3]]);
      expect(await shared(7, 9)).toEqual([[7, 8]]);
      expect(await shared(3, 6)).toEqual([]);
    });

    it("is one group's", async () => {
      await register(store());
      await register(store(), { spec: { groupId: "stock" } });
      await plan(store());
      await plan(store(), {}, "stock");
      expect(await shared(0, 9)).toEqual([]);
    });
  });
}
