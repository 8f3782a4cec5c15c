import type { Shard } from "@tidegate/core";
import type { ClaimedRun, NewSplit, ScheduleStore } from "@tidegate/core/store";
import { UNTOUCHED } from "@tidegate/core/store";
import { describe, expect, it } from "../runner.js";
import { claim, claimOne, end, LATER, LEASE, plan, register, retry, runOf } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

type NewShard = NewSplit["shards"][number];

/** Keys that a database may stumble over. */
const KEYS = ["[0, 10)", 'a "quoted" \\ {key}', "café/ключ/鍵"];

function shardOf(key: string, n: number): NewShard {
  return { id: `shard-${n}`, key, args: { from: n, list: [key, null, 0.5] }, weight: n + 0.5 };
}

async function held(store: ScheduleStore): Promise<ClaimedRun> {
  await register(store);
  await plan(store);
  return claimOne(store);
}

function splitOf({ run, token }: ClaimedRun, more: Partial<NewSplit> = {}): NewSplit {
  const shards = KEYS.map(shardOf);
  return {
    runId: run.id,
    token,
    scheduleVersion: 7,
    plannedAt: LATER,
    snapshotToken: "0000-1",
    shards,
    ...more,
  };
}

const DONE: Omit<Shard, keyof NewShard> = {
  state: "FAILED",
  attempt: 2,
  runAttempt: 1,
  isJobOpen: true,
  jobId: "job-7",
  jobAddress: "http://cluster/7",
  submittedAt: LATER,
  startedAt: LATER + 1,
  endedAt: LATER + 2,
  metrics: { rowsRead: 3, bytesWritten: 4 },
  touched: [{ groupId: "facts", intervals: [{ lower: 1, upper: 2, rows: 3 }] }, { intervals: [] }],
  error: { code: "JOB_FAILED", message: 'It said "no".' },
};

