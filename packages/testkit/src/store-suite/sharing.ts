import { aNewSchedule, aPlan } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { allRuns, claim, end, idsOf, plan, register, scheduleOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Tests two concurrent managers: over two connections if the store can be shared, else over one. */
export function rivalryRules({ store, second }: StoreBed): void {
  describe("two at once", () => {
    it("register a group: one does", async () => {
      const other = await second();
      const done = await Promise.all([store(), other].map((each) => each.insertSchedules([aNewSchedule()])));
      expect(done.flat().sort()).toEqual([false, true]);
      expect(await other.listVersions("orders")).toHaveLength(1);
    });

    it("plan the same step: one does, and no interval comes twice", async () => {
      const other = await second();
      await register(store());
      for (let turn = 0; turn < 10; turn += 1) {
        const schedule = await scheduleOf(store());
        const rivals = [aPlan(schedule, { count: 2 }), aPlan(schedule, { count: 3 })];
        const done = await Promise.all([store().plan([rivals[0]!]), other.plan([rivals[1]!])]);
        expect(done.flat().sort()).toEqual([false, true]);
      }
      const runs = await allRuns(other);
      expect(runs.map(({ lower }) => lower)).toEqual([...new Set(runs.map(({ lower }) => lower))]);
      expect(runs.at(-1)?.upper).toBe((await scheduleOf(other)).watermark);
    });

    it("plan many groups in opposite orders: each is planned once", async () => {
      const other = await second();
      const groupIds = Array.from({ length: 20 }, (_, index) => `group-${index}`);
      await store().insertSchedules(groupIds.map((groupId) => aNewSchedule({ spec: { groupId } })));
      const schedules = await store().getSchedules(groupIds);
      const commits = schedules.map((schedule) => aPlan(schedule!));
      const [there, back] = await Promise.all([store().plan(commits), other.plan(commits.toReversed())]);
      const planned = there.map((isDone, index) => Number(isDone) + Number(back.at(-1 - index)));
      expect(planned).toEqual(groupIds.map(() => 1));
    });

    it("claim: no run goes to both, and none is left", async () => {
      const other = await second();
      await register(store(), { laneWidth: 200 });
      const runs = await plan(store(), { count: 200 });
      const claims = await Promise.all([
        claim(store(), { limit: 70 }),
        claim(other, { owner: "second", limit: 70 }),
        claim(store(), { limit: 70 }),
        claim(other, { owner: "second", limit: 70 }),
      ]);
      const rest = await claim(other, { owner: "second", limit: 200 });
      const ids = [...claims, rest].flatMap(idsOf);
      expect(ids.toSorted()).toEqual(idsOf(runs).toSorted());
    });

    it("end runs of one lane: its width is kept and its counts are right", async () => {
      const other = await second();
      await register(store(), { laneWidth: 4 });
      await plan(store(), { count: 40 });
      for (let turn = 0; turn < 10; turn += 1) {
        const claimed = await claim(store());
        expect(claimed).toHaveLength(4);
        const ends = claimed.map((one, index) => end(index % 2 === 0 ? store() : other, one, "SUCCEEDED"));
        expect(await Promise.all(ends)).toEqual([true, true, true, true]);
      }
      expect(await scheduleOf(other)).toMatchObject({ admittedRuns: 0, waitingRuns: 0 });
      expect(await other.coverage("orders")).toMatchObject([{ state: "SUCCEEDED", runs: 40 }]);
    });

    it("end the same run: one does", async () => {
      const other = await second();
      await register(store());
      await plan(store());
      const [claimed] = await claim(store());
      const done = await Promise.all([end(store(), claimed!, "SUCCEEDED"), end(other, claimed!, "FAILED")]);
      expect(done.sort()).toEqual([false, true]);
    });
  });
}
