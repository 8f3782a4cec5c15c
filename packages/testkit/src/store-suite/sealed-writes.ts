import type { OffsetWatermark, RunSnapshot } from "@tidegate/core";
import type { NewReportedRun, ScheduleStore, SealChange, SealRead } from "@tidegate/core/store";
import { aBackfill, aPlan, MINUTE, minute, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  again,
  allRuns,
  carryOut,
  change,
  claimOne,
  end,
  history,
  LATER,
  plan,
  register,
  retry,
  runOf,
  scheduleOf,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";
import { aReport, aReportedRun, registerSource } from "./reports.js";

const READING: OffsetWatermark = {
  incarnation: "1",
  epoch: 1,
  origin: {},
  position: {},
  latest: {},
  lookedAt: START,
  rebase: null,
};

const ASKED: RunSnapshot = { cause: "requested", note: "" };

/** The end of the time that the seals of these tests close. */
const THROUGH = minute(2).lower;

/** Seals a group's first two minutes. */
async function seal(store: ScheduleStore, overrides: Partial<SealChange> = {}): Promise<boolean> {
  const { groupId = "orders" } = overrides;
  const { incarnation } = await scheduleOf(store, groupId);
  const rest = { through: THROUGH, note: "", sealedAt: LATER, expected: null };
  return store.putSeal({ groupId, incarnation, ...rest, ...overrides });
}

/** A write of time again that was decided on a seal. */
interface Again {
  /** Whether time is still to be written after it, which refuses a seal. */
  readonly isBeginning: boolean;
  /** Prepares a group whose first minutes have been written, and are at rest. */
  prepare(store: ScheduleStore, groupId: string): Promise<unknown>;
  /** Returns whether it was made. */
  write(store: ScheduleStore, groupId: string, read: SealRead): Promise<boolean>;
}

const AGAIN: Readonly<Record<string, Again>> = {
  insertRuns: {
    isBeginning: true,
    prepare: written,
    write: async (store, groupId, read) => {
      const [isDone] = await store.insertRuns([again(1, { groupId })], { isExclusive: true, ...read });
      return isDone === true;
    },
  },
  insertBackfill: {
    isBeginning: true,
    prepare: written,
    write: (store, groupId, read) => store.insertBackfill(aBackfill({ id: `of ${groupId}`, groupId }), read),
  },
  "changeRuns that revives": {
    isBeginning: true,
    prepare: async (store, groupId) => {
      await written(store, groupId);
      await store.insertRuns([again(1, { groupId })]);
      await carryOut(store, "FAILED");
    },
    write: async (store, groupId, read) => {
      const [isDone] = await store.changeRuns([retry(again(1, { groupId }).id, read)]);
      return isDone === true;
    },
  },
  "plan of a snapshot": {
    isBeginning: true,
    prepare: written,
    write: async (store, groupId, read) => {
      const commit = aPlan(await scheduleOf(store, groupId), { run: { snapshot: ASKED }, ...read });
      const [isDone] = await store.plan([commit]);
      return isDone === true;
    },
  },
  "changeSchedules that has everything copied anew": {
    isBeginning: true,
    prepare: written,
    write: async (store, groupId, read) => {
      const { version, status } = await scheduleOf(store, groupId);
      const expected = { version, statuses: [status] };
      const copying = { groupId, expected, updatedAt: LATER, offsets: { ...READING, needsSnapshot: true } };
      const [isDone] = await store.changeSchedules([{ ...copying, ...read }]);
      return isDone === true;
    },
  },
  report: {
    isBeginning: false,
    prepare: async (store, groupId) => {
      await registerSource(store, groupId);
      await store.report(aReport([0, 2], [reported(groupId, 0)], { groupId }));
    },
    write: (store, groupId, read) => {
      const standing = [reported(groupId, 0).id];
      return store.report(
        aReport([0, 2], [reported(groupId, 1)], { groupId, standing, supersedes: standing, ...read }),
      );
    },
  },
};

/** Returns a run that stands for the first two minutes of a source group. */
function reported(groupId: string, generation: number): NewReportedRun {
  const run = aReportedRun([0, 2], generation, `v${generation}`);
  return { ...run, groupId, id: `${run.id} of ${groupId}` };
}

async function written(store: ScheduleStore, groupId: string): Promise<void> {
  await register(store, { spec: { groupId } });
  await history(store, ["SUCCEEDED", "SUCCEEDED", "SUCCEEDED"], groupId);
}

/** Tests that a seal and writes of its time exclude each other. */
export function sealedWriteRules({ store, second }: StoreBed): void {
  describe("a seal is refused", () => {
    it("while a run of its time is open, in any of its states", async () => {
      await written(store(), "orders");
      await store().insertRuns([again(1)]);
      expect(await seal(store())).toBe(false);
      const claimed = await claimOne(store());
      expect(await seal(store())).toBe(false);
      const [isRunning] = await store().changeRuns([
        { id: claimed.run.id, from: ["SUBMITTING"], token: claimed.token, state: "RUNNING", at: LATER },
      ]);
      expect(isRunning).toBe(true);
      expect(await seal(store())).toBe(false);
      expect(await store().getSeals(["orders"])).toEqual([undefined]);
      await end(store(), claimed, "FAILED");
      expect(await seal(store())).toBe(true);
    });

    it("while a run of its time waits for its lane or is held at gates", async () => {
      await register(store(), { spec: { groupId: "waits" }, laneWidth: 0 });
      await register(store(), { spec: { groupId: "gated" } });
      await plan(store(), {}, "waits");
      await plan(store(), { run: { gating: "in-turn" } }, "gated");
      expect((await allRuns(store())).map(({ place }) => place).toSorted()).toEqual(["gated", "waiting"]);
      for (const groupId of ["waits", "gated"]) expect(await seal(store(), { groupId })).toBe(false);
      expect(await seal(store(), { groupId: "gated", through: START })).toBe(true);
    });

    it("not for runs behind its end, before the ledger's beginning, or of other groups", async () => {
      await written(store(), "orders");
      await register(store(), { spec: { groupId: "other" } });
      const before = { lower: START - MINUTE, upper: START };
      await store().insertRuns([again(2), again(1, { groupId: "other" }), again(0, before)]);
      expect(await seal(store())).toBe(true);
      expect(await seal(store(), { through: THROUGH + 1, expected: THROUGH })).toBe(false);
    });

    it("while a backfill is in progress that begins or stands before its end", async () => {
      await written(store(), "orders");
      await store().insertBackfill(aBackfill({ lower: THROUGH }));
      await store().insertBackfill(aBackfill({ id: "behind", lower: THROUGH, cursor: THROUGH }));
      expect(await seal(store())).toBe(true);
      const begins = { lower: THROUGH - 1, cursor: THROUGH + MINUTE };
      const stands = { lower: THROUGH, cursor: THROUGH - 1 };
      for (const [id, place] of Object.entries({ begins, stands })) {
        await register(store(), { spec: { groupId: id } });
        await store().insertBackfill(aBackfill({ id, groupId: id, ...place }));
        expect(await seal(store(), { groupId: id })).toBe(false);
        const { cursor } = place;
        const commit = { id, cursor, newCursor: cursor, updatedAt: LATER, runs: [] };
        await store().planBackfill({ ...commit, state: "CANCELLED" });
        expect(await seal(store(), { groupId: id })).toBe(true);
      }
    });

    it("while a snapshot is being made, which writes all time again", async () => {
      await written(store(), "orders");
      await plan(store(), { run: { snapshot: ASKED } });
      expect(await seal(store())).toBe(false);
      await carryOut(store(), "SUCCEEDED");
      expect(await seal(store())).toBe(true);
    });

    it("while a snapshot of another reading is to come, unless it closes no more time than the last one", async () => {
      await written(store(), "orders");
      await seal(store(), { through: START + MINUTE });
      await change(store(), { offsets: { ...READING, needsSnapshot: true } });
      expect(await seal(store(), { expected: START + MINUTE })).toBe(false);
      expect(await seal(store(), { expected: START + MINUTE, through: START + 1 })).toBe(true);
      await change(store(), { offsets: READING });
      expect(await seal(store(), { expected: START + 1 })).toBe(true);
    });

    it("not if it closes no more time than the last one", async () => {
      await written(store(), "orders");
      await seal(store());
      await store().insertRuns([again(1)]);
      await store().insertBackfill(aBackfill());
      expect(await seal(store(), { expected: THROUGH, note: "Why, in better words." })).toBe(true);
      expect(await seal(store(), { expected: THROUGH, through: START + MINUTE })).toBe(true);
      expect(await seal(store(), { expected: START + MINUTE })).toBe(false);
    });
  });

  for (const [name, { prepare, write, isBeginning }] of Object.entries(AGAIN)) {
    describe(`${name}, decided on a seal`, () => {
      it("is made if that is still the group's", async () => {
        for (const groupId of ["none", "one"]) await prepare(store(), groupId);
        await seal(store(), { groupId: "one" });
        expect(await write(store(), "none", { seal: null })).toBe(true);
        expect(await write(store(), "one", { seal: THROUGH })).toBe(true);
      });

      it("is refused if that is another one by now, with nothing written", async () => {
        await prepare(store(), "orders");
        const before = await allRuns(store());
        expect(await write(store(), "orders", { seal: THROUGH })).toBe(false);
        await seal(store());
        for (const read of [null, THROUGH - 1, THROUGH + 1])
          expect(await write(store(), "orders", { seal: read })).toBe(false);
        expect(await allRuns(store())).toEqual(before);
        expect(await store().listBackfills({})).toEqual([]);
      });

      it("is made whatever the seal is if it names none", async () => {
        await prepare(store(), "orders");
        await seal(store());
        expect(await write(store(), "orders", {})).toBe(true);
      });

      if (!isBeginning) return;
      it("and a seal that come at the same time: one of them is refused", async () => {
        const other = await second();
        for (let turn = 0; turn < 8; turn += 1) {
          const groupId = `group-${turn}`;
          await prepare(store(), groupId);
          const made = await Promise.all([seal(store(), { groupId }), write(other, groupId, { seal: null })]);
          expect(made.toSorted()).toEqual([false, true]);
          if (made[1]) await endAll(store(), groupId);
        }
      });
    });
  }

  describe("revivesCancelled", () => {
    it("leaves what a seal has closed since it was cancelled", async () => {
      await written(store(), "orders");
      await store().insertRuns([again(1), again(2)]);
      await change(store(), { status: "DELETED", cancelPlanned: "unregistered", laneWidth: 0 });
      await seal(store());
      const revivesCancelled = { reason: "unregistered", from: START } as const;
      await change(store(), { status: "REGISTERED", revivesCancelled, laneWidth: 1 });
      expect((await allRuns(store(), { states: ["PLANNED"] })).map(({ lower }) => lower)).toEqual([THROUGH]);
      expect(await runOf(store(), again(1).id)).toMatchObject({ state: "CANCELLED", reason: "unregistered" });
    });

    it("plans runs again that were made in sealed time", async () => {
      await written(store(), "orders");
      await seal(store(), { sealedAt: START - 1 });
      await store().insertRuns([again(1)]);
      await change(store(), { status: "DELETED", cancelPlanned: "unregistered", laneWidth: 0 });
      const revivesCancelled = { reason: "unregistered", from: START } as const;
      await change(store(), { status: "REGISTERED", revivesCancelled, laneWidth: 1 });
      expect(await runOf(store(), again(1).id)).toMatchObject({ state: "PLANNED" });
    });
  });
}

/** Leaves nothing claimable of a group. */
async function endAll(store: ScheduleStore, groupId: string): Promise<void> {
  for (const { id } of await allRuns(store, { groupId, states: ["PLANNED"] }))
    await store.changeRuns([{ id, from: ["PLANNED"], state: "CANCELLED", at: LATER, reason: "cancelled" }]);
}
