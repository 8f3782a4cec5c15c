import type { Pool, ScheduleSpec } from "@tidegate/core";
import type { ClaimedRun, ScheduleStore } from "@tidegate/core/store";
import { aBackfill, aNewSchedule, aPlan, aRun, aSpec, MINUTE, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  change,
  claim,
  claimOne,
  end,
  ending,
  LATER,
  LEASE,
  nextWake,
  plan,
  register,
  runOf,
  scheduleOf,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Returns a pool of two slots. */
export function aPool(overrides: Partial<Pool> = {}): Pool {
  const { name = "warehouse", slots = 2 } = overrides;
  return { name, slots, perSecond: null, backfillShare: 0.5, reserveAfterMs: 30_000, ...overrides };
}

/** Fields of the schedules that a test plans in a pool. */
type Fields = Partial<Omit<ScheduleSpec, "groupId">>;

/** Registers groups that need a pool, and plans the next minute of each at an instant. */
export async function planPooled(
  store: ScheduleStore,
  groupIds: readonly string[],
  fields: Fields = {},
  plannedAt = START + MINUTE,
): Promise<void> {
  const [known = undefined] = await store.getSchedules(groupIds.slice(0, 1));
  if (known === undefined) {
    await store.insertSchedules(
      groupIds.map((groupId) => aNewSchedule({ spec: { groupId, pool: "warehouse", ...fields } })),
    );
  }
  const schedules = await store.getSchedules(groupIds);
  await store.plan(schedules.map((schedule) => aPlan(schedule!, { plannedAt, run: { isPooled: true } })));
}

/** Returns names such as `big-0`, `big-1`. */
export const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

/** Returns the groups of the runs that are claimed next, one claim for each. */
export async function claimInTurn(store: ScheduleStore, count: number, now = LATER): Promise<ClaimedRun[]> {
  const claimed: ClaimedRun[] = [];
  for (let turn = 0; turn < count; turn += 1) claimed.push(...(await claim(store, { limit: 1, now })));
  return claimed;
}

export const groupsOf = (claims: readonly ClaimedRun[]): string[] => claims.map(({ run }) => run.groupId);

/** Tests how pools are kept. */
export function poolTableRules({ store, reopened, supports }: StoreBed): void {
  describe("pools", () => {
    it("are kept by name, with what is in use of each", async () => {
      await store().setPool(aPool({ name: "z", slots: 3, perSecond: 0.5 }));
      await store().setPool(aPool());
      await store().setPool(aPool({ slots: 1, backfillShare: 0.25, reserveAfterMs: 0 }));
      await planPooled(store(), names("orders", 3));
      await claim(store());
      expect(await store().listPools()).toEqual([
        {
          ...aPool({ slots: 1, backfillShare: 0.25, reserveAfterMs: 0 }),
          used: 1,
          activeRuns: 1,
          waitingRuns: 2,
        },
        { ...aPool({ name: "z", slots: 3, perSecond: 0.5 }), used: 0, activeRuns: 0, waitingRuns: 0 },
      ]);
    });

    (supports.reopen ? it : it.skip)("survive, and so does what is in use", async () => {
      await store().setPool(aPool());
      await planPooled(store(), names("orders", 3));
      await claim(store());
      const next = await reopened();
      expect(await next.listPools()).toMatchObject([{ slots: 2, used: 2, activeRuns: 2, waitingRuns: 1 }]);
      expect((await claim(next, { now: LATER + LEASE })).map(({ isRecovered }) => isRecovered)).toEqual([
        true,
        true,
      ]);
    });

    it("are deleted unless a schedule needs them", async () => {
      await store().setPool(aPool());
      await planPooled(store(), ["orders"]);
      expect(await store().deletePool("unknown")).toBe("unknown");
      expect(await store().deletePool("warehouse")).toBe("used");
      await change(store(), { spec: { spec: aSpec({ pool: null }), tzdata: "2025c" } });
      expect(await store().deletePool("warehouse")).toBe("used");
      await end(store(), await claimOne(store()), "SUCCEEDED");
      expect(await store().deletePool("warehouse")).toBe("deleted");
      expect(await store().listPools()).toEqual([]);
    });

    it("of a schedule that is deleted can be deleted", async () => {
      await store().setPool(aPool());
      await planPooled(store(), ["orders"]);
      await change(store(), { status: "DELETED", cancelPlanned: "unregistered", laneWidth: 0 });
      expect(await store().deletePool("warehouse")).toBe("deleted");
    });
  });
}

/** Tests slots. */
export function slotRules({ store, second }: StoreBed): void {
  describe("the slots of a pool", () => {
    it("are never exceeded, and the next run begins when one ends", async () => {
      await store().setPool(aPool());
      await planPooled(store(), names("orders", 5));
      const claimed = await claim(store());
      expect(claimed).toHaveLength(2);
      expect(await claim(store())).toEqual([]);
      await end(store(), claimed[0]!, "SUCCEEDED");
      expect(await claim(store())).toHaveLength(1);
    });

    it("are held by active runs alone: not by one that waits for its next attempt", async () => {
      await store().setPool(aPool({ slots: 1 }));
      await planPooled(store(), names("orders", 2));
      const { run, token } = await claimOne(store());
      const retry = { id: run.id, token, from: ["SUBMITTING"], state: "PLANNED", place: "ready" } as const;
      await store().changeRuns([{ ...retry, at: LATER, readyAt: LATER + MINUTE }]);
      const other = await claimOne(store());
      expect(other.run.groupId).not.toBe(run.groupId);
      expect(await nextWake(store(), LATER)).toBe(LATER + LEASE);
      await end(store(), other, "SUCCEEDED");
      expect(await nextWake(store(), LATER)).toBe(LATER + MINUTE);
      expect(await claim(store())).toEqual([]);
      const again = await claimOne(store(), { now: LATER + MINUTE });
      expect(again.run).toMatchObject({ id: run.id, attempt: 2 });
    });

    it("of a dead manager's runs are theirs until these have ended", async () => {
      await store().setPool(aPool({ slots: 1 }));
      await planPooled(store(), names("orders", 2));
      const lost = await claimOne(store());
      const found = await claimOne(store(), { owner: "second", now: LATER + LEASE });
      expect(found).toMatchObject({ isRecovered: true, run: { id: lost.run.id } });
      await end(store(), found, "SUCCEEDED");
      expect((await claimOne(store())).run.id).not.toBe(lost.run.id);
    });

    it("are taken by several managers at once, and not exceeded", async () => {
      const other = await second();
      await store().setPool(aPool({ slots: 3 }));
      await planPooled(store(), names("orders", 40));
      let [most, ended] = [0, 0];
      while (ended < 40) {
        const claims = await Promise.all([
          claim(store(), { limit: 2 }),
          claim(other, { owner: "second", limit: 2 }),
          claim(store(), { limit: 1 }),
          claim(other, { owner: "second", limit: 5 }),
        ]);
        most = Math.max(most, claims.flat().length);
        const answers = await store().changeRuns(claims.flat().map((one) => ending(one, "SUCCEEDED")));
        ended += answers.filter(Boolean).length;
      }
      expect(most).toBe(3);
    });

    it("drain when they are lowered below what is used", async () => {
      await store().setPool(aPool({ slots: 3 }));
      await planPooled(store(), names("orders", 6));
      const [a, b, c] = await claim(store());
      await store().setPool(aPool({ slots: 1 }));
      for (const ended of [a, b]) {
        await end(store(), ended!, "SUCCEEDED");
        expect(await claim(store())).toEqual([]);
      }
      await end(store(), c!, "SUCCEEDED");
      expect(await claim(store())).toHaveLength(1);
    });

    it("are all taken by a run that needs more than there are", async () => {
      await store().setPool(aPool({ slots: 2 }));
      await planPooled(store(), ["wide"], { pool: [{ name: "warehouse", slots: 5 }] }, START);
      await planPooled(store(), ["narrow"]);
      const wide = await claimOne(store());
      expect(wide.run.groupId).toBe("wide");
      await end(store(), wide, "SUCCEEDED");
      expect((await claimOne(store())).run.groupId).toBe("narrow");
    });

    it("of several pools are taken together, or none", async () => {
      await store().setPool(aPool({ slots: 1 }));
      await store().setPool(aPool({ name: "api", slots: 1 }));
      await planPooled(store(), ["api"], { pool: "api" }, START);
      const held = await claimOne(store());
      const both = [
        { name: "warehouse", slots: 1 },
        { name: "api", slots: 1 },
      ];
      await planPooled(store(), ["both"], { pool: both });
      expect(await claim(store())).toEqual([]);
      expect(await store().listPools()).toMatchObject([{ used: 1 }, { used: 0 }]);
      await end(store(), held, "SUCCEEDED");
      expect((await claimOne(store())).run.groupId).toBe("both");
      expect(await store().listPools()).toMatchObject([{ used: 1 }, { used: 1 }]);
    });

    it("that are all taken hide no pool that is free, however many runs wait for them", async () => {
      await store().setPool(aPool({ slots: 1 }));
      await store().setPool(aPool({ name: "free", slots: 1 }));
      await planPooled(store(), names("full", 60), { priority: 1 });
      await claim(store());
      await planPooled(store(), ["free"], { pool: "free", priority: 5 });
      await register(store(), { spec: { groupId: "plain" } });
      await plan(store(), {}, "plain");
      expect(groupsOf(await claim(store(), { limit: 2 })).sort()).toEqual(["free", "plain"]);
    });

    it("of a pool that does not exist are never free, and nobody is woken for them", async () => {
      await planPooled(store(), ["orders"]);
      expect(await claim(store())).toEqual([]);
      expect(await nextWake(store(), LATER)).toBeUndefined();
      await store().setPool(aPool());
      expect(await nextWake(store(), LATER)).toBe(LATER);
      expect(await claim(store())).toHaveLength(1);
    });

    it("are kept for a run that needs several once it has waited long enough", async () => {
      await store().setPool(aPool({ slots: 2 }));
      await planPooled(store(), names("narrow", 2), {}, LATER - 2);
      const leaseUntil = LATER + MINUTE;
      const [a, b] = await claim(store(), { leaseUntil });
      await planPooled(store(), ["wide"], { pool: [{ name: "warehouse", slots: 2 }] }, LATER - 1);
      await planPooled(store(), names("more", 4), {}, LATER);
      await end(store(), a!, "SUCCEEDED");
      const c = await claimOne(store(), { leaseUntil });
      expect(c.run.groupId).toMatch(/^more/);
      await end(store(), b!, "SUCCEEDED");
      const now = LATER + 30_000;
      expect(await claim(store(), { now })).toEqual([]);
      await end(store(), c, "SUCCEEDED");
      expect((await claimOne(store(), { now })).run.groupId).toBe("wide");
    });

    it("wake nobody while all are taken", async () => {
      await store().setPool(aPool({ slots: 1 }));
      await planPooled(store(), names("orders", 2));
      expect(await nextWake(store(), LATER)).toBe(LATER);
      const held = await claimOne(store());
      expect(await nextWake(store(), LATER)).toBe(LATER + LEASE);
      await end(store(), held, "SUCCEEDED");
      expect(await nextWake(store(), LATER)).toBe(LATER);
    });

    it("are not given to operators that a manager does not have", async () => {
      await store().setPool(aPool());
      await planPooled(store(), ["orders"]);
      expect(await claim(store(), { operators: ["flink"] })).toEqual([]);
      expect((await store().nextWake({ operators: ["flink"], now: LATER })).claimAt).toBeUndefined();
      expect(await claim(store(), { operators: ["flink", "duckdb"] })).toHaveLength(1);
    });
  });

  describe("the runs of a pool", () => {
    it("are claimed as others are", async () => {
      await store().setPool(aPool());
      await planPooled(store(), ["orders"]);
      const { run, token, isRecovered } = await claimOne(store());
      expect(run).toMatchObject({
        state: "SUBMITTING",
        place: "active",
        attempt: 1,
        submittedAt: LATER,
        leaseUntil: LATER + LEASE,
        readyAt: null,
        isJobOpen: true,
      });
      expect(isRecovered).toBe(false);
      expect(await store().renewLeases([{ id: run.id, token }], LATER + 2 * LEASE)).toEqual([
        { isHeld: true, isCancelRequested: false },
      ]);
      expect(await runOf(store(), run.id)).toEqual({ ...run, leaseUntil: LATER + 2 * LEASE });
    });

    it("wait in their lanes first", async () => {
      await store().setPool(aPool());
      await register(store(), { spec: { pool: "warehouse" } });
      const runs = await plan(store(), { count: 3, run: { isPooled: true } });
      for (const { id } of runs) {
        const claimed = await claimOne(store());
        expect(claimed.run.id).toBe(id);
        await end(store(), claimed, "SUCCEEDED");
      }
    });

    it("are those of backfills and of a person as well", async () => {
      await store().setPool(aPool({ slots: 1 }));
      await register(store(), { spec: { pool: "warehouse" } });
      const pooled = { isPooled: true, plannedAt: START };
      await store().insertRuns([aRun({ ...minute(-9), kind: "MANUAL", ...pooled })]);
      const backfill = aBackfill();
      await store().insertBackfill(backfill);
      await store().planBackfill({
        id: backfill.id,
        cursor: START,
        newCursor: START + MINUTE,
        state: "RUNNING",
        updatedAt: START,
        runs: [aRun({ ...minute(-5), kind: "BACKFILL", backfillId: backfill.id, ...pooled })],
      });
      const first = await claimOne(store());
      expect(first.run.kind).toBe("MANUAL");
      await end(store(), first, "SUCCEEDED");
      expect((await claimOne(store())).run.kind).toBe("BACKFILL");
    });

    it("enter and leave pools with the version that they adopt", async () => {
      await store().setPool(aPool({ slots: 1 }));
      await planPooled(store(), ["holder"]);
      const held = await claimOne(store());
      await register(store());
      await plan(store());
      const adopt = (pool: string | null): Promise<boolean> =>
        change(store(), { spec: { spec: aSpec({ pool }), tzdata: "2025c" }, adoptsPlanned: true });
      await adopt("warehouse");
      expect(await claim(store())).toEqual([]);
      expect(await store().listPools()).toMatchObject([{ waitingRuns: 1 }]);
      await adopt(null);
      expect(await store().listPools()).toMatchObject([{ waitingRuns: 0 }]);
      await end(store(), await claimOne(store()), "FAILED", { isBlocking: true });
      await adopt("warehouse");
      const { version } = await scheduleOf(store());
      const [failed] = (await store().listRuns({ groupId: "orders" }, { limit: 1 })).items;
      await store().changeRuns([
        { id: failed!.id, from: ["FAILED"], state: "PLANNED", at: LATER, scheduleVersion: version },
      ]);
      expect(await claim(store())).toEqual([]);
      await end(store(), held, "SUCCEEDED");
      expect((await claimOne(store())).run.id).toBe(failed!.id);
    });

    it("know their position", async () => {
      await store().setPool(aPool({ slots: 1 }));
      await planPooled(store(), ["first"], {}, START);
      await claimOne(store());
      await planPooled(store(), ["second"], {}, START + 1);
      await planPooled(store(), ["third"], {}, START + 2);
      await planPooled(store(), ["urgent"], { priority: 1 }, START + 3);
      const [third] = (await store().listRuns({ groupId: "third" }, { limit: 1 })).items;
      const [active] = (await store().listRuns({ groupId: "first" }, { limit: 1 })).items;
      expect(await store().poolPositions(third!.id)).toEqual([
        {
          name: "warehouse",
          needs: 1,
          pool: { ...aPool({ slots: 1 }), used: 1, activeRuns: 1, waitingRuns: 3 },
          before: 2,
          usedBy: ["first"],
        },
      ]);
      expect(await store().poolPositions(active!.id)).toEqual([]);
    });
  });
}

/** Tests the rates of pools. */
export function poolRateRules({ store, second }: StoreBed): void {
  describe("the rate of a pool", () => {
    it("lets as many begin at once as in a second, then one after the other", async () => {
      await store().setPool(aPool({ slots: 100, perSecond: 2 }));
      await planPooled(store(), names("orders", 8));
      const claimAt = async (now: number): Promise<number> => (await claim(store(), { now })).length;
      expect(await claimAt(LATER)).toBe(2);
      expect(await claimAt(LATER)).toBe(0);
      expect(await nextWake(store(), LATER)).toBe(LATER + 500);
      expect(await claimAt(LATER + 499)).toBe(0);
      expect(await claimAt(LATER + 500)).toBe(1);
      expect(await claimAt(LATER + 10_000)).toBe(2);
    });

    it("is one for all managers", async () => {
      const other = await second();
      await store().setPool(aPool({ slots: 100, perSecond: 5 }));
      await planPooled(store(), names("orders", 20));
      const claims = await Promise.all([claim(store()), claim(other, { owner: "second" }), claim(store())]);
      expect(claims.flat().length + (await claim(other)).length).toBe(5);
    });

    it("is not held up by a clock that steps back", async () => {
      await store().setPool(aPool({ slots: 9, perSecond: 1 }));
      await planPooled(store(), names("orders", 3));
      expect(await claim(store(), { now: LATER })).toHaveLength(1);
      expect(await claim(store(), { now: START })).toHaveLength(1);
      expect(await nextWake(store(), START)).toBe(START + 1_000);
      expect(await claim(store(), { now: START + 1_000 })).toHaveLength(1);
    });
  });
}
