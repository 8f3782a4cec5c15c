import type { NewReportedRun, ReportCommit, ScheduleStore } from "@tidegate/core/store";
import { aRun, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  allRuns,
  carryOut,
  change,
  claim,
  dueAtGates,
  end,
  idsOf,
  LATER,
  plan,
  register,
  runOf,
  scheduleOf,
  settle,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Registers a source group whose ledger begins at the first minute. */
export async function registerSource(store: ScheduleStore, groupId = "deliveries"): Promise<void> {
  await register(store, { spec: { groupId }, status: "SOURCE", nextFireAt: null });
}

/** Returns a run that stands for reported minutes. */
export function aReportedRun(
  [from, to]: readonly [number, number],
  generation = 0,
  version = "v1",
): NewReportedRun {
  const bounds = { lower: minute(from).lower, upper: minute(to).lower };
  const { gating: _, ...run } = aRun({ groupId: "deliveries", ...bounds, generation, kind: "REPORTED" });
  return { ...run, operator: "none", state: "SUCCEEDED", report: { version, note: "" } };
}

/** Returns the commit of a report that inserts runs in place of others. */
export function aReport(
  [from, to]: readonly [number, number],
  runs: readonly NewReportedRun[],
  rest: Partial<ReportCommit> = {},
): ReportCommit {
  const bounds = { lower: minute(from).lower, upper: minute(to).lower };
  return {
    groupId: "deliveries",
    incarnation: "0123456789abcdef",
    ...bounds,
    standing: [],
    supersedes: [],
    runs,
    ...rest,
  };
}

/** Tests `report`: coverage of source groups. */
export function reportRules({ store, second }: StoreBed): void {
  const standing = async (): Promise<string[]> =>
    (await allRuns(store(), { groupId: "deliveries", includeSuperseded: false })).map(
      ({ lower, upper, generation, report }) =>
        `${(lower - START) / 60_000}-${(upper - START) / 60_000} ${report?.version}.${generation}`,
    );

  describe("report", () => {
    it("inserts runs that have succeeded, and keeps what was reported", async () => {
      await registerSource(store());
      const run = aReportedRun([0, 3]);
      const report = { version: "2026-01-02", note: 'Second "delivery" – complete\n' };
      expect(await store().report(aReport([0, 3], [{ ...run, report }]))).toBe(true);
      expect(await runOf(store(), run.id)).toMatchObject({
        kind: "REPORTED",
        state: "SUCCEEDED",
        place: "none",
        endedAt: run.plannedAt,
        attempt: 0,
        isJobOpen: false,
        report,
      });
      expect(await store().coverage("deliveries")).toMatchObject([
        { state: "SUCCEEDED", lower: minute(0).lower, upper: minute(3).lower, runs: 1, intervals: 1 },
      ]);
      expect((await store().tally("deliveries", 0)).byState).toMatchObject({ SUCCEEDED: 1 });
      expect(idsOf(await allRuns(store(), { kinds: ["REPORTED"] }))).toEqual([run.id]);
      expect(await claim(store())).toEqual([]);
    });

    it("widens the ledger to what was reported, and never narrows it", async () => {
      await registerSource(store());
      await store().report(aReport([4, 6], [aReportedRun([4, 6])]));
      expect(await scheduleOf(store(), "deliveries")).toMatchObject({
        status: "SOURCE",
        origin: START,
        watermark: minute(6).lower,
      });
      await store().report(aReport([-2, 1], [aReportedRun([-2, 1])]));
      expect(await scheduleOf(store(), "deliveries")).toMatchObject({
        origin: minute(-2).lower,
        watermark: minute(6).lower,
      });
    });

    it("puts runs in place of what they supersede", async () => {
      await registerSource(store());
      const first = aReportedRun([0, 24]);
      await store().report(aReport([0, 24], [first]));
      const parts = [aReportedRun([0, 6]), aReportedRun([6, 12], 1, "v2"), aReportedRun([12, 24])];
      const cut = aReport([6, 12], parts, { standing: [first.id], supersedes: [first.id] });
      expect(await store().report(cut)).toBe(true);
      expect(await standing()).toEqual(["0-6 v1.0", "6-12 v2.1", "12-24 v1.0"]);
      expect(await runOf(store(), first.id)).toMatchObject({ isSuperseded: true, state: "SUCCEEDED" });
      expect(await store().coverage("deliveries")).toMatchObject([
        { lower: minute(0).lower, upper: minute(24).lower, runs: 3 },
      ]);
    });

    it("is refused if other runs stand in the interval than were read, and writes nothing then", async () => {
      await registerSource(store());
      const first = aReportedRun([0, 4]);
      expect(await store().report(aReport([0, 4], [first]))).toBe(true);
      const next = aReportedRun([4, 6]);
      const refused = [
        aReport([3, 6], [next]),
        aReport([3, 6], [next], { standing: ["0".repeat(32)] }),
        aReport([4, 6], [next], { standing: [first.id] }),
        aReport([4, 6], [next], { supersedes: [first.id] }),
      ];
      for (const commit of refused) expect(await store().report(commit)).toBe(false);
      expect(await standing()).toEqual(["0-4 v1.0"]);
      expect(await scheduleOf(store(), "deliveries")).toMatchObject({ watermark: minute(4).lower });
      expect(await store().report(aReport([3, 6], [next], { standing: [first.id] }))).toBe(true);
      expect(await standing()).toEqual(["0-4 v1.0", "4-6 v1.0"]);
    });

    it("is refused if one of its runs exists, although superseded, and writes none of the others", async () => {
      await registerSource(store());
      const first = aReportedRun([0, 2]);
      await store().report(aReport([0, 2], [first]));
      const again = aReportedRun([0, 2], 1, "v2");
      await store().report(aReport([0, 2], [again], { standing: [first.id], supersedes: [first.id] }));
      const commit = aReport([0, 4], [aReportedRun([2, 4]), first], {
        standing: [again.id],
        supersedes: [again.id],
      });
      expect(await store().report(commit)).toBe(false);
      expect(await standing()).toEqual(["0-2 v2.1"]);
    });

    it("is for source groups of the ledger that was read", async () => {
      await register(store(), { spec: { groupId: "deliveries" } });
      const commit = aReport([0, 2], [aReportedRun([0, 2])]);
      expect(await store().report(commit)).toBe(false);
      expect(await store().report({ ...commit, groupId: "nobody" })).toBe(false);
      await store().purgeSchedule("deliveries");
      await registerSource(store());
      expect(await store().report({ ...commit, incarnation: "another" })).toBe(false);
      expect(await store().report(commit)).toBe(true);
    });

    it("takes one of two reports that are decided from the same reading", async () => {
      await registerSource(store());
      const other = await second();
      const [a, b] = [aReport([0, 2], [aReportedRun([0, 2])]), aReport([1, 3], [aReportedRun([1, 3])])];
      const answers = await Promise.all([store().report(a), other.report(b)]);
      expect(answers.toSorted()).toEqual([false, true]);
      expect(await standing()).toHaveLength(1);
    });

    it("wakes the gated runs that wait for the group", async () => {
      await registerSource(store());
      await register(store());
      const [gated] = await plan(store(), { count: 1, run: { gating: "overtakable" } });
      await settle(store(), (await dueAtGates(store()))[0]!, { lookAt: LATER + 99, wokenBy: ["deliveries"] });
      expect(await dueAtGates(store())).toEqual([]);
      await store().report(aReport([0, 2], [aReportedRun([0, 2])]));
      expect(await dueAtGates(store(), { now: 0 })).toMatchObject([{ run: { id: gated!.id }, lookAt: 0 }]);
    });
  });

  describe("a source group", () => {
    it("is never due, is listed by its status, and may be described anew", async () => {
      await registerSource(store());
      await register(store(), { spec: { groupId: "orders" } });
      expect((await store().due({ before: LATER, limit: 9 })).map(({ groupId }) => groupId)).toEqual([
        "orders",
      ]);
      const listed = await store().listSchedules({ statuses: ["SOURCE"] }, {});
      expect(listed.items.map(({ spec }) => spec.groupId)).toEqual(["deliveries"]);
      const { spec } = await scheduleOf(store(), "deliveries");
      const described = { spec: { spec: { ...spec, description: "By noon." }, tzdata: "2025c" } };
      expect(await change(store(), described, "deliveries")).toBe(true);
      expect(await scheduleOf(store(), "deliveries")).toMatchObject({ status: "SOURCE", version: 2 });
      expect(await store().due({ before: LATER, limit: 9 })).toHaveLength(1);
    });
  });
}

/** Tests `generationDigests`. */
export function generationRules({ store }: StoreBed): void {
  const digest = async (from: number, to: number, groupId = "orders"): Promise<string> => {
    const bounds = { lower: minute(from).lower, upper: minute(to).lower };
    return (await store().generationDigests([{ groupId, ...bounds }]))[0]!;
  };
  const rerun = async (n: number, generation: number, state: "SUCCEEDED" | "FAILED"): Promise<void> => {
    await store().insertRuns([aRun({ kind: "MANUAL", ...minute(n), generation })]);
    await carryOut(store(), state);
  };

  describe("generationDigests", () => {
    it("answers each window, in order, as 16 hex digits; one without anything, or of nobody, too", async () => {
      await register(store());
      await register(store(), { spec: { groupId: "stock" } });
      const windows = ["orders", "nobody", "stock"].map((groupId) => ({ groupId, ...minute(0) }));
      const empty = await store().generationDigests(windows);
      expect(empty).toEqual(windows.map(() => expect.stringMatching(/^[0-9a-f]{16}$/)));
      await plan(store(), {}, "stock");
      await carryOut(store(), "SUCCEEDED");
      const after = await store().generationDigests(windows);
      expect(after.slice(0, 2)).toEqual(empty.slice(0, 2));
      expect(after[2]).not.toBe(empty[2]);
      expect(await store().generationDigests([])).toEqual([]);
    });

    it("changes as time of the window succeeds, and only then", async () => {
      await register(store(), { laneWidth: 9 });
      const before = [await digest(0, 1), await digest(1, 3)];
      const runs = await plan(store(), { count: 3 });
      const [first, failing, last] = await claim(store());
      expect([await digest(0, 1), await digest(1, 3)]).toEqual(before);
      await end(store(), first!, "SUCCEEDED");
      const after = await digest(0, 1);
      expect(after).not.toBe(before[0]);
      expect(await digest(1, 3)).toBe(before[1]);
      await end(store(), failing!, "FAILED");
      expect(await digest(1, 3)).toBe(before[1]);
      await end(store(), last!, "SUCCEEDED");
      expect(await digest(1, 3)).not.toBe(before[1]);
      expect(await digest(0, 1)).toBe(after);
      expect(runs).toHaveLength(3);
    });

    it("changes when a generation takes the place of another, not while it is at work, nor if it fails", async () => {
      await register(store(), { laneWidth: 9 });
      await plan(store(), { count: 4 });
      for (const claimed of await claim(store())) await end(store(), claimed, "SUCCEEDED");
      const [whole, second, rest] = [await digest(0, 4), await digest(1, 2), await digest(2, 4)];
      await rerun(1, 1, "FAILED");
      expect(await digest(0, 4)).toBe(whole);
      await rerun(1, 2, "SUCCEEDED");
      expect(await digest(0, 4)).not.toBe(whole);
      expect(await digest(1, 2)).not.toBe(second);
      expect(await digest(2, 4)).toBe(rest);
    });

    it("is the same however runs cut the time, and for part of a run", async () => {
      for (const groupId of ["whole", "cut"]) await registerSource(store(), groupId);
      const of = (groupId: string, bounds: readonly [number, number]): NewReportedRun => {
        const run = { ...aReportedRun(bounds), groupId };
        return { ...run, id: aRun({ ...run, state: "PLANNED" }).id };
      };
      await store().report(aReport([0, 4], [of("whole", [0, 4])], { groupId: "whole" }));
      await store().report(aReport([0, 4], [of("cut", [0, 1]), of("cut", [1, 4])], { groupId: "cut" }));
      for (const [from, to] of [
        [0, 4],
        [0, 1],
        [2, 3],
        [-1, 9],
      ] as const) {
        expect(await digest(from, to, "cut")).toBe(await digest(from, to, "whole"));
      }
    });

    it("tells the ledgers apart that a group has had", async () => {
      await register(store());
      await plan(store());
      await carryOut(store(), "SUCCEEDED");
      const before = await digest(0, 1);
      await store().purgeSchedule("orders");
      await register(store(), { incarnation: "another" });
      await plan(store(), { incarnation: "another" });
      await carryOut(store(), "SUCCEEDED");
      expect(await digest(0, 1)).not.toBe(before);
    });
  });
}
