import type { ClaimedRun, ScheduleStore } from "@tidegate/core/store";
import { aNewSchedule, aPlan, START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import { allRuns, change, claim, ending, LATER, LEASE, nextWake, scheduleOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Number of concurrent managers. */
const MANAGERS = 4;

const GROUPS = Array.from({ length: 8 }, (_, index) => `group-${index}`);

/** Number of runs planned for each group. */
const RUNS = 30;

/** This test does far more work than others. */
const PATIENCE_MS = 300_000;

/**
 * Tests several concurrent managers that do all that managers do, over connections of their own if the store
 * can be shared.
 */
export function crowdRules({ store, second, supports }: StoreBed): void {
  const crowd = async (): Promise<ScheduleStore[]> => {
    if (!supports.sharing) return Array.from({ length: MANAGERS }, () => store());
    return [store(), ...(await Promise.all(Array.from({ length: MANAGERS - 1 }, () => second())))];
  };

  describe(`${MANAGERS} managers at once`, () => {
    it(
      "plan, claim and end the runs of the same groups: every interval once, by one of them",
      async () => {
        const stores = await crowd();
        await registerGroups(store(), 2);
        const claims = (await Promise.all(stores.map((each) => work(each)))).flat();
        const ids = claims.map(({ run }) => run.id);
        expect(new Set(ids).size).toBe(ids.length);
        expect(ids).toHaveLength(GROUPS.length * RUNS);
        await expectAllSucceeded(store());
      },
      PATIENCE_MS,
    );

    it(
      "while leases lapse, lanes are narrowed and cancellation is asked for: no end counts twice, and the lanes' counts stay true",
      async () => {
        const [unruly, ...stores] = await crowd();
        await registerGroups(store(), 3);
        let isOver = false;
        const disturbing = disturb(unruly!, () => isOver);
        await Promise.all(stores.map((each) => work(each)));
        isOver = true;
        await disturbing;
        // The leases of the unruly one have ended: the others take its runs.
        await work(stores[0]!, LATER + LEASE + 1);
        await expectAllSucceeded(store());
      },
      PATIENCE_MS,
    );
  });
}

async function registerGroups(store: ScheduleStore, laneWidth: number): Promise<void> {
  await store.insertSchedules(GROUPS.map((groupId) => aNewSchedule({ spec: { groupId }, laneWidth })));
}

/** Plans and carries out runs until there is nothing left to do; returns the claims that it ended. */
async function work(store: ScheduleStore, now = LATER): Promise<ClaimedRun[]> {
  const ended: ClaimedRun[] = [];
  for (;;) {
    const isPlanned = await planAll(store);
    const claimed = await claim(store, { now, limit: 5 });
    const answers = await store.changeRuns(claimed.map((one) => ending(one, "SUCCEEDED")));
    ended.push(...claimed.filter((_, index) => answers[index]));
    if (isPlanned && claimed.length === 0 && (await hasEnded(store, now))) return ended;
  }
}

/** Plans two more runs of each group that is not complete; returns whether all are. */
async function planAll(store: ScheduleStore): Promise<boolean> {
  const schedules = await store.getSchedules(GROUPS);
  const open = schedules.filter((schedule) => schedule!.watermark < START + RUNS * 60_000);
  if (open.length > 0) await store.plan(open.map((schedule) => aPlan(schedule!, { count: 2 })));
  return open.length === 0;
}

/** Returns whether no run is claimable now or about to be. */
async function hasEnded(store: ScheduleStore, now: number): Promise<boolean> {
  const next = await nextWake(store, now);
  return next === undefined || next > now;
}

/** Claims runs and abandons them, changes widths, requests cancellation. */
async function disturb(store: ScheduleStore, isOver: () => boolean): Promise<void> {
  for (let turn = 0; !isOver(); turn += 1) {
    const groupId = GROUPS[turn % GROUPS.length]!;
    await change(store, { laneWidth: turn % 4 }, groupId);
    const claimed = await claim(store, { owner: "unruly", limit: 2 });
    const leases = claimed.map(({ run, token }) => ({ id: run.id, token }));
    await store.renewLeases(leases, LATER + LEASE);
    await store.requestCancel(
      leases.map(({ id }) => id),
      "cancelled",
    );
    await change(store, { laneWidth: 3 }, groupId);
  }
}

async function expectAllSucceeded(store: ScheduleStore): Promise<void> {
  for (const groupId of GROUPS) {
    expect(await scheduleOf(store, groupId)).toMatchObject({
      watermark: START + RUNS * 60_000,
      admittedRuns: 0,
      waitingRuns: 0,
      blockingRuns: 0,
    });
    const runs = await allRuns(store, { groupId });
    expect(runs.map(({ lower }) => lower)).toEqual(
      Array.from({ length: RUNS }, (_, n) => START + n * 60_000),
    );
    expect(runs.every(({ state, attempt }) => state === "SUCCEEDED" && attempt === 1)).toBe(true);
  }
}
