import type { ScheduleStore } from "@tidegate/core/store";
import { aBackfill, aNewSchedule, aPlan, aRun, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { claim, dueAtGates, LATER, nextWake, plan, register, scheduleOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

const CALLS: Readonly<Record<string, (store: ScheduleStore) => Promise<unknown>>> = {
  insertSchedules: (store) => store.insertSchedules([aNewSchedule()]),
  changeSchedules: (store) =>
    store.changeSchedules([
      { groupId: "orders", expected: { version: 1, statuses: ["REGISTERED"] }, updatedAt: START },
    ]),
  getSchedules: (store) => store.getSchedules(["orders"]),
  listSchedules: (store) => store.listSchedules({}, {}),
  listVersions: (store) => store.listVersions("orders"),
  purgeSchedule: (store) => store.purgeSchedule("orders"),
  due: (store) => store.due({ before: LATER, limit: 1 }),
  plan: (store) => store.plan([aPlan({ ...aNewSchedule(), version: 1 })]),
  insertRuns: (store) => store.insertRuns([aRun({ kind: "MANUAL" })]),
  report: (store) =>
    store.report({
      groupId: "orders",
      incarnation: "",
      ...minute(0),
      standing: [],
      supersedes: [],
      runs: [{ ...aRun({ kind: "REPORTED" }), state: "SUCCEEDED", report: { version: null, note: "" } }],
    }),
  noteStale: (store) => store.noteStale([aRun().id]),
  claim: (store) => claim(store),
  changeRuns: (store) =>
    store.changeRuns([{ id: aRun().id, from: ["PLANNED"], state: "CANCELLED", at: LATER }]),
  renewLeases: (store) => store.renewLeases([{ id: aRun().id, token: 1 }], LATER),
  requestCancel: (store) => store.requestCancel([aRun().id], "cancelled"),
  lastClaims: (store) => store.lastClaims([aRun().id]),
  now: (store) => store.now(),
  nextWake: (store) => nextWake(store),
  listGated: (store) => dueAtGates(store),
  settleGates: (store) => store.settleGates([]),
  markReady: (store) => store.markReady(aRun().id, { at: LATER, note: "" }),
  getRuns: (store) => store.getRuns([aRun().id]),
  listRuns: (store) => store.listRuns({}, {}),
  coverage: (store) => store.coverage("orders"),
  generationDigests: (store) => store.generationDigests([{ groupId: "orders", ...minute(0) }]),
  tally: (store) => store.tally("orders", 0),
  insertBackfill: (store) => store.insertBackfill(aBackfill()),
  planBackfill: (store) =>
    store.planBackfill({
      id: aBackfill().id,
      cursor: START,
      newCursor: START,
      state: "DONE",
      updatedAt: START,
      runs: [],
    }),
  getBackfill: (store) => store.getBackfill(aBackfill().id),
  listBackfills: (store) => store.listBackfills({}),
};

/** Tests `open` and `close`. */
export function lifecycleRules({ store, second, supports }: StoreBed): void {
  describe("open", () => {
    it("does nothing where the store is open", async () => {
      await register(store());
      await plan(store());
      await claim(store());
      await store().open();
      expect(await claim(store())).toEqual([]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1 });
    });
  });

  describe("now", () => {
    it("is an instant in whole milliseconds, and does not go back", async () => {
      const first = await store().now();
      const second = await store().now();
      expect(Number.isSafeInteger(first)).toBe(true);
      expect(second).toBeGreaterThanOrEqual(first);
    });

    (supports.sharing ? it : it.skip)("is one clock for all who share the store", async () => {
      const other = await second();
      const first = await store().now();
      const theirs = await other.now();
      const last = await store().now();
      expect(theirs).toBeGreaterThanOrEqual(first);
      expect(theirs).toBeLessThanOrEqual(last);
    });
  });

  describe("close", () => {
    it.each(Object.keys(CALLS))("is followed by STORE_CLOSED from %s", async (name) => {
      await store().close();
      await expect(CALLS[name]!(store())).rejects.toMatchObject({ code: "STORE_CLOSED" });
    });

    it("waits for what is being written", async () => {
      const written = store().insertSchedules([aNewSchedule()]);
      await store().close();
      expect(await written).toEqual([true]);
    });

    it("waits for what was asked for while others were being written", async () => {
      const { spec, version } = await register(store());
      const steps = [0, 1, 2, 3].map((n) =>
        store().plan([aPlan({ spec, version, watermark: minute(n).lower })]),
      );
      await store().close();
      expect(await Promise.all(steps)).toEqual([[true], [true], [true], [true]]);
    });
  });
}
