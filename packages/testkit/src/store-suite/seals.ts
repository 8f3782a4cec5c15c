import type { ScheduleStore, SealChange } from "@tidegate/core/store";
import { MINUTE, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { LATER, register, scheduleOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

async function seal(store: ScheduleStore, overrides: Partial<SealChange> = {}): Promise<boolean> {
  const { groupId = "orders" } = overrides;
  const { incarnation } = await scheduleOf(store, groupId);
  const rest = { through: START + MINUTE, note: "January is closed.", sealedAt: LATER, expected: null };
  return store.putSeal({ groupId, incarnation, ...rest, ...overrides });
}

/** Tests `putSeal` and `getSeals`. */
export function sealRules({ store, second, reopened, supports }: StoreBed): void {
  describe("a seal", () => {
    it("is kept as it is given, for its group only", async () => {
      for (const groupId of ["orders", "other"]) await register(store(), { spec: { groupId } });
      expect(await store().getSeals(["orders"])).toEqual([undefined]);
      expect(await seal(store())).toBe(true);
      const kept = {
        groupId: "orders",
        through: START + MINUTE,
        note: "January is closed.",
        sealedAt: LATER,
      };
      expect(await store().getSeals(["other", "nobody", "orders"])).toEqual([undefined, undefined, kept]);
    });

    it("is written over by whoever saw it, in either direction", async () => {
      await register(store());
      await seal(store(), { through: 30 });
      expect(await seal(store(), { through: 50, expected: 30 })).toBe(true);
      expect(await seal(store(), { through: 10, expected: 50, note: "Opened again.", sealedAt: 7 })).toBe(
        true,
      );
      const kept = { groupId: "orders", through: 10, note: "Opened again.", sealedAt: 7 };
      expect(await store().getSeals(["orders"])).toEqual([kept]);
    });

    it("is refused to whoever saw another one, or another ledger", async () => {
      await register(store());
      expect(await seal(store(), { expected: 30 })).toBe(false);
      await seal(store(), { through: 30 });
      expect(await seal(store(), { through: 50 })).toBe(false);
      expect(await seal(store(), { through: 50, expected: 31 })).toBe(false);
      expect(await seal(store(), { through: 50, expected: 30, incarnation: "other" })).toBe(false);
      expect(await store().getSeals(["orders"])).toMatchObject([{ through: 30 }]);
      const nobody = {
        groupId: "nobody",
        incarnation: "",
        through: 1,
        note: "",
        sealedAt: 1,
        expected: null,
      };
      expect(await store().putSeal(nobody)).toBe(false);
    });

    it("is written by one of many who come at the same time", async () => {
      await register(store());
      const other = await second();
      const sealed = await Promise.all(
        [store(), other, store(), other].map((each, n) => seal(each, { through: n })),
      );
      expect(sealed.filter((isSealed) => isSealed)).toHaveLength(1);
    });

    it("goes with the ledger when it is purged", async () => {
      await register(store());
      await seal(store());
      await store().purgeSchedule("orders");
      expect(await store().getSeals(["orders"])).toEqual([undefined]);
      await register(store());
      expect(await store().getSeals(["orders"])).toEqual([undefined]);
    });

    (supports.reopen ? it : it.skip)("is still there after a restart", async () => {
      await register(store());
      await seal(store());
      const kept = await store().getSeals(["orders"]);
      const next = await reopened();
      expect(await next.getSeals(["orders"])).toEqual(kept);
    });
  });
}
