import type { ScheduleStore } from "@tidegate/core/store";
import { aBackfill, aRun } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { allRuns, claim, claimOne, end, LATER, nextWake, plan, register } from "./conduct.js";
import type { StoreBed, StoreFixture } from "./fixture.js";

const SECOND = "second";

/** Tests that a namespace sees nothing of the one beside which `besideAnother` has opened it. */
export function namespaceRules({ store }: StoreBed): void {
  describe("a namespace that is opened for the first time", () => {
    it("has nothing of another: no schedule, run, backfill or work", async () => {
      expect(await contentsOf(store())).toEqual({
        schedules: [],
        runs: [],
        backfills: [],
        versions: [],
        coverage: [],
        due: [],
      });
      expect(await claim(store())).toEqual([]);
      expect(await nextWake(store())).toBeUndefined();
    });

    it("knows no id of another, and changes nothing under it", async () => {
      const { id } = aRun();
      expect(await store().getRuns([id])).toEqual([undefined]);
      expect(await store().getBackfill(aBackfill().id)).toBeUndefined();
      expect(await store().changeRuns([{ id, from: ["PLANNED"], state: "CANCELLED", at: LATER }])).toEqual([
        false,
      ]);
      expect(await store().purgeSchedule("orders")).toBe(false);
    });
  });
}

/**
 * Creates a fixture whose store is open for a second namespace, while the default one has a group that the
 * tests have too, with a run in each condition. Its disposal fails unless the default one is as it was.
 */
export async function besideAnother(create: () => Promise<StoreFixture>): Promise<StoreFixture> {
  const fixture = await create();
  const { reopen, connect } = fixture;
  if (reopen === undefined) throw new Error("The fixture lacks `reopen`, which `namespaces` needs.");
  await occupy(fixture.store);
  const before = await contentsOf(fixture.store);
  await fixture.store.close();
  const store = await reopen(SECOND);
  return {
    store,
    reopen: () => reopen(SECOND),
    ...(connect === undefined ? {} : { connect: () => connect(SECOND) }),
    dispose: async () => {
      await store.close();
      const first = await reopen();
      try {
        expect(await contentsOf(first)).toEqual(before);
      } finally {
        await first.close();
        await fixture.dispose();
      }
    },
  };
}

/** Leaves runs that have succeeded, block nothing, are leased, ready and waiting, and a backfill. */
async function occupy(store: ScheduleStore): Promise<void> {
  await register(store, { laneWidth: 3 });
  await register(store, { spec: { groupId: "more-orders" } });
  await plan(store, { count: 5 });
  await end(store, await claimOne(store, { limit: 1 }), "SUCCEEDED");
  await claimOne(store, { limit: 1 });
  await store.insertBackfill(aBackfill());
}

/** Returns everything that a store holds; leases aside, which end when a store that is not shared is opened. */
async function contentsOf(store: ScheduleStore): Promise<object> {
  return {
    schedules: (await store.listSchedules({}, {})).items,
    runs: (await allRuns(store)).map(({ leaseUntil: _, ...run }) => run),
    backfills: await store.listBackfills({}),
    versions: await store.listVersions("orders"),
    coverage: await store.coverage("orders"),
    due: await store.due({ before: LATER, limit: 10 }),
  };
}
