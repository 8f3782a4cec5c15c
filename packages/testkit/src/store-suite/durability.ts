import type { ScheduleStore } from "@tidegate/core/store";
import { aBackfill, aPlan, aRun, aSpec, MINUTE, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  allRuns,
  carryOut,
  change,
  claim,
  claimOne,
  end,
  LATER,
  nextWake,
  plan,
  register,
  scheduleOf,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

const RICH_SPEC = {
  job: {
    from: { table: "Bestellungen", columns: ["größe", "Ω", "\u0000", 'a"b\\c'], where: null },
    limits: [1, -0.5, 1e21, true, { deep: [[], {}, [[""]]] }],
  },
  description: "Zeile 1\nZeile 2 — «größer» 😀 \u2028",
  labels: { größe: "XL ½", "emoji 😀": "日本語", "": "leer" },
  timezone: "America/St_Johns",
} as const;

/** Creates a ledger in which every table and nearly every field is filled. */
async function fill(store: ScheduleStore): Promise<void> {
  await register(store, { spec: RICH_SPEC, laneWidth: 2 });
  await change(store, {
    statusReason: "eine Notiz ✓",
    spec: { spec: aSpec({ ...RICH_SPEC, delayMs: 5 }), tzdata: "2026a" },
  });
  await plan(store, { count: 6, run: { reason: "catchup-coalesced", intervals: 2 } });
  const error = { code: "JOB_FAILED", message: "kaputt: 'größer' 😀\n" };
  const [first, second] = await claim(store);
  await end(store, first!, "SUCCEEDED", {
    startedAt: LATER,
    jobId: "j-1",
    jobAddress: "http://flink/#/1",
    metrics: { rowsRead: 2 ** 40, rowsWritten: 0, bytesWritten: Number.MAX_SAFE_INTEGER },
  });
  const attemptRecord = { attempt: 1, submittedAt: LATER, endedAt: LATER + 1, jobId: null, error };
  await store.changeRuns([
    {
      id: second!.run.id,
      from: ["SUBMITTING"],
      token: second!.token,
      state: "PLANNED",
      at: LATER,
      place: "ready",
      readyAt: LATER + 1,
      error,
      attemptRecord,
    },
  ]);
  await carryOut(store, "FAILED", { isBlocking: true, error });
  await store.insertBackfill(aBackfill());
  await store.planBackfill({
    id: aBackfill().id,
    cursor: START,
    newCursor: START + MINUTE,
    state: "RUNNING",
    updatedAt: LATER,
    runs: [aRun({ ...minute(-9), kind: "BACKFILL", backfillId: aBackfill().id })],
  });
}

/** Returns everything that a store holds of group `orders`. */
async function everything(store: ScheduleStore): Promise<unknown> {
  return {
    schedules: await store.listSchedules({}, {}),
    versions: await store.listVersions("orders"),
    due: await store.due({ before: LATER, limit: 10 }),
    runs: await allRuns(store),
    coverage: await store.coverage("orders"),
    tally: await store.tally("orders", 0),
    backfills: await store.listBackfills({}),
    nextWake: await nextWake(store),
  };
}

/** Tests what the next process finds. */
export function durabilityRules({ store, reopened, supports }: StoreBed): void {
  (supports.reopen ? describe : describe.skip)("a store that is opened again", () => {
    it("tells what it told before", async () => {
      await fill(store());
      const before = await everything(store());
      expect(await everything(await reopened())).toEqual(before);
    });

    it("keeps nested JSON and any character of a specification", async () => {
      await register(store(), { spec: RICH_SPEC });
      expect((await scheduleOf(await reopened())).spec).toEqual(aSpec(RICH_SPEC));
    });

    it("finds schedules by their labels", async () => {
      await register(store(), { spec: RICH_SPEC });
      const { items } = await (await reopened()).listSchedules({ labels: { größe: "XL ½" } }, {});
      expect(items).toHaveLength(1);
    });

    it("goes on with the lane where it stood", async () => {
      await register(store());
      const runs = await plan(store(), { count: 3 });
      await carryOut(store(), "SUCCEEDED");
      const next = await reopened();
      expect((await carryOut(next, "SUCCEEDED")).id).toBe(runs[1]!.id);
      expect(await scheduleOf(next)).toMatchObject({ admittedRuns: 1, waitingRuns: 0 });
    });

    it("keeps its width while it is closed", async () => {
      await register(store());
      await change(store(), { laneWidth: 0 });
      const next = await reopened();
      await plan(next);
      expect(await claim(next)).toEqual([]);
    });

    it("is due at once for a group whose planning waited for runs to end, unless others can continue", async () => {
      const schedule = await register(store());
      const nextFireAt = START + 90 * MINUTE;
      const waiting = { ...aPlan(schedule, { count: 1 }), nextFireAt, waits: true };
      expect(await store().plan([waiting])).toEqual([true]);
      const next = await reopened();
      const [due] = await next.due({ before: nextFireAt, limit: 10 });
      expect(due!.fireAt).toBe(next.isShared ? nextFireAt : waiting.plannedAt + 1);
      expect(await scheduleOf(next)).toMatchObject({ nextFireAt: due!.fireAt });
    });

    it("is due as it was for a group whose planning waits no longer", async () => {
      const schedule = await register(store());
      await store().plan([{ ...aPlan(schedule, { count: 1 }), waits: true }]);
      await plan(store(), { count: 1 });
      const { nextFireAt } = await scheduleOf(store());
      expect(await scheduleOf(await reopened())).toMatchObject({ nextFireAt });
    });

    it("has kept each write whose promise had resolved", async () => {
      await register(store(), { laneWidth: 16 });
      const runs = await plan(store(), { count: 10 });
      const claimed = await claim(store());
      await Promise.all(claimed.map((one) => end(store(), one, "SUCCEEDED")));
      const next = await reopened();
      expect((await allRuns(next, { states: ["SUCCEEDED"] })).length).toBe(runs.length);
    });
  });

  (supports.reopen ? describe : describe.skip)("runs that were held when the store was closed", () => {
    it("may be claimed at once where the store is not shared, and shut their former holder out", async () => {
      await register(store());
      await plan(store());
      const held = await claimOne(store());
      const next = await reopened();
      if (next.isShared) {
        expect(await claim(next)).toEqual([]);
        return;
      }
      const recovered = await claimOne(next);
      expect(recovered).toMatchObject({ isRecovered: true, run: { id: held.run.id, attempt: 1 } });
      expect(recovered.token).toBeGreaterThan(held.token);
      expect(await end(next, held, "SUCCEEDED")).toBe(false);
      expect(await end(next, recovered, "SUCCEEDED")).toBe(true);
    });

    it("do not draw those along that wait for another attempt", async () => {
      await register(store());
      await plan(store());
      const { run, token } = await claimOne(store());
      const readyAt = LATER + 5_000;
      await store().changeRuns([
        { id: run.id, from: ["SUBMITTING"], token, state: "PLANNED", at: LATER, place: "ready", readyAt },
      ]);
      expect(await nextWake(await reopened())).toBe(readyAt);
    });
  });
}
