import { aBackfill, aNewSchedule, aRun, aSpec, MINUTE, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { change, plan, register, scheduleOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Tests `insertSchedules`, `getSchedules`. */
export function registrationRules({ store }: StoreBed): void {
  describe("insertSchedules", () => {
    it("inserts version 1 with nothing planned", async () => {
      const added = aNewSchedule({ nextFireAt: null, status: "REGISTERING", createdAt: START + 5 });
      expect(await store().insertSchedules([added])).toEqual([true]);
      expect(await scheduleOf(store())).toEqual({
        spec: added.spec,
        version: 1,
        incarnation: added.incarnation,
        status: "REGISTERING",
        statusReason: null,
        unreadable: null,
        origin: START,
        watermark: START,
        nextFireAt: null,
        offsets: null,
        admittedRuns: 0,
        gatedRuns: 0,
        waitingRuns: 0,
        blockingRuns: 0,
        createdAt: START + 5,
        updatedAt: START + 5,
      });
    });

    it("leaves a group that has a schedule as it is, a deleted one included", async () => {
      await register(store(), { status: "DELETED" });
      const before = await scheduleOf(store());
      const again = aNewSchedule({ spec: { description: "another" } });
      expect(await store().insertSchedules([again])).toEqual([false]);
      expect(await scheduleOf(store())).toEqual(before);
    });

    it("decides each of a batch by itself", async () => {
      await register(store());
      const batch = ["orders", "stock", "stock"].map((groupId) => aNewSchedule({ spec: { groupId } }));
      expect(await store().insertSchedules(batch)).toEqual([false, true, false]);
    });

    it("answers an empty batch with an empty one", async () => {
      expect(await store().insertSchedules([])).toEqual([]);
    });
  });

  describe("getSchedules", () => {
    it("answers in the order asked, with undefined where there is none", async () => {
      await register(store(), { spec: { groupId: "a" } });
      await register(store(), { spec: { groupId: "b" } });
      const found = await store().getSchedules(["b", "nobody", "a", "b"]);
      expect(found.map((schedule) => schedule?.spec.groupId)).toEqual(["b", undefined, "a", "b"]);
    });

    it("hands out what its caller cannot corrupt the store with", async () => {
      const schedule = await register(store(), { spec: { job: { table: "orders" } } });
      Reflect.set(schedule, "watermark", 0);
      Reflect.set(schedule.spec.job, "table", "stock");
      const { watermark, spec } = await scheduleOf(store());
      expect({ watermark, job: spec.job }).toEqual({ watermark: START, job: { table: "orders" } });
    });

    it("does not see what its caller makes of a specification afterwards", async () => {
      const job = { tables: ["orders"] };
      await register(store(), { spec: { job } });
      job.tables.push("stock");
      expect((await scheduleOf(store())).spec.job).toEqual({ tables: ["orders"] });
    });
  });
}

/** Tests `changeSchedules`, `listVersions`. */
export function scheduleChangeRules({ store }: StoreBed): void {
  describe("changeSchedules", () => {
    it("changes what it names and leaves the rest", async () => {
      const before = await register(store());
      expect(await change(store(), { status: "FAILED", statusReason: "refused", updatedAt: START + 1 })).toBe(
        true,
      );
      expect(await scheduleOf(store())).toEqual({
        ...before,
        status: "FAILED",
        statusReason: "refused",
        updatedAt: START + 1,
      });
    });

    it("clears what is set to null", async () => {
      await register(store());
      await change(store(), { statusReason: "a note" });
      await change(store(), { statusReason: null, nextFireAt: null });
      expect(await scheduleOf(store())).toMatchObject({ statusReason: null, nextFireAt: null });
    });

    it.each([
      ["another version", { version: 2, statuses: ["REGISTERED"] }],
      ["another status", { version: 1, statuses: ["PAUSED", "FAILED"] }],
      ["no status at all", { version: 1, statuses: [] }],
    ] as const)("refuses a change that expects %s", async (_, expected) => {
      const before = await register(store());
      const refused = { groupId: "orders", expected, updatedAt: START + 1, status: "PAUSED" } as const;
      expect(await store().changeSchedules([refused])).toEqual([false]);
      expect(await scheduleOf(store())).toEqual(before);
    });

    it("refuses a change of a group that has no schedule", async () => {
      const expected = { version: 1, statuses: ["REGISTERED"] } as const;
      expect(await store().changeSchedules([{ groupId: "nobody", expected, updatedAt: START }])).toEqual([
        false,
      ]);
    });

    it("decides each of a batch by itself, in order", async () => {
      await register(store());
      const expected = { version: 1, statuses: ["REGISTERED"] } as const;
      const pause = { groupId: "orders", expected, updatedAt: START, status: "PAUSED" } as const;
      expect(await store().changeSchedules([{ ...pause, groupId: "nobody" }, pause, pause])).toEqual([
        false,
        true,
        false,
      ]);
    });
  });

  describe("a new specification", () => {
    it("makes the next version, from the watermark on", async () => {
      await register(store());
      await plan(store(), { count: 3 });
      const spec = aSpec({ description: "second", engine: "bullmq" });
      await change(store(), { spec: { spec, tzdata: "2026a" }, updatedAt: START + 9 });
      expect(await scheduleOf(store())).toMatchObject({ version: 2, spec, watermark: START + 3 * MINUTE });
      expect(await store().listVersions("orders")).toEqual([
        { version: 1, spec: aSpec(), unreadable: null, tzdata: "2025c", since: START, createdAt: START },
        {
          version: 2,
          spec,
          unreadable: null,
          tzdata: "2026a",
          since: START + 3 * MINUTE,
          createdAt: START + 9,
        },
      ]);
    });

    it("is refused for the version before", async () => {
      await register(store());
      const expected = { version: 1, statuses: ["REGISTERED"] } as const;
      const update = {
        groupId: "orders",
        expected,
        updatedAt: START,
        spec: { spec: aSpec(), tzdata: "2025c" },
      };
      expect(await store().changeSchedules([update, update])).toEqual([true, false]);
      expect((await store().listVersions("orders")).map(({ version }) => version)).toEqual([1, 2]);
    });
  });

  describe("listVersions", () => {
    it("is empty where there is no schedule", async () => {
      expect(await store().listVersions("nobody")).toEqual([]);
    });
  });
}

/** Tests a change of `origin`. */
export function originRules({ store }: StoreBed): void {
  describe("a new origin", () => {
    const moved = START - 10 * MINUTE;

    it("moves the watermark with it, and the new version begins there", async () => {
      await register(store());
      const spec = { spec: aSpec({ startTime: moved }), tzdata: "2025c" };
      expect(await change(store(), { origin: moved, spec })).toBe(true);
      expect(await scheduleOf(store())).toMatchObject({ origin: moved, watermark: moved });
      expect((await store().listVersions("orders")).at(-1)).toMatchObject({ since: moved });
    });

    it("is refused when intervals are planned, also where it would stay the same", async () => {
      await register(store());
      await plan(store());
      const before = await scheduleOf(store());
      expect(await change(store(), { origin: moved })).toBe(false);
      expect(await change(store(), { origin: START })).toBe(false);
      expect(await scheduleOf(store())).toEqual(before);
    });

    it("may not move over runs of a backfill, but stay where it is", async () => {
      await register(store());
      await store().insertBackfill(aBackfill({ lower: minute(-5).lower, upper: START }));
      await store().planBackfill({
        id: aBackfill().id,
        cursor: minute(-5).lower,
        newCursor: START,
        state: "RUNNING",
        updatedAt: START,
        runs: [aRun({ ...minute(-5), kind: "BACKFILL", backfillId: aBackfill().id })],
      });
      expect(await change(store(), { origin: moved })).toBe(false);
      expect(await change(store(), { origin: START, status: "FAILED" })).toBe(true);
    });
  });
}
