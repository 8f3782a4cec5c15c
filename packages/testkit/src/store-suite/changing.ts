import type { RunState } from "@tidegate/core";
import type { RunChange } from "@tidegate/core/store";
import { aRun } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  carryOut,
  claim,
  claimOne,
  end,
  ending,
  LATER,
  plan,
  register,
  runOf,
  scheduleOf,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Tests which changes `changeRuns` accepts. */
export function fencingRules({ store }: StoreBed): void {
  describe("changeRuns refuses", () => {
    it("a run that is not there", async () => {
      const nobody = { id: aRun().id, from: ["PLANNED"], state: "CANCELLED", at: LATER } as const;
      expect(await store().changeRuns([nobody])).toEqual([false]);
    });

    it("a state that is not expected, and changes nothing", async () => {
      await register(store());
      await plan(store());
      const claimed = await claimOne(store());
      const before = await runOf(store(), claimed.run.id);
      for (const from of [["RUNNING"], ["PLANNED", "FAILED"], []] satisfies RunState[][]) {
        expect(await store().changeRuns([{ ...ending(claimed, "SUCCEEDED"), from }])).toEqual([false]);
      }
      expect(await runOf(store(), claimed.run.id)).toEqual(before);
    });

    it("a token other than the newest", async () => {
      await register(store());
      await plan(store());
      const claimed = await claimOne(store());
      for (const token of [claimed.token - 1, claimed.token + 1]) {
        expect(await end(store(), { ...claimed, token }, "SUCCEEDED")).toBe(false);
      }
      expect(await end(store(), claimed, "SUCCEEDED")).toBe(true);
    });

    it("a change of an active run without a token", async () => {
      await register(store());
      await plan(store());
      const { run } = await claimOne(store());
      const change = { id: run.id, from: ["SUBMITTING"], state: "CANCELLED", at: LATER } as const;
      expect(await store().changeRuns([change])).toEqual([false]);
    });

    it("a run that has been claimed since it was read", async () => {
      await register(store());
      const [run] = await plan(store());
      const { id } = run!;
      const waiting = (token: number): RunChange => ({
        id,
        from: ["SUBMITTING"],
        token,
        state: "PLANNED",
        at: LATER,
        place: "ready",
        readyAt: LATER,
      });
      const seen = await store().lastClaims([id]);
      const first = await claimOne(store());
      await store().changeRuns([waiting(first.token)]);
      seen.push(...(await store().lastClaims([id])));
      const second = await claimOne(store());
      await store().changeRuns([waiting(second.token)]);
      const before = await runOf(store(), id);
      const cancelled = { id, from: ["PLANNED"], state: "CANCELLED", at: LATER } as const;
      for (const unlessClaimedSince of seen)
        expect(await store().changeRuns([{ ...cancelled, unlessClaimedSince }])).toEqual([false]);
      expect(await runOf(store(), id)).toEqual(before);
      const [unlessClaimedSince] = await store().lastClaims([id]);
      expect([...seen, unlessClaimedSince]).toEqual([0, first.token, second.token]);
      expect(await store().changeRuns([{ ...cancelled, unlessClaimedSince: unlessClaimedSince! }])).toEqual([
        true,
      ]);
      expect(await store().lastClaims([id, aRun({ groupId: "nobody" }).id])).toEqual([second.token, 0]);
    });

    it("the second end of a run", async () => {
      await register(store());
      await plan(store());
      const claimed = await claimOne(store());
      const both = [ending(claimed, "SUCCEEDED"), ending(claimed, "FAILED")];
      expect(await store().changeRuns(both)).toEqual([true, false]);
      expect(await runOf(store(), claimed.run.id)).toMatchObject({ state: "SUCCEEDED" });
    });

    it("one element of a batch and does the others", async () => {
      await register(store(), { laneWidth: 3 });
      await plan(store(), { count: 3 });
      const [first, second, third] = await claim(store());
      const batch = [
        ending(first!, "SUCCEEDED"),
        { ...ending(second!, "SUCCEEDED"), token: second!.token - 1 },
        ending(third!, "FAILED"),
      ];
      expect(await store().changeRuns(batch)).toEqual([true, false, true]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1 });
    });
  });

  describe("changeRuns needs no token", () => {
    it("for a run that waits for another attempt, nor for one that has ended", async () => {
      await register(store());
      await plan(store());
      const { run, token } = await claimOne(store());
      const { id } = run;
      await store().changeRuns([
        { id, from: ["SUBMITTING"], token, state: "PLANNED", at: LATER, place: "ready", readyAt: LATER },
      ]);
      expect(await store().changeRuns([{ id, from: ["PLANNED"], state: "FAILED", at: LATER }])).toEqual([
        true,
      ]);
      expect(await store().changeRuns([{ id, from: ["FAILED"], state: "CANCELLED", at: LATER }])).toEqual([
        true,
      ]);
    });
  });
}

