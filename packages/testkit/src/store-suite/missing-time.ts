import type { Interval, ScheduleInfo } from "@tidegate/core";
import type { MissingTimeQuery, NewRun, ScheduleStore } from "@tidegate/core/store";
import { aRun, MINUTE, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { change, claim, claimOne, end, history, LATER, plan, register, scheduleOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";
import { aReport, aReportedRun, registerSource } from "./reports.js";

/** The first minutes of the ledger. */
const upTo = (minutes: number): Interval => ({ lower: START, upper: START + minutes * MINUTE });

/** Tests `missingTime` and `dependentsOf`: what dependencies between groups are checked by. */
export function dependencyRules({ store }: StoreBed): void {
  /** The missing time of a group, as `from-to` in minutes of the ledger. */
  const missing = async (within: Interval, more: Partial<MissingTimeQuery> = {}): Promise<string> => {
    const query = { groupId: "orders", within, by: "succeeded", ...more } as const;
    const [set = []] = await store().missingTime([query]);
    return set.map(({ lower, upper }) => `${(lower - START) / MINUTE}-${(upper - START) / MINUTE}`).join(" ");
  };
  const rerun = async (
    { lower, upper }: Interval,
    generation: number,
    state?: "SUCCEEDED" | "FAILED",
  ): Promise<NewRun> => {
    const run = aRun({ kind: "MANUAL", lower, upper, generation });
    await store().insertRuns([run]);
    if (state !== undefined) await end(store(), await claimOne(store()), state);
    return run;
  };

  describe("the missing time of a group", () => {
    it("is all of it without a schedule, and what is not planned yet", async () => {
      expect(await missing(upTo(3))).toBe("0-3");
      await register(store());
      expect(await missing(upTo(3))).toBe("0-3");
      await history(store(), ["SUCCEEDED", "SUCCEEDED"]);
      expect(await missing(upTo(3))).toBe("2-3");
      expect(await missing(upTo(2))).toBe("");
    });

    it("begins before the ledger, unless a backfill covers it", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED"]);
      const before = { lower: START - 2 * MINUTE, upper: START + MINUTE };
      expect(await missing(before)).toBe("-2-0");
      await rerun({ lower: START - MINUTE, upper: START }, 0, "SUCCEEDED");
      expect(await missing(before)).toBe("-2--1");
    });

    it("is that of runs in every state but SUCCEEDED", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED", "FAILED", "SUCCEEDED", "CANCELLED"]);
      await plan(store(), { count: 1, run: { state: "SKIPPED", reason: "catchup-dropped" } });
      await history(store(), ["SUCCEEDED"]);
      await plan(store(), { count: 3 });
      await claimOne(store());
      expect(await missing(upTo(9))).toBe("1-2 3-5 6-9");
      expect(await missing({ lower: START + 2 * MINUTE, upper: START + 4 * MINUTE })).toBe("3-4");
      expect(await missing({ lower: START + 2.5 * MINUTE, upper: START + 3.5 * MINUTE })).toBe("3-3.5");
    });

    it("is that of runs that gates hold, are ready, or wait for an attempt", async () => {
      await register(store(), { laneWidth: 3 });
      await plan(store(), { count: 1, run: { gating: "overtakable" } });
      await plan(store(), { count: 2 });
      const [first] = await claim(store(), { limit: 1 });
      const again = { id: first!.run.id, from: ["SUBMITTING"], token: first!.token, at: LATER } as const;
      await store().changeRuns([{ ...again, state: "PLANNED", place: "ready", readyAt: LATER + 9 }]);
      expect(await missing(upTo(3))).toBe("0-3");
    });

    it("counts what was given up on purpose as settled, and nothing else", async () => {
      await register(store());
      await history(store(), ["FAILED", "SUCCEEDED"]);
      await plan(store(), { count: 1, run: { state: "SKIPPED", reason: "overlap-dropped" } });
      for (const reason of ["cancelled", "overlap-cancelled", "source-expired", "unregistered"] as const) {
        const [run] = await plan(store(), { count: 1 });
        await store().changeRuns([{ id: run!.id, from: ["PLANNED"], state: "CANCELLED", reason, at: LATER }]);
      }
      expect(await missing(upTo(7))).toBe("0-1 2-7");
      expect(await missing(upTo(7), { by: "settled" })).toBe("0-1 4-6");
      await change(store(), { status: "DELETED" });
      expect(await missing(upTo(7), { by: "settled" })).toBe("0-1 4-7");
    });

    it("keeps what an earlier generation has covered until the next one has succeeded, unless asked for quiet", async () => {
      await register(store());
      await history(store(), ["SUCCEEDED", "FAILED", "SUCCEEDED"]);
      await rerun(minute(0), 1);
      expect(await missing(upTo(3))).toBe("1-2");
      expect(await missing(upTo(3), { isQuiet: true })).toBe("0-2");
      await end(store(), await claimOne(store()), "FAILED");
      expect(await missing(upTo(3), { isQuiet: true })).toBe("1-2");
      await rerun(minute(1), 1, "SUCCEEDED");
      expect(await missing(upTo(3))).toBe("");
    });

    it("is none of runs that have ended before the end of a snapshot, and none before the ledger, once that has succeeded", async () => {
      await register(store());
      await history(store(), ["FAILED", "SUCCEEDED", "CANCELLED"]);
      await plan(store(), { count: 1, run: { state: "SKIPPED", reason: "overlap-dropped" } });
      const [copy] = await plan(store(), { count: 1, run: { snapshot: { cause: "requested", note: "" } } });
      expect(await missing(upTo(5))).toBe("0-1 2-5");
      const claimed = await claimOne(store());
      expect(claimed.run.id).toBe(copy!.id);
      await end(store(), claimed, "FAILED");
      expect(await missing(upTo(5))).toBe("0-1 2-5");
      const again = { id: copy!.id, from: ["FAILED"], state: "PLANNED", at: LATER, endedAt: null } as const;
      await store().changeRuns([again]);
      await end(store(), await claimOne(store()), "SUCCEEDED");
      await history(store(), ["FAILED"]);
      await plan(store(), { count: 1 });
      const before = { lower: START - MINUTE, upper: START + 7 * MINUTE };
      expect(await missing(before)).toBe("5-7");
      expect(await missing(before, { by: "settled" })).toBe("5-7");
      expect(await missing({ lower: START + 2.5 * MINUTE, upper: START + 3.5 * MINUTE })).toBe("");
    });

    it("is all that nobody has reported of a source group, gaps included", async () => {
      await registerSource(store());
      const groupId = "deliveries";
      expect(await missing(upTo(9), { groupId })).toBe("0-9");
      for (const minutes of [
        [1, 3],
        [5, 6],
      ] as const)
        expect(await store().report(aReport(minutes, [aReportedRun(minutes)]))).toBe(true);
      expect(await missing(upTo(9), { groupId })).toBe("0-1 3-5 6-9");
      expect(await missing(minute(2), { groupId })).toBe("");
    });

    it("is found by query, over many runs and groups at once", async () => {
      await register(store(), { laneWidth: 1_000 });
      await register(store(), { spec: { groupId: "payments" } });
      await plan(store(), { count: 200 });
      for (const [index, claimed] of (await claim(store(), { limit: 200 })).entries())
        if (index % 50 !== 7) await end(store(), claimed, "SUCCEEDED");
      const of = (groupId: string, within: Interval) => ({ groupId, within, by: "succeeded" }) as const;
      const found = await store().missingTime([
        of("orders", upTo(200)),
        of("payments", upTo(1)),
        of("orders", minute(7)),
        of("orders", minute(8)),
      ]);
      expect(found.map((set) => set.length)).toEqual([4, 1, 1, 0]);
      const total = found[0]!.reduce((sum, { lower, upper }) => sum + upper - lower, 0);
      expect(total).toBe(4 * MINUTE);
      expect(await store().missingTime([])).toEqual([]);
    });
  });

  describe("the dependents of a group", () => {
    const on = (...groupIds: string[]): Pick<ScheduleInfo, "dependsOn"> & object => ({
      dependsOn: { all: groupIds.map((groupId) => ({ groupId })) },
    });
    const dependents = (inStore: ScheduleStore, ...ids: string[]) => inStore.dependentsOf(ids);

    it("are those whose current versions name it, also in a branch, in order", async () => {
      await register(store());
      await register(store(), { spec: { groupId: "z", ...on("orders", "payments", "z") } as never });
      await register(store(), {
        spec: {
          groupId: "b",
          dependsOn: { any: [{ groupId: "x" }, { all: [{ groupId: "orders" }] }] },
        } as never,
      });
      expect(await dependents(store(), "orders", "payments", "z", "nobody")).toEqual([
        ["b", "z"],
        ["z"],
        [],
        [],
      ]);
    });

    it("follow updates and purges, not what has been said of others", async () => {
      await register(store(), { spec: { groupId: "a", ...on("orders") } as never });
      const { spec } = await scheduleOf(store(), "a");
      const update = (dependsOn: unknown) =>
        change(store(), { spec: { spec: { ...spec, dependsOn } as never, tzdata: "2025c" } }, "a");
      await update({ groupId: "payments" });
      expect(await dependents(store(), "orders", "payments")).toEqual([[], ["a"]]);
      await update(null);
      expect(await dependents(store(), "orders", "payments")).toEqual([[], []]);
      await update({ groupId: "orders" });
      await change(store(), { status: "DELETED" }, "a");
      expect(await dependents(store(), "orders")).toEqual([["a"]]);
      await store().purgeSchedule("a");
      expect(await dependents(store(), "orders")).toEqual([[]]);
    });
  });
}
