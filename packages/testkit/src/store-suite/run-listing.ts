import type { Interval, PageRequest } from "@tidegate/core";
import type { RunFilter, ScheduleStore } from "@tidegate/core/store";
import { aBackfill, aPlan, aRun, MINUTE, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { carryOut, claim, end, history, idsOf, pagesOf, plan, register, scheduleOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Returns the runs of a page as `minute.generation`. */
async function list(store: ScheduleStore, filter: RunFilter, page: PageRequest = {}): Promise<string[]> {
  const { items } = await store.listRuns(filter, page);
  return items.map(({ lower, generation }) => `${(lower - START) / MINUTE}.${generation}`);
}

/** Creates minutes 0 to 3: succeeded, failed and re-run as 1.1, succeeded, waiting. */
async function makeLedger(store: ScheduleStore): Promise<void> {
  await register(store);
  await history(store, ["SUCCEEDED", "FAILED", "SUCCEEDED"]);
  await store.insertRuns([aRun({ ...minute(1), kind: "MANUAL", generation: 1 })]);
  await carryOut(store, "CANCELLED", { reason: "cancelled" });
  await plan(store, { run: { reason: "catchup-coalesced", intervals: 3 } });
}

/** Tests the filters of `getRuns` and `listRuns`. */
export function runFilterRules({ store }: StoreBed): void {
  describe("getRuns", () => {
    it("answers in the order asked, with undefined where there is none", async () => {
      await register(store());
      const [first, second] = await plan(store(), { count: 2 });
      const found = await store().getRuns([second!.id, "0".repeat(32), first!.id, second!.id]);
      expect(found.map((run) => run?.id)).toEqual([second!.id, undefined, first!.id, second!.id]);
    });
  });

  describe("listRuns", () => {
    it("lists whole runs by lower bound, then generation", async () => {
      await makeLedger(store());
      expect(await list(store(), {})).toEqual(["0.0", "1.0", "1.1", "2.0", "3.0"]);
      expect(await list(store(), { order: "descending" })).toEqual(["3.0", "2.0", "1.1", "1.0", "0.0"]);
      const { items } = await store().listRuns({}, {});
      expect(items).toEqual(await store().getRuns(idsOf(items)));
    });

    it.each<[RunFilter, string[]]>([
      [{ states: ["SUCCEEDED", "PLANNED"] }, ["0.0", "2.0", "3.0"]],
      [{ states: [] }, []],
      [{ kinds: ["MANUAL"] }, ["1.1"]],
      [{ reasons: ["cancelled", "catchup-coalesced"] }, ["1.1", "3.0"]],
      [{ includeSuperseded: false }, ["0.0", "1.1", "2.0", "3.0"]],
      [{ includeSuperseded: true, states: ["FAILED"] }, ["1.0"]],
      [{ includeSuperseded: false, states: ["FAILED"] }, []],
      [{ isSuperseded: true }, ["1.0"]],
      [{ isSuperseded: true, within: minute(2) }, []],
      [{ kinds: ["SCHEDULED"], states: ["SUCCEEDED"], within: minute(2) }, ["2.0"]],
      [{ groupId: "nobody" }, []],
      [{ backfillId: "nobody" }, []],
    ])("finds what matches %j", async (filter, found) => {
      await makeLedger(store());
      expect(await list(store(), filter)).toEqual(found);
      expect(await list(store(), { groupId: "orders", ...filter })).toEqual(found);
      expect(await list(store(), { ...filter, order: "descending" })).toEqual(found.toReversed());
    });

    it("finds the runs of a backfill", async () => {
      await register(store());
      await store().insertBackfill(aBackfill());
      const run = aRun({ kind: "BACKFILL", backfillId: aBackfill().id });
      const step = { cursor: START, newCursor: run.upper, state: "RUNNING", updatedAt: START } as const;
      await store().planBackfill({ id: aBackfill().id, ...step, runs: [run] });
      await store().insertRuns([aRun({ ...minute(1), kind: "MANUAL" })]);
      expect(await list(store(), { backfillId: aBackfill().id })).toEqual(["0.0"]);
      expect(await list(store(), { kinds: ["BACKFILL"] })).toEqual(["0.0"]);
    });

    it("finds the runs that block, and only those, among many that have failed", async () => {
      for (const groupId of ["a", "b"]) {
        await register(store(), { spec: { groupId }, laneWidth: 3 });
        await plan(store(), { count: 3 }, groupId);
      }
      for (const one of await claim(store())) {
        const isBlocking = one.run.lower === minute(1).lower;
        await end(store(), one, "FAILED", { isBlocking });
      }
      expect(await list(store(), { isBlocking: true })).toEqual(["1.0", "1.0"]);
      expect(await list(store(), { groupId: "a", isBlocking: true })).toEqual(["1.0"]);
      expect(await list(store(), { groupId: "a", isBlocking: true, within: minute(2) })).toEqual([]);
      expect(await list(store(), { groupId: "a", isBlocking: false })).toEqual(["0.0", "2.0"]);
      await store().insertRuns([aRun({ groupId: "a", ...minute(1), kind: "MANUAL", generation: 1 })]);
      expect(await list(store(), { groupId: "a", isBlocking: true })).toEqual([]);
    });

    it("keeps groups apart, and lists all in one order", async () => {
      for (const groupId of ["a", "b"]) {
        await register(store(), { spec: { groupId } });
        await plan(store(), { count: 2 }, groupId);
      }
      expect(await list(store(), { groupId: "b" })).toEqual(["0.0", "1.0"]);
      expect(await list(store(), {})).toEqual(["0.0", "0.0", "1.0", "1.0"]);
      expect(await list(store(), { order: "descending" })).toEqual(["1.0", "1.0", "0.0", "0.0"]);
    });
  });
}

/** Tests `within` of `listRuns`. */
export function withinRules({ store }: StoreBed): void {
  describe("listRuns within an interval", () => {
    const within = (lower: number, upper: number): Interval => ({
      lower: START + lower * MINUTE,
      upper: START + upper * MINUTE,
    });

    it.each([
      [within(1, 2), ["1.0"]],
      [within(1.5, 1.6), ["1.0"]],
      [within(0.5, 2.5), ["0.0", "1.0", "2.0"]],
      [within(-9, 0), []],
      [within(9, 99), []],
      [within(3, 9), ["3.0"]],
      [{ lower: START, upper: Number.MAX_SAFE_INTEGER }, ["0.0", "1.0", "2.0", "3.0"]],
      [within(1, 1), []],
    ])("%j finds what has time in common with it", async (interval, found) => {
      await register(store());
      await plan(store(), { count: 4 });
      expect(await list(store(), { within: interval })).toEqual(found);
      expect(await list(store(), { within: interval, groupId: "orders" })).toEqual(found);
      const order = "descending";
      expect(await list(store(), { within: interval, groupId: "orders", order })).toEqual(found.toReversed());
    });

    it("finds a long run that begins far before, and short ones beside it", async () => {
      await register(store());
      const schedule = await scheduleOf(store());
      const long = aRun({
        lower: START,
        upper: START + 500 * MINUTE,
        state: "SKIPPED",
        reason: "catchup-window",
      });
      await store().plan([aPlan(schedule, { runs: [long], newWatermark: long.upper })]);
      await plan(store(), { count: 2 });
      await store().insertRuns([aRun({ ...minute(400), kind: "MANUAL" })]);
      expect(await list(store(), { groupId: "orders", within: within(400, 401) })).toEqual(["0.0", "400.0"]);
      expect(await list(store(), { groupId: "orders", within: within(500, 501) })).toEqual(["500.0"]);
      expect(await list(store(), { within: within(499, 501) })).toEqual(["0.0", "500.0"]);
    });

    it("that is empty finds the runs of exactly this interval", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED"]);
      const schedule = await scheduleOf(store());
      const empty = aRun({ lower: schedule.watermark, upper: schedule.watermark });
      await store().plan([aPlan(schedule, { count: 0, nextFireAt: null, runs: [empty] })]);
      expect(await list(store(), { within: within(1, 1) })).toEqual(["1.0"]);
      expect(await list(store(), { within: within(0, 0) })).toEqual([]);
      expect(await list(store(), { within: within(0, 1) })).toEqual(["0.0"]);
    });
  });
}

/** Tests the pages of `listRuns`. */
export function runPagingRules({ store }: StoreBed): void {
  describe("pages of listRuns", () => {
    it.each(["ascending", "descending"] as const)(
      "bring all once, %s, the last without a cursor",
      async (order) => {
        for (const groupId of ["a", "b"]) {
          await register(store(), { spec: { groupId } });
          await plan(store(), { count: 5 }, groupId);
        }
        await store().insertRuns(
          [1, 2].map((generation) => aRun({ groupId: "a", kind: "MANUAL", generation })),
        );
        const { items: all } = await store().listRuns({ order }, { limit: 1_000 });
        expect(all).toHaveLength(12);
        for (const limit of [1, 5, 11, 12]) {
          const pages = await pagesOf((page) => store().listRuns({ order }, { limit, ...page }));
          expect(pages.slice(0, -1).every((items) => items.length === limit)).toBe(true);
          expect(pages).toHaveLength(Math.ceil(all.length / limit));
          expect(idsOf(pages.flat())).toEqual(idsOf(all));
        }
      },
    );

    it("go on where they were although the run at the cursor matches no more", async () => {
      await register(store());
      await plan(store(), { count: 4 });
      const filter: RunFilter = { groupId: "orders", states: ["PLANNED"] };
      const { next } = await store().listRuns(filter, { limit: 1 });
      await carryOut(store(), "SUCCEEDED");
      expect(await list(store(), filter, { cursor: next! })).toEqual(["1.0", "2.0", "3.0"]);
    });

    it("go on where they were although runs were inserted before and behind", async () => {
      await register(store());
      await plan(store(), { count: 3 });
      const { next } = await store().listRuns({}, { limit: 2 });
      await store().insertRuns([-1, 0, 9].map((n) => aRun({ ...minute(n), generation: 1, kind: "MANUAL" })));
      expect(await list(store(), {}, { cursor: next! })).toEqual(["2.0", "9.1"]);
    });

    it("refuse a cursor that no page gave", async () => {
      for (const cursor of ["orders", "{}", "[1]"]) {
        const refused = { code: "ARGUMENT_INVALID", field: "cursor" };
        await expect(store().listRuns({}, { cursor })).rejects.toMatchObject(refused);
      }
    });

    it("go together with filters and intervals", async () => {
      await register(store());
      await plan(store(), { count: 9 });
      const filter: RunFilter = {
        within: { lower: minute(2).lower, upper: minute(5).upper },
        order: "descending",
      };
      const { next } = await store().listRuns(filter, { limit: 2 });
      expect(await list(store(), filter, { cursor: next!, limit: 2 })).toEqual(["3.0", "2.0"]);
    });

    it("hold 100 unless told, and up to 1,000", async () => {
      await register(store());
      await plan(store(), { count: 1_001 });
      expect((await store().listRuns({}, {})).items).toHaveLength(100);
      const thousand = await store().listRuns({}, { limit: 1_000 });
      expect(thousand.items).toHaveLength(1_000);
      expect(await list(store(), {}, { limit: 1_000, cursor: thousand.next! })).toEqual(["1000.0"]);
    });
  });
}
