import type { ScheduleSpec } from "@tidegate/core";
import type { DeadlineJudgement, DeadlineWatch, KeptDeadline, ScheduleStore } from "@tidegate/core/store";
import { MINUTE, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { change, LATER, register, scheduleOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

const DEADLINE = { deadline: { afterMs: MINUTE } } as const satisfies Partial<ScheduleSpec>;

type NewRecord = DeadlineJudgement["records"][number];

/** Returns a record of the n-th minute, missed at its deadline. */
function record(n: number, overrides: Partial<NewRecord> = {}): NewRecord {
  const { lower, upper } = minute(n);
  const deadlineAt = upper + MINUTE;
  return {
    groupId: "orders",
    subject: "interval",
    lower,
    upper,
    deadlineAt,
    state: "MISSED",
    reason: null,
    since: deadlineAt,
    metAt: null,
    tellAt: null,
    ...overrides,
  };
}

async function watchOf(store: ScheduleStore, groupId = "orders"): Promise<DeadlineWatch> {
  const [watch] = await store.getWatches([groupId]);
  if (watch === undefined) throw new Error(`Group ${groupId} is not watched.`);
  return watch;
}

/** Judges a group that is watched; returns whether that was accepted. */
async function judge(
  store: ScheduleStore,
  overrides: Partial<DeadlineJudgement> = {},
  groupId = "orders",
): Promise<boolean | undefined> {
  const { incarnation, look } = await watchOf(store, groupId);
  const rest = { cursor: START, excusedFrom: null, lookAt: LATER, records: [] };
  return (await store.judgeDeadlines([{ groupId, incarnation, look, ...rest, ...overrides }]))[0];
}

async function records(
  store: ScheduleStore,
  filter: Parameters<ScheduleStore["listDeadlines"]>[0] = {},
): Promise<readonly KeptDeadline[]> {
  return (await store.listDeadlines(filter, { limit: 1_000 })).items;
}

async function dueGroups(store: ScheduleStore, before = LATER): Promise<string[]> {
  return (await store.listWatches({ before, limit: 100 })).map(({ groupId }) => groupId);
}

/** Tests when a schedule is watched. */
export function watchRules({ store, reopened, supports }: StoreBed): void {
  describe("a schedule with deadlines", () => {
    it("is watched from its registration on, due at once", async () => {
      await register(store(), { spec: DEADLINE, createdAt: START + 5 });
      const { incarnation } = await scheduleOf(store());
      const watch = {
        groupId: "orders",
        incarnation,
        since: START + 5,
        cursor: null,
        excusedFrom: null,
        lookAt: 0,
      };
      expect(await watchOf(store())).toEqual({ ...watch, look: expect.any(Number) });
      expect(await store().listWatches({ before: 0, limit: 10 })).toEqual([await watchOf(store())]);
    });

    it("is watched for its freshness as well, and not at all without both", async () => {
      await register(store(), { spec: { groupId: "fresh", freshness: { maxLagMs: MINUTE } } });
      await register(store());
      expect(await store().getWatches(["orders", "nobody", "fresh"])).toEqual([
        undefined,
        undefined,
        expect.objectContaining({ groupId: "fresh" }),
      ]);
    });

    it("is watched from the update on that gives it one", async () => {
      await register(store());
      const { spec } = await scheduleOf(store());
      await change(store(), {
        spec: { spec: { ...spec, ...DEADLINE }, tzdata: "2025c" },
        updatedAt: START + 7,
      });
      expect(await watchOf(store())).toMatchObject({ since: START + 7, cursor: null, lookAt: 0 });
    });

    it("is due at once after each change of its specification, also one that removes its deadline", async () => {
      await register(store(), { spec: DEADLINE });
      await judge(store(), { cursor: START + MINUTE, excusedFrom: START });
      const before = await watchOf(store());
      const { spec } = await scheduleOf(store());
      const removed = { spec: { ...spec, deadline: null }, tzdata: "2025c" };
      await change(store(), { spec: removed, updatedAt: START + 7 });
      expect(await watchOf(store())).toEqual({ ...before, lookAt: 0, look: expect.any(Number) });
      expect((await watchOf(store())).look).not.toBe(before.look);
    });

    it("stays as it is when only its status changes, or a change is refused", async () => {
      await register(store(), { spec: DEADLINE });
      await judge(store());
      const before = await watchOf(store());
      const { spec } = await scheduleOf(store());
      await change(store(), { status: "PAUSED", laneWidth: 0 });
      const expected = { version: 7, statuses: ["PAUSED"] } as const;
      const refused = { groupId: "orders", expected, updatedAt: START, spec: { spec, tzdata: "2025c" } };
      expect(await store().changeSchedules([refused])).toEqual([false]);
      expect(await watchOf(store())).toEqual(before);
    });

    it("is watched anew when it is registered again", async () => {
      await register(store(), { spec: DEADLINE });
      await judge(store(), { cursor: START + MINUTE, excusedFrom: START });
      const { spec } = await scheduleOf(store());
      await change(store(), { status: "DELETED", laneWidth: 0 });
      const again = { status: "REGISTERED", laneWidth: 1, spec: { spec, tzdata: "2025c" } } as const;
      await change(store(), { ...again, updatedAt: LATER });
      expect(await watchOf(store())).toMatchObject({
        since: LATER,
        cursor: null,
        excusedFrom: null,
        lookAt: 0,
      });
    });

    it("leaves nothing when it is purged", async () => {
      await register(store(), { spec: DEADLINE });
      await judge(store(), { records: [record(0, { tellAt: LATER })] });
      await store().purgeSchedule("orders");
      expect(await store().getWatches(["orders"])).toEqual([undefined]);
      expect(await dueGroups(store())).toEqual([]);
      expect(await records(store())).toEqual([]);
      expect(await store().listAlerts({ before: LATER, limit: 10 })).toEqual([]);
    });

    (supports.reopen ? it : it.skip)("is still watched after a restart, and so are its records", async () => {
      await register(store(), { spec: DEADLINE });
      await judge(store(), { records: [record(0, { tellAt: LATER })] });
      const watch = await watchOf(store());
      const kept = await records(store());
      const next = await reopened();
      expect(await watchOf(next)).toEqual(watch);
      expect(await records(next)).toEqual(kept);
    });
  });
}

/** Tests `listWatches` and `judgeDeadlines`. */
export function deadlineRules({ store, second }: StoreBed): void {
  describe("judgeDeadlines", () => {
    it("keeps all that it is given", async () => {
      await register(store(), { spec: DEADLINE });
      const before = await watchOf(store());
      const judged = { cursor: START + 2 * MINUTE, excusedFrom: START + MINUTE, lookAt: START + 9 * MINUTE };
      const late = record(1, { state: "LATE", metAt: LATER, since: LATER, tellAt: LATER });
      const lost = record(3, { subject: "freshness", upper: minute(3).lower, reason: "blocked" });
      expect(await judge(store(), { ...judged, records: [record(0), late, lost] })).toBe(true);
      expect(await watchOf(store())).toEqual({ ...before, ...judged, look: expect.any(Number) });
      expect(await records(store())).toEqual(
        [record(0), late, lost].map((each) => ({ ...each, told: "PENDING" })),
      );
    });

    it("refuses whoever saw another state of the watch, and writes nothing", async () => {
      await register(store(), { spec: DEADLINE });
      const { look, incarnation } = await watchOf(store());
      expect(await judge(store())).toBe(true);
      const before = await watchOf(store());
      expect(await judge(store(), { look, records: [record(0)] })).toBe(false);
      expect(await judge(store(), { incarnation: `${incarnation}x`, records: [record(0)] })).toBe(false);
      expect(await watchOf(store())).toEqual(before);
      expect(await records(store())).toEqual([]);
    });

    it("refuses a judgement of what was specified before, and one of a group that is not watched", async () => {
      await register(store(), { spec: DEADLINE });
      const { look } = await watchOf(store());
      const { spec, incarnation } = await scheduleOf(store());
      await change(store(), { spec: { spec: { ...spec, description: "x" }, tzdata: "2025c" } });
      expect(await judge(store(), { look })).toBe(false);
      const nobody = { cursor: null, excusedFrom: null, lookAt: null, records: [] };
      const judgement = { groupId: "nobody", incarnation, look, ...nobody };
      expect(await store().judgeDeadlines([judgement])).toEqual([false]);
    });

    it("decides each of a batch by itself", async () => {
      for (const groupId of ["a", "b", "c"]) await register(store(), { spec: { groupId, ...DEADLINE } });
      const watches = await store().getWatches(["c", "a", "b"]);
      await judge(store(), {}, "a");
      const rest = { cursor: START, excusedFrom: null, lookAt: null, records: [] };
      const judgements = watches.map((watch) => {
        const { groupId, incarnation, look } = watch!;
        return { groupId, incarnation, look, ...rest, records: [record(0, { groupId })] };
      });
      expect(await store().judgeDeadlines(judgements)).toEqual([true, false, true]);
      expect((await records(store())).map(({ groupId }) => groupId)).toEqual(["b", "c"]);
    });

    it("takes one judgement of many that come at the same time", async () => {
      await register(store(), { spec: DEADLINE });
      const other = await second();
      const { incarnation, look } = await watchOf(store());
      const rest = { cursor: START, excusedFrom: null, lookAt: LATER, records: [record(0)] };
      const judgement = { groupId: "orders", incarnation, look, ...rest };
      const taken = await Promise.all(
        [store(), other, store(), other].map((each) => each.judgeDeadlines([judgement])),
      );
      expect(taken.flat().filter((isTaken) => isTaken)).toHaveLength(1);
    });

    it("writes over a record, but not over what was told of it", async () => {
      await register(store(), { spec: DEADLINE });
      await judge(store(), { records: [record(0, { state: "AT_RISK", reason: "failed", tellAt: LATER })] });
      const [kept] = await records(store());
      await store().noteAlerts([{ record: kept!, told: "AT_RISK", tellAt: null }]);
      const missed = record(0, { upper: minute(1).upper, since: LATER, tellAt: LATER + 1 });
      await judge(store(), { records: [missed] });
      expect(await records(store())).toEqual([{ ...missed, told: "AT_RISK" }]);
    });
  });

  describe("listWatches", () => {
    it("lists what is due, earliest first, then by group, up to the limit", async () => {
      for (const groupId of ["b", "a", "d", "c", "e"])
        await register(store(), { spec: { groupId, ...DEADLINE } });
      for (const [groupId, lookAt] of Object.entries({ b: 20, a: 20, c: 10, d: 30, e: null })) {
        await judge(store(), { lookAt }, groupId);
      }
      expect(await dueGroups(store(), 20)).toEqual(["c", "a", "b"]);
      expect(await dueGroups(store(), 9)).toEqual([]);
      expect(await dueGroups(store())).toEqual(["c", "a", "b", "d"]);
      expect((await store().listWatches({ before: LATER, limit: 1 })).map(({ groupId }) => groupId)).toEqual([
        "c",
      ]);
    });
  });
}

/** Tests `listDeadlines`. */
export function deadlineListingRules({ store }: StoreBed): void {
  const lowers = async (filter: Parameters<ScheduleStore["listDeadlines"]>[0]): Promise<string[]> =>
    (await records(store(), filter)).map(({ groupId, lower }) => `${groupId} ${(lower - START) / MINUTE}`);

  describe("listDeadlines", () => {
    const fill = async (): Promise<void> => {
      for (const groupId of ["a", "b"]) await register(store(), { spec: { groupId, ...DEADLINE } });
      const late = record(2, { groupId: "a", state: "LATE" });
      const risky = record(1, { groupId: "a", state: "AT_RISK" });
      await judge(store(), { records: [late, record(0, { groupId: "a" }), risky] }, "a");
      const lost = record(1, { groupId: "b", subject: "freshness", upper: minute(1).lower });
      await judge(store(), { records: [record(1, { groupId: "b" }), lost] }, "b");
    };

    it("lists by deadline, group and subject, in either direction", async () => {
      await fill();
      const all = ["a 0", "a 1", "b 1", "b 1", "a 2"];
      expect(await lowers({})).toEqual(all);
      expect((await records(store())).map(({ subject }) => subject).slice(2, 4)).toEqual([
        "freshness",
        "interval",
      ]);
      expect(await lowers({ order: "descending" })).toEqual(all.reverse());
    });

    it("lists what matches", async () => {
      await fill();
      expect(await lowers({ groupId: "a" })).toEqual(["a 0", "a 1", "a 2"]);
      expect(await lowers({ groupId: "nobody" })).toEqual([]);
      expect(await lowers({ states: ["LATE", "AT_RISK"] })).toEqual(["a 1", "a 2"]);
      expect(await lowers({ states: [] })).toEqual([]);
      expect(await lowers({ subjects: ["freshness"] })).toEqual(["b 1"]);
    });

    it("lists what overlaps an interval, and the bounds in it", async () => {
      await fill();
      expect(await lowers({ within: minute(1) })).toEqual(["a 1", "b 1", "b 1"]);
      expect(await lowers({ within: { lower: START + 1, upper: START + MINUTE } })).toEqual(["a 0"]);
      expect(await lowers({ within: { lower: START + MINUTE + 1, upper: START + 2 * MINUTE } })).toEqual([
        "a 1",
        "b 1",
      ]);
    });

    it.each(["ascending", "descending"] as const)("turns pages, %s", async (order) => {
      await fill();
      const all = await records(store(), { order });
      const seen: KeptDeadline[] = [];
      let cursor: string | undefined;
      do {
        const page = await store().listDeadlines(
          { order },
          { limit: 2, ...(cursor === undefined ? {} : { cursor }) },
        );
        expect(page.items.length).toBeLessThanOrEqual(2);
        seen.push(...page.items);
        cursor = page.next;
      } while (cursor !== undefined);
      expect(seen).toEqual(all);
    });

    it("refuses a cursor of something else", async () => {
      await expect(store().listDeadlines({}, { cursor: "nonsense" })).rejects.toMatchObject({
        code: "ARGUMENT_INVALID",
      });
    });
  });
}

/** Tests `listAlerts` and `noteAlerts`. */
export function alertRules({ store }: StoreBed): void {
  const untold = (before: number) => store().listAlerts({ before, limit: 10 });

  describe("alerts", () => {
    it("are listed when they are due, earliest first, until they are told", async () => {
      await register(store(), { spec: DEADLINE });
      await judge(store(), { records: [record(0, { tellAt: 20 }), record(1, { tellAt: 10 }), record(2)] });
      expect((await untold(9)).map(({ lower }) => lower)).toEqual([]);
      expect((await untold(20)).map(({ lower }) => lower)).toEqual([minute(1).lower, minute(0).lower]);
      const [first] = await untold(20);
      expect(await store().noteAlerts([{ record: first!, told: "MISSED", tellAt: null }])).toEqual([true]);
      expect((await untold(20)).map(({ lower }) => lower)).toEqual([minute(0).lower]);
      expect((await records(store())).map(({ told }) => told)).toEqual(["PENDING", "MISSED", "PENDING"]);
    });

    it("are noted once by whoever saw them as they are", async () => {
      await register(store(), { spec: DEADLINE });
      await judge(store(), { records: [record(0, { tellAt: 20 })] });
      const [seen] = await untold(20);
      const claim = { record: seen!, told: seen!.told, tellAt: 50 };
      expect(await store().noteAlerts([claim, claim])).toEqual([true, false]);
      await judge(store(), { records: [record(0, { state: "LATE", tellAt: 50 })] });
      const told = { record: { ...seen!, tellAt: 50 }, told: "MISSED", tellAt: null } as const;
      expect(await store().noteAlerts([told])).toEqual([false]);
      expect(await untold(50)).toMatchObject([{ state: "LATE", told: "PENDING" }]);
    });
  });
}
