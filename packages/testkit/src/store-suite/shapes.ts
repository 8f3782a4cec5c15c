import { backfillSchema, runSchema, scheduleSchema, scheduleVersionSchema } from "@tidegate/core/schema";
import { aBackfill, minute } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { allRuns, carryOut, change, claimOne, LATER, plan, register, runOf, scheduleOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

const run = runSchema.strict();
const error = { code: "JOB_FAILED", message: "The service answered 500." };

/** Tests that a store returns every field that the contract names, and no other. */
export function shapeRules({ store }: StoreBed): void {
  describe("what a store returns is what the schemas say", () => {
    it("of a run in each of its states, with its attempts, its metrics and what it waits for", async () => {
      await register(store(), { laneWidth: 2 });
      await plan(store(), { count: 3 });
      const { run: first, token } = await claimOne(store(), { limit: 1 });
      const again = { from: ["SUBMITTING"], token, state: "PLANNED", at: LATER, place: "ready" } as const;
      const past = { attempt: 1, submittedAt: LATER, endedAt: LATER, jobId: "7", error };
      await store().changeRuns([{ id: first.id, ...again, readyAt: LATER, attemptRecord: past }]);
      const wait = { reason: "upstream", since: LATER, missing: [minute(3)] };
      await store().changeRuns([
        { id: first.id, from: ["PLANNED"], state: "PLANNED", at: LATER, place: "gated", wait },
      ]);
      const ended = await carryOut(store(), "FAILED", { metrics: { rowsRead: 3, rowsDirty: 1 }, error });
      expect(ended).toMatchObject({ metrics: { rowsRead: 3 }, error });
      expect(await runOf(store(), first.id)).toMatchObject({ wait, history: [past] });
      for (const each of await allRuns(store())) expect(run.parse(each)).toEqual(each);
    });

    it("of a schedule and of its versions", async () => {
      const labels = { team: "sales" };
      const spec = { endTime: LATER, labels, dirtyData: { maxRows: 3 }, timeoutMs: 1_000, description: "x" };
      const { spec: registered } = await register(store(), { spec });
      await change(store(), { spec: { spec: { ...registered, timeoutMs: null }, tzdata: "2025c" } });
      const schedule = await scheduleOf(store());
      expect(schedule).toMatchObject({ version: 2, spec: { labels } });
      expect(scheduleSchema.strict().parse(schedule)).toEqual(schedule);
      const versions = await store().listVersions("orders");
      expect(scheduleVersionSchema.strict().array().length(2).parse(versions)).toEqual(versions);
    });

    it("of a backfill", async () => {
      await register(store());
      await store().insertBackfill(aBackfill());
      const backfill = await store().getBackfill(aBackfill().id);
      expect(backfillSchema.strict().parse(backfill)).toEqual(backfill);
    });
  });
}
