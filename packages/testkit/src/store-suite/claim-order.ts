import { describe, expect, it } from "@jest/globals";
import type { ScheduleStore } from "@tidegate/core";
import { aBackfill, aNewSchedule, aPlan, aRun, MINUTE, minute, START } from "../builders.js";
import { claim, claimOne, end, idsOf, LATER, LEASE, nextWake, plan, register } from "./conduct.js";
import type { StoreBed } from "./fixture.js";

const groupsOf = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

/** Registers groups and plans this many minutes of each at an instant. */
async function planGroups(
  store: ScheduleStore,
  groupIds: readonly string[],
  { count = 1, plannedAt = START + count * MINUTE }: { count?: number; plannedAt?: number } = {},
): Promise<void> {
  await store.insertSchedules(groupIds.map((groupId) => aNewSchedule({ spec: { groupId } })));
  const schedules = await store.getSchedules(groupIds);
  await store.plan(schedules.map((schedule) => aPlan(schedule!, { count, plannedAt })));
}

/** Returns the groups of the next runs that are claimed. */
async function claimGroups(store: ScheduleStore, limit: number, now = LATER): Promise<string[]> {
  return (await claim(store, { limit, now })).map(({ run }) => run.groupId);
}

const countOf = (groupIds: readonly string[], prefix: string): number =>
  groupIds.filter((groupId) => groupId.startsWith(prefix)).length;

/** Tests the order of `claim`. */
export function claimOrderRules({ store }: StoreBed): void {
  describe("the order of claims", () => {
    it("has fresh runs before 300 lanes that owe an hour, although these were there before", async () => {
      await planGroups(store(), groupsOf("late", 300), { count: 60 });
      await planGroups(store(), groupsOf("fresh", 20));
      const first = await claimGroups(store(), 24);
      expect(countOf(first, "fresh")).toBe(20);
    });

    it("has other groups before the thousand places of one that is wide", async () => {
      await register(store(), { spec: { groupId: "wide" }, laneWidth: 1_000 });
      await plan(store(), { count: 1_000, plannedAt: START }, "wide");
      await planGroups(store(), groupsOf("narrow", 5));
      expect(countOf(await claimGroups(store(), 12), "narrow")).toBe(5);
    });

    it("has live runs and a person's before those of a backfill", async () => {
      await register(store());
      await store().insertBackfill(aBackfill());
      await store().planBackfill({
        id: aBackfill().id,
        cursor: START,
        newCursor: START + MINUTE,
        state: "RUNNING",
        updatedAt: START,
        runs: Array.from({ length: 300 }, (_, index) =>
          aRun({ ...minute(-1 - index), kind: "BACKFILL", backfillId: aBackfill().id, plannedAt: START }),
        ),
      });
      await plan(store(), { plannedAt: LATER - 1, run: { scheduledTime: LATER - 1 } });
      await store().insertRuns([aRun({ ...minute(-400), kind: "MANUAL", plannedAt: LATER })]);
      const kinds = (await claim(store(), { limit: 4 })).map(({ run }) => run.kind);
      expect(kinds).toEqual(["SCHEDULED", "MANUAL", "BACKFILL", "BACKFILL"]);
    });

    it("has runs of a dead owner before a backlog, and those whose lease ended first before others", async () => {
      await planGroups(store(), groupsOf("dead", 3));
      const held = [
        ...(await claim(store(), { limit: 1, leaseUntil: LATER + 2 })),
        ...(await claim(store(), { limit: 2, leaseUntil: LATER + 1 })),
      ];
      await planGroups(store(), groupsOf("late", 30), { count: 5 });
      const claimed = await claim(store(), { owner: "second", now: LATER + LEASE, limit: 3 });
      expect(claimed.map(({ isRecovered }) => isRecovered)).toEqual([true, true, true]);
      expect(idsOf(claimed)).toEqual([...idsOf(held.slice(1)).sort(), held[0]!.run.id]);
    });

    it("has retries that are due before a backlog, and others not at all", async () => {
      await planGroups(store(), ["due", "early"]);
      for (const { run, token } of await claim(store())) {
        const readyAt = run.groupId === "due" ? LATER : LATER + 1;
        await store().changeRuns([
          { id: run.id, from: ["SUBMITTING"], token, state: "PLANNED", at: LATER, place: "ready", readyAt },
        ]);
      }
      await planGroups(store(), groupsOf("late", 30), { count: 5 });
      await planGroups(store(), groupsOf("fresh", 30));
      expect((await claimGroups(store(), 1))[0]).toBe("due");
      expect(countOf(await claimGroups(store(), 100), "early")).toBe(0);
    });

    it("is that of admission within a queue, so that a lane's next run stands behind the others", async () => {
      await planGroups(store(), ["a", "b"], { count: 3 });
      const [first] = await claim(store(), { limit: 1 });
      await end(store(), first!, "SUCCEEDED");
      const second = await claimOne(store(), { limit: 1 });
      expect(second.run.groupId).not.toBe(first!.run.groupId);
    });

    it("gives the rest its turn although live runs never end", async () => {
      await planGroups(store(), groupsOf("late", 20), { count: 5 });
      await planGroups(store(), groupsOf("fresh", 80));
      const claimed: string[] = [];
      for (let turn = 0; turn < 80; turn += 1) claimed.push(...(await claimGroups(store(), 1)));
      expect(countOf(claimed, "late")).toBe(10);
    });

    it("gives live runs and the rest their turns although retries never end", async () => {
      await planGroups(store(), groupsOf("again", 40));
      for (const { run, token } of await claim(store())) {
        const { id } = run;
        const retry = { id, from: ["SUBMITTING"], token, state: "PLANNED", place: "ready" } as const;
        await store().changeRuns([{ ...retry, at: LATER - 1 }]);
      }
      await planGroups(store(), groupsOf("late", 20), { count: 5 });
      await planGroups(store(), groupsOf("fresh", 20));
      const claimed = await claimGroups(store(), 40);
      expect(countOf(claimed, "late")).toBe(5);
      expect(countOf(claimed, "fresh")).toBe(5);
    });

    it("is not held up by a clock that steps back", async () => {
      await planGroups(store(), ["before"], { plannedAt: LATER });
      await planGroups(store(), ["late"], { count: 5, plannedAt: LATER });
      expect(await nextWake(store(), START)).toBe(START);
      expect(await claimGroups(store(), 5, START)).toHaveLength(2);
    });

    it("counts a delay as no lag", async () => {
      const delayMs = 60 * MINUTE;
      await planGroups(store(), groupsOf("late", 8), { count: 5 });
      await register(store(), { spec: { groupId: "delayed", delayMs } });
      await plan(store(), { plannedAt: START + MINUTE + delayMs }, "delayed");
      expect(await claimGroups(store(), 1)).toEqual(["delayed"]);
    });
  });
}

