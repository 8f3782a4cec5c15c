import type { LateTime } from "@tidegate/core";
import type { LateReport, LookbackMove, LookbackWatch, ScheduleStore } from "@tidegate/core/store";
import { aNewSchedule, MINUTE, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { allRuns, change, LATER, pagesOf, plan, register, runOf, scheduleOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";
import { inputOf, reader, twoGroups } from "./inputs.js";

const LOOKING_BACK = { lookback: { intervals: 2 } } as const;

/** Writes a step of a group that looks back, as it was read unless told otherwise. */
async function move(
  store: ScheduleStore,
  watch: LookbackWatch,
  overrides: Partial<LookbackMove> = {},
): Promise<boolean> {
  const { incarnation } = await scheduleOf(store, watch.groupId);
  const [isDone] = await store.moveLookbacks([{ ...watch, incarnation, ...overrides }]);
  return isDone === true;
}

async function watchOf(store: ScheduleStore, groupId = "orders"): Promise<LookbackWatch | undefined> {
  return (await store.getLookbacks([groupId]))[0];
}

/** Tests the watches of groups that look back. */
export function lookbackRules({ store, second, reopened, supports }: StoreBed): void {
  const due = async (before: number, limit = 10): Promise<string[]> =>
    (await store().listLookbacks({ before, limit })).map(({ groupId }) => groupId);

  describe("the watch of a schedule that looks back", () => {
    it("begins at once with the registration, at the watermark; others have none", async () => {
      await register(store(), { spec: { groupId: "plain", job: { lookback: { intervals: 2 } } } });
      await register(store(), { spec: { ...LOOKING_BACK }, watermark: START + MINUTE });
      expect(await store().getLookbacks(["plain", "nobody", "orders"])).toEqual([
        undefined,
        undefined,
        { groupId: "orders", cursor: START + MINUTE, lookAt: 0, look: 1 },
      ]);
      expect(await due(0)).toEqual(["orders"]);
    });

    it("begins with a later specification, at the watermark of that time, and ends with one without", async () => {
      const { spec } = await register(store());
      await plan(store(), { count: 2 });
      await change(store(), { spec: { spec: { ...spec, ...LOOKING_BACK }, tzdata: "2025c" } });
      const begun = await watchOf(store());
      expect(begun).toEqual({ groupId: "orders", cursor: START + 2 * MINUTE, lookAt: 0, look: 1 });
      await move(store(), begun!, { cursor: START + 3 * MINUTE, lookAt: LATER });
      await change(store(), { spec: { spec: { ...spec, lookback: { at: [7] } }, tzdata: "2025c" } });
      expect(await watchOf(store())).toEqual({
        groupId: "orders",
        cursor: START + 3 * MINUTE,
        lookAt: 0,
        look: 3,
      });
      await change(store(), { spec: { spec: { ...spec, lookback: null }, tzdata: "2025c" } });
      expect(await watchOf(store())).toBeUndefined();
      expect(await due(LATER)).toEqual([]);
    });

    it("moves for whoever saw it as it is, in this ledger", async () => {
      await register(store(), { spec: { ...LOOKING_BACK } });
      const watch = (await watchOf(store()))!;
      expect(await move(store(), watch, { incarnation: "another" })).toBe(false);
      const moved = { ...watch, cursor: START + MINUTE, lookAt: LATER };
      const other = await second();
      const answers = await Promise.all([store(), other, store()].map((each) => move(each, moved)));
      expect(answers.filter((isDone) => isDone)).toHaveLength(1);
      expect(await watchOf(store())).toEqual({ ...moved, look: 2 });
      expect(await move(store(), watch)).toBe(false);
      expect(await move(store(), { ...moved, look: 2 }, { lookAt: null })).toBe(true);
      expect(await due(Number.MAX_SAFE_INTEGER)).toEqual([]);
      expect(await store().moveLookbacks([{ ...moved, groupId: "nobody", incarnation: "" }])).toEqual([
        false,
      ]);
    });

    it("is listed when it is due, the earliest first", async () => {
      for (const [groupId, lookAt] of [["b", 20] as const, ["a", 20] as const, ["c", 10] as const]) {
        await register(store(), { spec: { groupId, ...LOOKING_BACK } });
        await move(store(), (await watchOf(store(), groupId))!, { lookAt: START + lookAt });
      }
      expect(await due(START + 9)).toEqual([]);
      expect(await due(START + 10)).toEqual(["c"]);
      expect(await due(START + 20)).toEqual(["c", "a", "b"]);
      expect(await due(START + 20, 2)).toEqual(["c", "a"]);
    });

    it("goes with the ledger when it is purged", async () => {
      await register(store(), { spec: { ...LOOKING_BACK } });
      await store().purgeSchedule("orders");
      await register(store());
      expect(await watchOf(store())).toBeUndefined();
    });

    (supports.reopen ? it : it.skip)("is still there after a restart", async () => {
      await register(store(), { spec: { ...LOOKING_BACK } });
      const kept = await watchOf(store());
      const next = await reopened();
      expect(await watchOf(next)).toEqual(kept);
    });
  });
}

/** Tests reports of late data. */
export function lateRules({ store, second, reopened, supports }: StoreBed): void {
  const { incarnation } = aNewSchedule();
  const report = (overrides: Partial<LateReport> = {}): LateReport => ({
    groupId: "source",
    incarnation,
    reportedBy: "source",
    ...minute(0),
    runId: "run-1",
    rowsLate: 3,
    at: LATER,
    ...overrides,
  });
  const listed = async (): Promise<readonly LateTime[]> => (await store().listLate({}, {})).items;

  describe("late data", () => {
    it("is kept as it was reported, for a group that exists", async () => {
      await register(store(), { spec: { groupId: "source" } });
      const reports = [report(), report({ groupId: "nobody" }), report({ ...minute(1), rowsLate: null })];
      expect(await store().reportLate(reports)).toEqual([true, false, true]);
      const { at: _, incarnation: _of, ...first } = report();
      const kept = {
        ...first,
        reports: 1,
        firstAt: LATER,
        lastAt: LATER,
        state: "PENDING",
        backfillId: null,
      };
      expect(await listed()).toEqual([kept, { ...kept, ...minute(1), rowsLate: null }]);
    });

    it("is added up over the runs that report it, and pending again; a run counts once", async () => {
      await register(store(), { spec: { groupId: "source" } });
      await store().reportLate([report()]);
      expect(await store().reportLate([report({ at: LATER + 1 })])).toEqual([true]);
      expect(await listed()).toMatchObject([{ reports: 1, rowsLate: 3, lastAt: LATER }]);
      const [late] = await listed();
      await store().settleLate([{ late: late!, incarnation, state: "RESTATED", backfillId: "again" }]);
      expect(await listed()).toMatchObject([{ state: "RESTATED", backfillId: "again" }]);
      await store().reportLate([report({ runId: "run-2", at: LATER + 2, rowsLate: null })]);
      await store().reportLate([report({ runId: "run-3", at: LATER + 3, rowsLate: 4 })]);
      await store().reportLate([report({ reportedBy: "arrivals", runId: "run-4" })]);
      expect(await listed()).toMatchObject([
        { reportedBy: "arrivals", reports: 1, rowsLate: 3 },
        {
          reportedBy: "source",
          reports: 3,
          rowsLate: 7,
          runId: "run-3",
          firstAt: LATER,
          lastAt: LATER + 3,
          state: "PENDING",
          backfillId: null,
        },
      ]);
    });

    it("is settled once, by whoever has seen its last report", async () => {
      await register(store(), { spec: { groupId: "source" } });
      await store().reportLate([report()]);
      const [late] = await listed();
      await store().reportLate([report({ runId: "run-2" })]);
      const settlement = { late: late!, incarnation, state: "MARKED", backfillId: null } as const;
      expect(await store().settleLate([settlement])).toEqual([false]);
      const again = { ...settlement, late: { ...late!, reports: 2 } };
      const other = await second();
      const answers = await Promise.all([store(), other].map((each) => each.settleLate([again])));
      expect(answers.flat().filter((isDone) => isDone)).toHaveLength(1);
      expect(await store().settleLate([again, { ...again, late: { ...again.late, groupId: "no" } }])).toEqual(
        [false, false],
      );
    });

    it("is listed by group, time, state and page", async () => {
      for (const groupId of ["source", "other"]) await register(store(), { spec: { groupId } });
      const minutes = [0, 1, 2, 3];
      await store().reportLate(minutes.map((n) => report({ ...minute(n) })));
      await store().reportLate([report({ groupId: "other", ...minute(2) })]);
      const [late] = await listed();
      await store().settleLate([{ late: late!, incarnation, state: "SEALED", backfillId: null }]);
      const at = ({ groupId, lower }: LateTime): string => `${groupId} ${(lower - START) / MINUTE}`;
      const found = async (filter: Parameters<ScheduleStore["listLate"]>[0]): Promise<string[]> =>
        (await store().listLate(filter, {})).items.map(at);
      expect(await found({})).toEqual(["other 2", "source 0", "source 1", "source 2", "source 3"]);
      expect(await found({ groupId: "source", states: ["PENDING"] })).toEqual([
        "source 0",
        "source 1",
        "source 2",
        "source 3",
      ]);
      expect(await found({ states: ["SEALED", "IGNORED"] })).toEqual(["other 2"]);
      const within = { lower: minute(1).lower, upper: minute(2).upper };
      expect(await found({ groupId: "source", within })).toEqual(["source 1", "source 2"]);
      expect(await found({ groupId: "nobody" })).toEqual([]);
      const pages = await pagesOf((page) => store().listLate({}, { ...page, limit: 2 }));
      expect(pages.map((items) => items.map(at))).toEqual([
        ["other 2", "source 0"],
        ["source 1", "source 2"],
        ["source 3"],
      ]);
      await expect(store().listLate({}, { cursor: "no page" })).rejects.toMatchObject({
        code: "ARGUMENT_INVALID",
      });
    });

    it("changes the digests of the group's own time, and makes exactly those stale that have read it", async () => {
      await twoGroups(store());
      const run = await reader(store(), [await inputOf(store(), [0, 2])]);
      const other = await reader(store(), [await inputOf(store(), [2, 4])]);
      const before = (await inputOf(store(), [0, 4])).digest;
      await store().reportLate([report({ ...minute(1), reportedBy: "arrivals" })]);
      expect((await inputOf(store(), [0, 4])).digest).toBe(before);
      expect(await allRuns(store(), { staleness: "all" })).toEqual([]);
      await store().reportLate([report({ ...minute(1), at: LATER + 7 })]);
      expect((await inputOf(store(), [0, 4])).digest).not.toBe(before);
      expect(await runOf(store(), run.id)).toMatchObject({ staleAt: LATER + 7 });
      expect(await runOf(store(), other.id)).toMatchObject({ staleAt: null });
      const digest = (await inputOf(store(), [0, 2])).digest;
      await store().reportLate([report({ ...minute(1), runId: "run-2" })]);
      expect((await inputOf(store(), [0, 2])).digest).not.toBe(digest);
    });

    it("goes with the ledger when it is purged", async () => {
      await register(store(), { spec: { groupId: "source" } });
      await store().reportLate([report()]);
      await store().purgeSchedule("source");
      await register(store(), { spec: { groupId: "source" } });
      expect(await listed()).toEqual([]);
    });

    it("is reported and settled for the ledger that was read, not for the next one", async () => {
      await register(store(), { spec: { groupId: "source" } });
      await register(store(), { spec: { groupId: "kept" } });
      await store().reportLate([report()]);
      const [late] = await listed();
      await store().purgeSchedule("source");
      await register(store(), { spec: { groupId: "source" }, incarnation: "another" });
      const reports = [report(), report({ groupId: "kept" }), report({ incarnation: "another" })];
      expect(await store().reportLate(reports)).toEqual([false, true, true]);
      expect(await listed()).toMatchObject([{ groupId: "kept" }, { groupId: "source", reports: 1 }]);
      const settlement = { late: late!, state: "MARKED", backfillId: null } as const;
      expect(
        await store().settleLate([
          { ...settlement, incarnation },
          { ...settlement, late: { ...late!, groupId: "kept" }, incarnation },
        ]),
      ).toEqual([false, true]);
      expect(await store().settleLate([{ ...settlement, incarnation: "another" }])).toEqual([true]);
    });

    (supports.reopen ? it : it.skip)(
      "is still there after a restart, and still counts for digests",
      async () => {
        await register(store(), { spec: { groupId: "source" } });
        await store().reportLate([report()]);
        const [kept, { digest }] = [await listed(), await inputOf(store(), [0, 1])];
        const next = await reopened();
        expect((await next.listLate({}, {})).items).toEqual(kept);
        expect((await inputOf(next, [0, 1])).digest).toBe(digest);
      },
    );
  });
}