/** Tests the splits of runs. */
export function shardRules({ store, second, reopened, supports }: StoreBed): void {
  describe("the split of a run", () => {
    it("is kept as it is given, with shards that were never attempted, in their order", async () => {
      const claimed = await held(store());
      expect(await store().getSplit(claimed.run.id)).toBeUndefined();
      expect(await store().insertSplit(splitOf(claimed))).toBe(true);
      expect(await store().getSplit(claimed.run.id)).toEqual({
        runId: claimed.run.id,
        scheduleVersion: 7,
        plannedAt: LATER,
        snapshotToken: "0000-1",
        mergingAt: null,
        shards: KEYS.map((key, n) => ({ ...shardOf(key, n), ...UNTOUCHED })),
      });
    });

    it("may have no shards, which is not the same as no split", async () => {
      const claimed = await held(store());
      expect(await store().insertSplit(splitOf(claimed, { shards: [], snapshotToken: null }))).toBe(true);
      expect(await store().getSplit(claimed.run.id)).toMatchObject({ shards: [], snapshotToken: null });
      expect(await store().insertSplit(splitOf(claimed))).toBe(false);
    });

    it("is made once: a second one changes nothing", async () => {
      const claimed = await held(store());
      await store().insertSplit(splitOf(claimed));
      const other = splitOf(claimed, { shards: [shardOf("other", 9)], snapshotToken: null, plannedAt: 1 });
      expect(await store().insertSplit(other)).toBe(false);
      expect(await store().getSplit(claimed.run.id)).toMatchObject({
        plannedAt: LATER,
        shards: KEYS.map((key) => ({ key })),
      });
    });

    it("is made by one of many who come at the same time", async () => {
      const claimed = await held(store());
      const other = await second();
      const made = await Promise.all(
        [store(), other, store(), other].map((each, n) =>
          each.insertSplit(splitOf(claimed, { shards: [shardOf(`${n}`, n)] })),
        ),
      );
      expect(made.filter((isMade) => isMade)).toHaveLength(1);
      const winner = made.indexOf(true);
      expect(await store().getSplit(claimed.run.id)).toMatchObject({ shards: [{ key: `${winner}` }] });
    });

    it("may have 10,000 shards", async () => {
      const claimed = await held(store());
      const shards = Array.from({ length: 10_000 }, (_, n) => shardOf(`${n}`, n));
      expect(await store().insertSplit(splitOf(claimed, { shards }))).toBe(true);
      const split = await store().getSplit(claimed.run.id);
      expect(split?.shards.map(({ key }) => key)).toEqual(shards.map(({ key }) => key));
    });

    it("notes when its merge began, once", async () => {
      const claimed = await held(store());
      const writer = { runId: claimed.run.id, token: claimed.token };
      expect(await store().beginMerge(writer, 5)).toBe(false);
      await store().insertSplit(splitOf(claimed));
      expect(await store().beginMerge(writer, 5)).toBe(true);
      expect(await store().beginMerge(writer, 9)).toBe(true);
      expect(await store().getSplit(claimed.run.id)).toMatchObject({ mergingAt: 5 });
    });

    it("is dropped by the holder of its run, and made anew for another version", async () => {
      const before = await held(store());
      await store().insertSplit(splitOf(before));
      const [after] = await claim(store(), { now: LATER + 2 * LEASE, owner: "second" });
      const { runId, token } = splitOf(before) as Required<NewSplit>;
      expect(await store().dropSplit({ runId, token })).toBe(false);
      expect(await store().dropSplit({ runId, token: after!.token })).toBe(true);
      expect(await store().getSplit(runId)).toBeUndefined();
      const change = { runId, token: after!.token, id: "shard-0", progress: DONE };
      expect(await store().changeShards([change])).toEqual([false]);
      expect(await store().insertSplit(splitOf(after!, { scheduleVersion: 8 }))).toBe(true);
      const split = await store().getSplit(runId);
      expect(split).toMatchObject({ scheduleVersion: 8 });
      expect(split!.shards.map(({ state }) => state)).toEqual(["PLANNED", "PLANNED", "PLANNED"]);
    });

    it("is dropped if nobody holds its run, and made anew", async () => {
      const claimed = await held(store());
      await store().insertSplit(splitOf(claimed));
      expect(await store().dropSplit({ runId: claimed.run.id })).toBe(false);
      await end(store(), claimed, "FAILED");
      expect(await store().dropSplit({ runId: claimed.run.id })).toBe(true);
      expect(await store().dropSplit({ runId: claimed.run.id })).toBe(false);
      expect(await store().getSplit(claimed.run.id)).toBeUndefined();
      const { token: _token, ...unheld } = splitOf(claimed, { shards: [shardOf("new", 0)] });
      expect(await store().insertSplit(unheld)).toBe(true);
      expect(await store().getSplit(claimed.run.id)).toMatchObject({
        shards: [{ key: "new", state: "PLANNED" }],
      });
    });

    it("is dropped by the change that plans its run again, and kept if that is refused", async () => {
      const claimed = await held(store());
      await store().insertSplit(splitOf(claimed));
      await end(store(), claimed, "FAILED");
      const { id } = claimed.run;
      const kept = await store().getSplit(id);
      const dropping = { ...retry(id), dropsSplit: true };
      expect(await store().changeRuns([{ ...dropping, from: ["CANCELLED"] }])).toEqual([false]);
      expect(await store().changeRuns([{ ...dropping, seal: LATER }])).toEqual([false]);
      expect(await store().changeRuns([{ ...dropping, unlessClaimedSince: 0 }])).toEqual([false]);
      expect(await store().getSplit(id)).toEqual(kept);
      expect(await store().changeRuns([{ ...dropping, seal: null }])).toEqual([true]);
      expect(await store().getSplit(id)).toBeUndefined();
      expect(await runOf(store(), id)).toMatchObject({ state: "PLANNED" });
      const again = await claimOne(store());
      expect(await store().insertSplit(splitOf(again, { scheduleVersion: 8 }))).toBe(true);
      await end(store(), again, "FAILED");
      expect(await store().changeRuns([retry(id)])).toEqual([true]);
      expect(await store().getSplit(id)).toMatchObject({ scheduleVersion: 8 });
      await store().changeRuns([{ ...retry(id), from: ["PLANNED"], dropsSplit: true }]);
      expect(await store().getSplit(id)).toBeUndefined();
    });

    it("goes with the ledger when it is purged", async () => {
      const claimed = await held(store());
      await store().insertSplit(splitOf(claimed));
      await store().purgeSchedule("orders");
      expect(await store().getSplit(claimed.run.id)).toBeUndefined();
      const again = await held(store());
      expect(again.run.id).toBe(claimed.run.id);
      expect(await store().getSplit(again.run.id)).toBeUndefined();
      expect(await store().insertSplit(splitOf(again))).toBe(true);
    });

    (supports.reopen ? it : it.skip)(
      "is still there after a restart, with the progress of its shards",
      async () => {
        const claimed = await held(store());
        const { runId, token } = splitOf(claimed) as Required<NewSplit>;
        await store().insertSplit(splitOf(claimed));
        await store().changeShards([{ runId, token, id: "shard-1", progress: DONE }]);
        const kept = await store().getSplit(runId);
        const next = await reopened();
        expect(await next.getSplit(runId)).toEqual(kept);
      },
    );
  });

  describe("the progress of a shard", () => {
    it("is kept as it is given, and changes no other shard", async () => {
      const claimed = await held(store());
      await store().insertSplit(splitOf(claimed));
      const writer = { runId: claimed.run.id, token: claimed.token };
      expect(
        await store().changeShards([
          { ...writer, id: "shard-1", progress: DONE },
          { ...writer, id: "nobody", progress: DONE },
        ]),
      ).toEqual([true, false]);
      const split = await store().getSplit(claimed.run.id);
      expect(split?.shards).toEqual(
        KEYS.map((key, n) => ({ ...shardOf(key, n), ...(n === 1 ? DONE : UNTOUCHED) })),
      );
      const [undone] = await store().changeShards([{ ...writer, id: "shard-1", progress: UNTOUCHED }]);
      expect(undone).toBe(true);
      expect((await store().getSplit(claimed.run.id))?.shards[1]).toEqual({
        ...shardOf(KEYS[1]!, 1),
        ...UNTOUCHED,
      });
    });

    it("is that of its run alone, although another one has a shard of the same id", async () => {
      await register(store(), { laneWidth: 2 });
      await plan(store(), { count: 2 });
      const [first, other] = await claim(store());
      for (const claimed of [first!, other!]) await store().insertSplit(splitOf(claimed));
      const { runId, token } = splitOf(first!) as Required<NewSplit>;
      await store().changeShards([{ runId, token, id: "shard-0", progress: DONE }]);
      expect((await store().getSplit(other!.run.id))?.shards[0]).toMatchObject(UNTOUCHED);
    });
  });

  describe("the shards of a run that a manager holds", () => {
    it("are written by that manager alone", async () => {
      const before = await held(store());
      await store().insertSplit(splitOf(before));
      const [after] = await claim(store(), { now: LATER + 2 * LEASE, owner: "second" });
      const { runId, token } = splitOf(before) as Required<NewSplit>;
      const change = { runId, id: "shard-0", progress: DONE };
      expect(await store().changeShards([{ ...change, token }])).toEqual([false]);
      expect(await store().changeShards([change])).toEqual([false]);
      expect(await store().beginMerge({ runId, token }, 5)).toBe(false);
      expect(await store().changeShards([{ ...change, token: after!.token }])).toEqual([true]);
    });

    it("are split by that manager alone", async () => {
      const before = await held(store());
      const [after] = await claim(store(), { now: LATER + 2 * LEASE, owner: "second" });
      expect(await store().insertSplit(splitOf(before))).toBe(false);
      expect(await store().getSplit(before.run.id)).toBeUndefined();
      expect(await store().insertSplit(splitOf(after!))).toBe(true);
    });
  });

  describe("the shards of a run that nobody holds", () => {
    it("are written without a token, and by no former holder", async () => {
      const claimed = await held(store());
      await store().insertSplit(splitOf(claimed));
      await end(store(), claimed, "FAILED");
      const { runId, token } = splitOf(claimed) as Required<NewSplit>;
      const change = { runId, id: "shard-0", progress: DONE };
      expect(await store().changeShards([{ ...change, token }])).toEqual([false]);
      expect(await store().changeShards([change])).toEqual([true]);
    });

    it("do not exist for a run that is unknown", async () => {
      await register(store());
      expect(await store().getSplit("nobody")).toBeUndefined();
      expect(await store().changeShards([{ runId: "nobody", id: "shard-0", progress: DONE }])).toEqual([
        false,
      ]);
      expect(await store().beginMerge({ runId: "nobody" }, 5)).toBe(false);
      expect(await store().dropSplit({ runId: "nobody" })).toBe(false);
    });
  });
}