/** Tests the operators of `claim`. */
export function claimScopeRules({ store }: StoreBed): void {
  const registerBoth = async (): Promise<void> => {
    for (const [groupId, operator] of [
      ["files", "duckdb"],
      ["calls", "http"],
    ] as const) {
      await register(store(), { spec: { groupId, operator } });
      await plan(store(), { count: 2, run: { operator } }, groupId);
    }
  };

  describe("the scope of a claim", () => {
    it("leaves runs of other operators to who has them", async () => {
      await registerBoth();
      expect((await claimOne(store(), { operators: ["http"] })).run).toMatchObject({
        groupId: "calls",
        operator: "http",
      });
      expect((await store().nextWake({ operators: ["flink"], now: LATER })).claimAt).toBeUndefined();
      expect(await claim(store(), { operators: ["flink"] })).toEqual([]);
      expect(await claim(store(), { operators: [] })).toEqual([]);
      expect((await store().nextWake({ operators: [], now: LATER })).claimAt).toBeUndefined();
      expect((await claimOne(store(), { operators: ["flink", "duckdb"] })).run.groupId).toBe("files");
    });

    it("goes for runs of dead owners as well", async () => {
      await registerBoth();
      await claim(store(), { operators: ["duckdb", "http"] });
      const now = LATER + LEASE;
      expect((await store().nextWake({ operators: ["flink"], now })).claimAt).toBeUndefined();
      expect((await store().nextWake({ operators: ["flink", "http"], now: START })).claimAt).toBe(now);
      expect(await claim(store(), { now, operators: ["flink"] })).toEqual([]);
      expect((await claimOne(store(), { now, operators: ["http"] })).run.groupId).toBe("calls");
    });

    it("has another operator come first with each turn", async () => {
      for (const operator of ["duckdb", "http"]) {
        const groupIds = groupsOf(operator, 4);
        await store().insertSchedules(
          groupIds.map((groupId) => aNewSchedule({ spec: { groupId, operator } })),
        );
        const schedules = await store().getSchedules(groupIds);
        await store().plan(schedules.map((schedule) => aPlan(schedule!, { run: { operator } })));
      }
      const operators: string[] = [];
      for (let turn = 0; turn < 8; turn += 1) {
        operators.push((await claimOne(store(), { operators: ["duckdb", "http"], limit: 1 })).run.operator);
      }
      expect(countOf(operators.slice(0, 4), "duckdb")).toBe(2);
      expect(countOf(operators, "duckdb")).toBe(4);
    });
  });
}