/** Tests what `changeRuns` writes. */
export function runChangeRules({ store }: StoreBed): void {
  describe("changeRuns", () => {
    it("sets what it names and leaves the rest", async () => {
      await register(store());
      await plan(store(), { run: { reason: "catchup-coalesced", intervals: 2 } });
      const { run, token } = await claimOne(store());
      const from = ["SUBMITTING"] as const;
      await store().changeRuns([
        {
          id: run.id,
          from,
          token,
          state: "RUNNING",
          at: LATER + 1,
          startedAt: LATER + 1,
          jobId: "job/1",
          jobAddress: "http://flink:8081/#/job/1",
        },
      ]);
      expect(await runOf(store(), run.id)).toEqual({
        ...run,
        state: "RUNNING",
        startedAt: LATER + 1,
        jobId: "job/1",
        jobAddress: "http://flink:8081/#/job/1",
      });
    });

    it("clears what is set to null", async () => {
      await register(store());
      await plan(store(), { run: { reason: "catchup-coalesced" } });
      const details = {
        reason: "cancelled",
        startedAt: LATER,
        jobId: "j",
        jobAddress: "a",
        metrics: { rowsRead: 1 },
        error: { code: "JOB_FAILED", message: "no" },
      } as const;
      const { id } = await carryOut(store(), "FAILED", details);
      expect(await runOf(store(), id)).toMatchObject(details);
      const cleared = {
        reason: null,
        startedAt: null,
        endedAt: null,
        jobId: null,
        jobAddress: null,
        metrics: null,
        error: null,
      };
      await store().changeRuns([{ id, from: ["FAILED"], state: "FAILED", at: LATER, ...cleared }]);
      expect(await runOf(store(), id)).toMatchObject(cleared);
    });

    it.each([
      [{}],
      [{ rowsRead: 0 }],
      [{ rowsRead: 12, rowsWritten: 10, rowsDirty: 2, bytesWritten: Number.MAX_SAFE_INTEGER }],
    ])("keeps metrics as they were given: %j", async (metrics) => {
      await register(store());
      await plan(store());
      const { metrics: kept } = await carryOut(store(), "SUCCEEDED", { metrics });
      expect(kept ?? {}).toEqual(metrics);
    });

    it("keeps an error to the letter", async () => {
      await register(store());
      await plan(store());
      const error = {
        code: "JOB_FAILED",
        message: "Zeile 1:\n\t'größer' als \"∞\" \\ 😀; DROP TABLE run; --",
      };
      expect((await carryOut(store(), "FAILED", { error })).error).toEqual(error);
    });

    it("counts attempts, and sets them back where told", async () => {
      await register(store());
      await plan(store());
      const { id } = await carryOut(store(), "FAILED");
      await store().changeRuns([{ id, from: ["FAILED"], state: "PLANNED", at: LATER }]);
      expect((await claimOne(store())).run.attempt).toBe(2);
      const again = await claimOne(store(), { now: LATER * 2 });
      await end(store(), again, "FAILED");
      await store().changeRuns([{ id, from: ["FAILED"], state: "PLANNED", at: LATER, attempt: 0 }]);
      expect((await claimOne(store())).run.attempt).toBe(1);
    });

    it("appends to the history, oldest first", async () => {
      await register(store());
      await plan(store());
      const records = [1, 2, 3].map((attempt) => ({
        attempt,
        submittedAt: LATER,
        endedAt: LATER + attempt,
        jobId: attempt === 2 ? null : `j-${attempt}`,
        error: { code: "JOB_FAILED", message: `Versuch ${attempt}: "kaputt"` },
      }));
      for (const attemptRecord of records) {
        const { run, token } = await claimOne(store());
        await store().changeRuns([
          {
            id: run.id,
            from: ["SUBMITTING"],
            token,
            state: "PLANNED",
            at: LATER,
            place: "ready",
            readyAt: LATER,
            attemptRecord,
          },
        ]);
      }
      expect((await runOf(store(), aRun().id)).history).toEqual(records);
    });

    it("hands out what its caller cannot corrupt the store with", async () => {
      await register(store());
      await plan(store());
      const metrics = { rowsRead: 1 };
      const run = await carryOut(store(), "SUCCEEDED", { metrics });
      metrics.rowsRead = 2;
      Reflect.set(run, "state", "FAILED");
      Reflect.set(run.metrics ?? {}, "rowsRead", 3);
      expect(await runOf(store(), run.id)).toMatchObject({ state: "SUCCEEDED", metrics: { rowsRead: 1 } });
    });
  });
}
