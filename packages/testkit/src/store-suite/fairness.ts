import type { ScheduleStore } from "@tidegate/core/store";
import { MINUTE, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { change, claim, end, LATER, plan, register } from "./conduct.js";
import type { StoreBed } from "./fixture.js";
import { aPool, claimInTurn, groupsOf, names, planPooled } from "./pools.js";

/** Runs planned at this instant lag behind their schedules; those planned a minute after the start do not. */
const LAGGING = LATER - 1;

/** Claims and ends one run after the other; returns their groups. */
async function carryOutInTurn(store: ScheduleStore, count: number): Promise<string[]> {
  const groupIds: string[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    for (const claimed of await claimInTurn(store, 1)) {
      groupIds.push(claimed.run.groupId);
      await end(store, claimed, "SUCCEEDED");
    }
  }
  return groupIds;
}

const countOf = (groupIds: readonly string[], prefix: string): number =>
  groupIds.filter((groupId) => groupId.startsWith(prefix)).length;

/** Tests the order in which the runs of pools are claimed. */
export function fairnessRules({ store }: StoreBed): void {
  describe("priorities", () => {
    it("decide within a pool, the smaller first", async () => {
      await store().setPool(aPool({ slots: 1 }));
      for (const priority of [3, 5, 1, 4, 2]) await planPooled(store(), [`p${priority}`], { priority });
      expect(await carryOutInTurn(store(), 5)).toEqual(["p1", "p2", "p3", "p4", "p5"]);
    });

    it("count without a pool: 1 and 2 come before runs that have none, 4 and 5 after them", async () => {
      await planPooled(store(), ["low"], { pool: null, priority: 4 }, START);
      for (const groupId of names("plain", 3)) {
        await register(store(), { spec: { groupId } });
        await plan(store(), {}, groupId);
      }
      await planPooled(store(), ["high"], { pool: null, priority: 2 });
      const claimed = groupsOf(await claim(store()));
      expect(claimed.filter((groupId) => !groupId.startsWith("plain"))).toEqual(["high", "low"]);
      expect(claimed[0]).toBe("high");
      expect(claimed.at(-1)).toBe("low");
    });

    it("leave runs that have none half of the places, and have the other half", async () => {
      await store().setPool(aPool({ slots: 100 }));
      await planPooled(store(), names("pooled", 20));
      for (const groupId of names("plain", 20)) {
        await register(store(), { spec: { groupId } });
        await plan(store(), {}, groupId);
      }
      const claimed = groupsOf(await claim(store(), { limit: 16 }));
      expect(countOf(claimed, "pooled")).toBeGreaterThanOrEqual(7);
      expect(countOf(claimed, "plain")).toBeGreaterThanOrEqual(8);
    });
  });

  describe("fairness", () => {
    it("gives each tenant its turn, however many runs one of them has", async () => {
      await store().setPool(aPool({ slots: 1 }));
      await planPooled(store(), names("big", 60), { labels: { tenant: "big" } }, START);
      const small = names("small", 5);
      for (const groupId of small) await planPooled(store(), [groupId], { labels: { tenant: groupId } });
      const first = await carryOutInTurn(store(), 6);
      expect(countOf(first, "big")).toBe(1);
      expect(first.filter((groupId) => groupId.startsWith("small")).sort()).toEqual(small);
    });

    it("goes on where it was with the next claim: who was idle has nothing saved up", async () => {
      await store().setPool(aPool({ slots: 1 }));
      await planPooled(store(), names("a", 20), { fairnessKey: "a" });
      await carryOutInTurn(store(), 10);
      await planPooled(store(), names("b", 20), { fairnessKey: "b" });
      const next = await carryOutInTurn(store(), 10);
      expect(countOf(next, "a")).toBeGreaterThanOrEqual(4);
      expect(countOf(next, "b")).toBeGreaterThanOrEqual(4);
    });

    it("gives a key its weight", async () => {
      await store().setPool(aPool({ slots: 1 }));
      await planPooled(store(), names("light", 20), { fairnessKey: "light" });
      await planPooled(store(), names("heavy", 20), { fairnessKey: "heavy", fairnessWeight: 3 });
      expect(countOf(await carryOutInTurn(store(), 16), "heavy")).toBe(12);
    });

    it("counts slots, not runs", async () => {
      await store().setPool(aPool({ slots: 3 }));
      const wide = [{ name: "warehouse", slots: 3 }];
      await planPooled(store(), names("wide", 20), { pool: wide, fairnessKey: "wide" });
      await planPooled(store(), names("narrow", 20), { fairnessKey: "narrow" });
      expect(countOf(await carryOutInTurn(store(), 16), "narrow")).toBe(12);
    });

    it("bears no grudge for runs that were cancelled", async () => {
      await store().setPool(aPool({ slots: 1 }));
      const cancelled = names("cancelled", 30);
      await planPooled(store(), cancelled, { fairnessKey: "a" });
      await planPooled(store(), names("b", 10), { fairnessKey: "b" });
      for (const groupId of cancelled) await change(store(), { cancelPlanned: "cancelled" }, groupId);
      await planPooled(store(), ["next"], { fairnessKey: "a" });
      expect(await carryOutInTurn(store(), 2)).toContain("next");
    });

    it("is within a priority", async () => {
      await store().setPool(aPool({ slots: 1 }));
      await planPooled(store(), names("urgent", 5), { fairnessKey: "a", priority: 1 });
      await planPooled(store(), names("a", 5), { fairnessKey: "a" });
      await planPooled(store(), names("b", 5), { fairnessKey: "b" });
      expect(countOf(await carryOutInTurn(store(), 5), "urgent")).toBe(5);
      expect(countOf(await carryOutInTurn(store(), 4), "a")).toBe(2);
    });
  });

  describe("the share of backlogs", () => {
    const planBoth = async (share: { slots: number; backfillShare?: number }): Promise<void> => {
      await store().setPool(aPool(share));
      await planPooled(store(), names("late", 20), {}, LAGGING);
      await planPooled(store(), names("fresh", 20));
    };

    it("is the most that they use while others wait", async () => {
      await planBoth({ slots: 8, backfillShare: 0.25 });
      expect(countOf(groupsOf(await claim(store())), "late")).toBe(2);
    });

    it("is all of the pool if nothing else waits", async () => {
      await store().setPool(aPool({ slots: 8 }));
      await planPooled(store(), names("late", 20), {}, LAGGING);
      const held = await claim(store());
      expect(held).toHaveLength(8);
      await planPooled(store(), names("fresh", 20));
      for (const claimed of held.slice(0, 4)) await end(store(), claimed, "SUCCEEDED");
      expect(countOf(groupsOf(await claim(store())), "fresh")).toBe(4);
    });

    it("is theirs, so that neither starves, even in a pool of one slot", async () => {
      await planBoth({ slots: 1 });
      const claimed = await carryOutInTurn(store(), 12);
      expect(countOf(claimed, "late")).toBe(6);
    });

    it("is left to others if it cannot be used", async () => {
      await store().setPool(aPool({ slots: 4 }));
      await planPooled(store(), ["late"], {}, LAGGING);
      await planPooled(store(), names("fresh", 20));
      expect(groupsOf(await claim(store()))).toHaveLength(4);
    });
  });

  describe("a run that needs several slots", () => {
    it("gets its turn although others of one slot never end coming", async () => {
      await store().setPool(aPool({ slots: 2 }));
      const pool = [{ name: "warehouse", slots: 2 }];
      let now = LATER;
      await planPooled(store(), names("narrow-0", 2));
      const leaseUntil = LATER + 60 * MINUTE;
      let held = await claim(store(), { now, leaseUntil });
      await planPooled(store(), ["wide"], { pool });
      let round = 0;
      while (!groupsOf(held).includes("wide") && round < 20) {
        round += 1;
        now += 10_000;
        await planPooled(store(), names(`narrow-${round}`, 2));
        await end(store(), held[0]!, "SUCCEEDED");
        held = [...held.slice(1), ...(await claim(store(), { now, leaseUntil }))];
      }
      expect(groupsOf(held)).toEqual(["wide"]);
    });
  });
}
