import { START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { claimOne, plan, register } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Tests `inspect`. */
export function inspectionRules({ store, second }: StoreBed): void {
  describe("an inspection", () => {
    it("names the tables in order, with how large they are as far as the store knows", async () => {
      await register(store());
      const { kind, bytes, tables } = await store().inspect();
      expect(kind).toMatch(/^[a-z]+$/);
      const names = tables.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(["backfill", "run", "schedule"]));
      expect(names).toEqual([...names].sort());
      for (const size of [bytes, ...tables.flatMap((table) => [table.rows, table.bytes])]) {
        expect(size === null || (Number.isSafeInteger(size) && size >= 0)).toBe(true);
      }
    });

    it("names the managers that share the store, and none of a store that is not shared", async () => {
      const other = await second();
      await store().tellChanges({ by: "b", at: START, changes: [] });
      await other.tellChanges({ by: "a", at: START + 1, changes: [] });
      await register(store());
      await plan(store());
      const { run } = await claimOne(store(), { owner: "a" });
      const told = [
        { name: "a", seenAt: START + 1, leases: 1, leaseUntil: run.leaseUntil },
        { name: "b", seenAt: START, leases: 0, leaseUntil: null },
      ];
      const { isShared } = store();
      expect((await other.inspect()).managers).toEqual(isShared ? told : []);
      await other.tellChanges({ by: "b", at: START + 2, changes: [], isLast: true });
      expect((await store().inspect()).managers).toEqual(isShared ? told.slice(0, 1) : []);
    });
  });
}
