import type { ScheduleStatus } from "@tidegate/core";
import type { DueQuery, ScheduleStore } from "@tidegate/core/store";
import { MINUTE, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { change, LATER, plan, register } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

async function dueGroups(store: ScheduleStore, query: Partial<DueQuery> = {}): Promise<string[]> {
  const due = await store.due({ before: LATER, limit: 100, ...query });
  return due.map(({ groupId }) => groupId);
}

/** Registers a schedule whose next fire is due after this many minutes. */
function dueAfter(store: ScheduleStore, groupId: string, minutes: number, engine = "embedded") {
  return register(store, { spec: { groupId, engine }, nextFireAt: START + minutes * MINUTE });
}

/** Tests `due`. */
export function dueRules({ store }: StoreBed): void {
  describe("due", () => {
    it("tells group, version, engine, when and for which nominal time", async () => {
      await register(store(), { spec: { delayMs: 5_000 }, nextFireAt: START + MINUTE + 5_000 });
      expect(await store().due({ before: LATER, limit: 1 })).toEqual([
        {
          groupId: "orders",
          version: 1,
          engine: "embedded",
          fireAt: START + MINUTE + 5_000,
          scheduledTime: START + MINUTE,
        },
      ]);
    });

    it("brings the earliest first, at most as many as asked for", async () => {
      await dueAfter(store(), "late", 3);
      await dueAfter(store(), "early", 1);
      await dueAfter(store(), "middle", 2);
      expect(await dueGroups(store())).toEqual(["early", "middle", "late"]);
      expect(await dueGroups(store(), { limit: 2 })).toEqual(["early", "middle"]);
      expect(await dueGroups(store(), { limit: 2 })).toEqual(["early", "middle"]);
    });

    it("includes both bounds", async () => {
      for (const minutes of [1, 2, 3, 4]) await dueAfter(store(), `g${minutes}`, minutes);
      const bounds = { from: START + 2 * MINUTE, before: START + 3 * MINUTE };
      expect(await dueGroups(store(), bounds)).toEqual(["g2", "g3"]);
      expect(await dueGroups(store(), { before: START + MINUTE })).toEqual(["g1"]);
      expect(await dueGroups(store(), { before: START + MINUTE - 1 })).toEqual([]);
    });

    it("tells one engine's alone where it is named", async () => {
      await dueAfter(store(), "a", 1, "bullmq");
      await dueAfter(store(), "b", 2);
      await dueAfter(store(), "c", 3, "bullmq");
      expect(await dueGroups(store(), { engine: "bullmq" })).toEqual(["a", "c"]);
      expect(await dueGroups(store(), { engine: "bullmq", from: START + 2 * MINUTE })).toEqual(["c"]);
      expect(await dueGroups(store(), { engine: "bullmq", limit: 1 })).toEqual(["a"]);
    });

    it.each([
      ["REGISTERING", true],
      ["REGISTERED", true],
      ["FAILED", true],
      ["PAUSED", false],
      ["DELETING", false],
      ["DELETED", false],
    ] as const)("of a schedule that is %s: %j", async (status, isDue) => {
      await register(store());
      await change(store(), { status: status satisfies ScheduleStatus });
      expect(await dueGroups(store())).toEqual(isDue ? ["orders"] : []);
    });

    it("tells nothing of a schedule that has ended", async () => {
      await register(store(), { nextFireAt: null });
      expect(await dueGroups(store())).toEqual([]);
    });

    it("follows plans and changes", async () => {
      await register(store());
      await plan(store(), { count: 2 });
      expect(await store().due({ before: LATER, limit: 1 })).toMatchObject([{ fireAt: START + 3 * MINUTE }]);
      await change(store(), { nextFireAt: START + 7 * MINUTE });
      expect(await store().due({ before: LATER, limit: 1 })).toMatchObject([{ fireAt: START + 7 * MINUTE }]);
      await change(store(), { status: "PAUSED" });
      await change(store(), { status: "REGISTERED" });
      expect(await store().due({ before: LATER, limit: 1 })).toMatchObject([{ fireAt: START + 7 * MINUTE }]);
    });
  });
}
