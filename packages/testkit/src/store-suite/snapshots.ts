import type { RunSnapshot } from "@tidegate/core";
import { aRun, MINUTE } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { allRuns, claim, claimOne, end, ending, idsOf, LATER, plan, register, runOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

const FIRST: RunSnapshot = { cause: "first", note: "" };
const ASKED: RunSnapshot = { cause: "requested", note: 'the "old" copy is {lost}, \\N' };

/** Tests which runs read everything up to their upper bounds. */
export function snapshotRules({ store, second, reopened, supports }: StoreBed): void {
  describe("snapshots", () => {
    it("are noted with the plan that makes them; other runs are none", async () => {
      const schedule = await register(store());
      const [first] = await plan(store(), { run: { snapshot: FIRST } });
      const [next] = await plan(store());
      expect(schedule.watermark).toBe(first!.lower);
      expect((await runOf(store(), first!.id)).snapshot).toEqual(FIRST);
      expect((await runOf(store(), next!.id)).snapshot).toBeNull();
    });

    it("are claimed as such, at the first attempt and at later ones", async () => {
      await register(store());
      const [planned] = await plan(store(), { run: { snapshot: ASKED } });
      const [claimed] = await claim(store());
      expect(claimed!.run).toMatchObject({ id: planned!.id, snapshot: ASKED });
      expect((await store().listRuns({}, {})).items[0]!.snapshot).toEqual(ASKED);
      expect((await runOf(await second(), planned!.id)).snapshot).toEqual(ASKED);
    });

    it("are listed by themselves, of a group and of all groups", async () => {
      await register(store());
      await register(store(), { spec: { groupId: "other" } });
      const [first] = await plan(store(), { run: { snapshot: FIRST } });
      await plan(store(), { count: 2 });
      const isSnapshot = true as const;
      const states = ["PLANNED", "FAILED"] as const;
      expect(idsOf(await allRuns(store(), { isSnapshot }))).toEqual([first!.id]);
      expect(idsOf(await allRuns(store(), { isSnapshot, groupId: "orders", states }))).toEqual([first!.id]);
      expect(await allRuns(store(), { isSnapshot, groupId: "other" })).toEqual([]);
      expect(await allRuns(store(), { isSnapshot, states: ["SUCCEEDED"] })).toEqual([]);
    });

    it("may be beside the lane, and be cancelled and planned again without ceasing to be one", async () => {
      await register(store());
      await plan(store(), { count: 1 });
      const beside = aRun({ kind: "MANUAL", generation: 1, snapshot: ASKED });
      expect(await store().insertRuns([beside])).toEqual([true]);
      const at = beside.plannedAt;
      const cancel = { id: beside.id, from: ["PLANNED"], state: "CANCELLED", at, endedAt: at } as const;
      expect(await store().changeRuns([{ ...cancel, reason: "cancelled" }])).toEqual([true]);
      const again = { id: beside.id, from: ["CANCELLED"], state: "PLANNED", at, endedAt: null } as const;
      expect(await store().changeRuns([{ ...again, reason: null, attempt: 0 }])).toEqual([true]);
      expect((await runOf(store(), beside.id)).snapshot).toEqual(ASKED);
    });

    it("keep what a change says of them, together with the rest of it", async () => {
      await register(store());
      await register(store(), { spec: { groupId: "other" } });
      const [planned] = await plan(store(), { run: { snapshot: ASKED } });
      const [plain] = await plan(store(), {}, "other");
      const claims = await claim(store());
      const known: RunSnapshot = { ...ASKED, consistentFrom: LATER };
      const changes = claims.map((claimed) => {
        const change = ending(claimed, "SUCCEEDED", { endedAt: LATER });
        return claimed.run.id === planned!.id ? { ...change, snapshot: known } : change;
      });
      const outdated = { ...changes[0]!, id: planned!.id, token: 999, snapshot: FIRST };
      expect(await store().changeRuns([outdated])).toEqual([false]);
      expect(await store().changeRuns(changes)).toEqual([true, true]);
      const after = await runOf(await second(), planned!.id);
      expect(after).toMatchObject({ state: "SUCCEEDED", endedAt: LATER });
      expect(after.snapshot).toEqual(known);
      expect((await runOf(store(), plain!.id)).snapshot).toBeNull();
    });

    it("have all time before the ledger begins, once they have succeeded", async () => {
      const { origin } = await register(store());
      await plan(store(), { run: { snapshot: FIRST } });
      const within = { lower: origin - 5 * MINUTE, upper: origin + MINUTE };
      const missing = () => store().missingTime([{ groupId: "orders", within, by: "succeeded" }]);
      expect(await missing()).toEqual([[within]]);
      await end(store(), await claimOne(store()), "SUCCEEDED");
      expect(await missing()).toEqual([[]]);
      await plan(store());
      const behind = { ...within, upper: origin + 2 * MINUTE };
      expect(await store().missingTime([{ groupId: "orders", within: behind, by: "succeeded" }])).toEqual([
        [{ lower: origin + MINUTE, upper: behind.upper }],
      ]);
    });

    if (supports.reopen)
      it("are there after the store was opened again", async () => {
        await register(store());
        const [planned] = await plan(store(), { run: { snapshot: ASKED } });
        expect((await runOf(await reopened(), planned!.id)).snapshot).toEqual(ASKED);
      });
  });
}
