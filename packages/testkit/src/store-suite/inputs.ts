import type { Run, RunInput } from "@tidegate/core";
import type { ScheduleStore } from "@tidegate/core/store";
import { aRun, minute } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  allRuns,
  carryOut,
  claimOne,
  dueAtGates,
  end,
  idsOf,
  LATER,
  plan,
  register,
  runOf,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

/** Returns minutes of the upstream group as they stand, as a gate records them. */
export async function inputOf(
  store: ScheduleStore,
  [from, to]: readonly [number, number],
  rest: Partial<RunInput> = {},
): Promise<RunInput> {
  const window = { groupId: "source", lower: minute(from).lower, upper: minute(to).lower };
  const [digest] = await store.generationDigests([window]);
  return { ...window, digest: digest!, ...rest };
}

/** Opens the gates of the only run that is due at them; returns whether that was accepted. */
async function open(store: ScheduleStore, inputs?: readonly RunInput[]): Promise<boolean> {
  const [due] = await dueAtGates(store);
  const { run, look } = due!;
  const settlement = {
    id: run.id,
    look,
    at: LATER,
    isOpen: true,
    ...(inputs === undefined ? {} : { inputs }),
  };
  return (await store.settleGates([settlement as never]))[0]!;
}

/** Carries out the next minutes of the upstream group. */
async function upstream(store: ScheduleStore, count: number): Promise<void> {
  await plan(store, { count }, "source");
  for (let n = 0; n < count; n += 1) await carryOut(store, "SUCCEEDED");
}

/** Carries out a minute of the upstream group again. */
async function again(
  store: ScheduleStore,
  n: number,
  generation: number,
  state: "SUCCEEDED" | "FAILED" = "SUCCEEDED",
): Promise<void> {
  await store.insertRuns([aRun({ groupId: "source", kind: "MANUAL", ...minute(n), generation })]);
  await carryOut(store, state);
}

/** Registers both groups, with some minutes upstream. */
export async function twoGroups(store: ScheduleStore, count = 4): Promise<void> {
  await register(store, { spec: { groupId: "source" } });
  await register(store);
  await upstream(store, count);
}

/** Plans a gated run, opens it with these inputs, and carries it out. */
export async function reader(store: ScheduleStore, inputs: readonly RunInput[]): Promise<Run> {
  await plan(store, { run: { gating: "in-turn" } });
  if (!(await open(store, inputs))) throw new Error("The gates could not be opened.");
  return carryOut(store, "SUCCEEDED");
}

/** Tests the inputs that an opening records. */
export function inputRules({ store, second }: StoreBed): void {
  describe("the inputs of a run", () => {
    it("are kept with it when its gates open, for its claim and ever after", async () => {
      await twoGroups(store());
      const [run] = await plan(store(), { run: { gating: "in-turn" } });
      expect(await runOf(store(), run!.id)).toMatchObject({ inputs: [], staleAt: null });
      const inputs = [
        await inputOf(store(), [0, 2]),
        await inputOf(store(), [1, 9], { missing: [{ lower: minute(4).lower, upper: minute(9).lower }] }),
        await inputOf(store(), [3, 4], { isIgnored: true }),
      ];
      expect(await open(store(), inputs)).toBe(true);
      const claimed = await claimOne(store());
      expect(claimed.run).toMatchObject({ inputs, staleAt: null });
      await end(store(), claimed, "SUCCEEDED");
      expect(await runOf(store(), run!.id)).toMatchObject({ inputs, staleAt: null });
    });

    it("are those of the last opening", async () => {
      await twoGroups(store());
      const first = await inputOf(store(), [0, 1]);
      const run = await reader(store(), [first]);
      const retry = { id: run.id, from: ["SUCCEEDED"], state: "PLANNED", at: LATER, place: "gated" } as const;
      await store().changeRuns([retry]);
      await again(store(), 0, 1);
      expect(await runOf(store(), run.id)).toMatchObject({ staleAt: LATER });
      const next = await inputOf(store(), [0, 1]);
      expect(await open(store(), [next])).toBe(true);
      expect(await runOf(store(), run.id)).toMatchObject({ inputs: [next], staleAt: null });
      expect(await allRuns(store(), { staleness: "all" })).toEqual([]);
    });

    it("must be what there is, or the opening is refused and the run is due as before", async () => {
      await twoGroups(store());
      const input = await inputOf(await second(), [0, 2]);
      const [run] = await plan(store(), { run: { gating: "in-turn" } });
      await again(store(), 1, 1);
      expect(await open(store(), [input])).toBe(false);
      expect(await runOf(store(), run!.id)).toMatchObject({ place: "gated", inputs: [] });
      expect(idsOf(await dueAtGates(store()))).toEqual([run!.id]);
      expect(await open(store(), [await inputOf(store(), [0, 2])])).toBe(true);
      expect(await runOf(store(), run!.id)).toMatchObject({ place: "ready" });
    });

    it("find their readers", async () => {
      await twoGroups(store());
      const a = await reader(store(), [await inputOf(store(), [0, 2])]);
      const b = await reader(store(), [await inputOf(store(), [1, 3]), await inputOf(store(), [3, 4])]);
      await reader(store(), [await inputOf(store(), [0, 4], { isIgnored: true })]);
      const readers = async (from: number, to: number, groupId = "source"): Promise<string[]> => {
        const reads = { groupId, lower: minute(from).lower, upper: minute(to).lower };
        return idsOf(await allRuns(store(), { reads, groupId: "orders" }));
      };
      expect(await readers(0, 1)).toEqual([a.id]);
      expect(await readers(1, 2)).toEqual([a.id, b.id]);
      expect(await readers(2, 9)).toEqual([b.id]);
      expect(await readers(4, 9)).toEqual([]);
      expect(await readers(0, 9, "orders")).toEqual([]);
      expect(idsOf(await allRuns(store(), { reads: { groupId: "source", ...minute(1) } }))).toHaveLength(2);
    });
  });
}

/** Tests which runs become stale. */
export function stalenessRules({ store }: StoreBed): void {
  const stale = async (): Promise<string[]> => idsOf(await allRuns(store(), { staleness: "all" }));

  describe("a run that has read another group", () => {
    it("is stale once a later generation has succeeded in what it read, not before, nor if that fails", async () => {
      await twoGroups(store());
      const run = await reader(store(), [await inputOf(store(), [0, 2])]);
      const other = await reader(store(), [await inputOf(store(), [2, 4])]);
      await again(store(), 1, 1, "FAILED");
      expect(await stale()).toEqual([]);
      await again(store(), 1, 2);
      expect(await stale()).toEqual([run.id]);
      expect(await runOf(store(), run.id)).toMatchObject({ state: "SUCCEEDED", staleAt: LATER });
      expect(await runOf(store(), other.id)).toMatchObject({ staleAt: null });
      expect(idsOf(await allRuns(store(), { staleness: "all", groupId: "orders" }))).toEqual([run.id]);
      expect(await allRuns(store(), { staleness: "all", groupId: "source" })).toEqual([]);
    });

    it("is stale although it is still at work, or waits to be claimed", async () => {
      await twoGroups(store());
      const [run] = await plan(store(), { run: { gating: "in-turn" } });
      await open(store(), [await inputOf(store(), [0, 2])]);
      const claimed = await claimOne(store());
      await again(store(), 0, 1);
      expect(await stale()).toEqual([run!.id]);
      await end(store(), claimed, "SUCCEEDED");
      expect(await stale()).toEqual([run!.id]);
    });

    it("is not stale if what it read is ignored, or lies elsewhere", async () => {
      await twoGroups(store());
      await reader(store(), [
        await inputOf(store(), [0, 2], { isIgnored: true }),
        await inputOf(store(), [2, 4]),
      ]);
      await again(store(), 1, 1);
      expect(await stale()).toEqual([]);
    });

    it("is stale when what was missing has come", async () => {
      await twoGroups(store(), 1);
      const missing = [{ lower: minute(1).lower, upper: minute(2).lower }];
      const run = await reader(store(), [await inputOf(store(), [0, 2], { missing })]);
      const whole = await reader(store(), [await inputOf(store(), [0, 1])]);
      await upstream(store(), 2);
      expect(await stale()).toEqual([run.id]);
      expect(await runOf(store(), whole.id)).toMatchObject({ staleAt: null });
    });

    it("is stale after a first generation in the ledger that follows a purge", async () => {
      await twoGroups(store(), 2);
      const run = await reader(store(), [await inputOf(store(), [0, 2])]);
      const other = await reader(store(), [await inputOf(store(), [1, 2])]);
      expect(await store().purgeSchedule("source")).toBe(true);
      await register(store(), { spec: { groupId: "source" }, incarnation: "another" });
      expect(await stale()).toEqual([]);
      await upstream(store(), 1);
      expect(await stale()).toEqual([run.id]);
      await upstream(store(), 1);
      expect((await stale()).sort()).toEqual([run.id, other.id].sort());
    });

    it("is stale after a report of another version", async () => {
      await register(store(), { spec: { groupId: "source" }, status: "SOURCE", nextFireAt: null });
      await register(store());
      const reported = (generation: number) => {
        const { gating: _, ...rest } = aRun({
          groupId: "source",
          kind: "REPORTED",
          generation,
          upper: minute(3).upper,
        });
        const version = `v${generation}`;
        return { ...rest, operator: "none", state: "SUCCEEDED", report: { version, note: "" } } as const;
      };
      const [first, next] = [reported(0), reported(1)];
      const commit = {
        groupId: "source",
        incarnation: "0123456789abcdef",
        lower: first.lower,
        upper: first.upper,
      };
      await store().report({ ...commit, standing: [], supersedes: [], runs: [first] });
      const run = await reader(store(), [await inputOf(store(), [0, 2])]);
      const standing = [first.id];
      expect(await store().report({ ...commit, standing, supersedes: standing, runs: [next] })).toBe(true);
      expect(await stale()).toEqual([run.id]);
      expect(await runOf(store(), run.id)).toMatchObject({ staleAt: next.plannedAt });
    });

    it("is stale no longer once a later generation of itself stands", async () => {
      await twoGroups(store());
      const run = await reader(store(), [await inputOf(store(), [0, 2])]);
      await again(store(), 1, 1);
      await store().insertRuns([aRun({ kind: "MANUAL", lower: run.lower, upper: run.upper, generation: 1 })]);
      expect(await stale()).toEqual([run.id]);
      await carryOut(store(), "SUCCEEDED");
      expect(await stale()).toEqual([]);
      expect(await runOf(store(), run.id)).toMatchObject({ isSuperseded: true });
    });

    it("is noted to be stale once, and stays noted when it becomes so again", async () => {
      await twoGroups(store());
      const run = await reader(store(), [await inputOf(store(), [0, 2])]);
      const unnoted = async (): Promise<string[]> => idsOf(await allRuns(store(), { staleness: "unnoted" }));
      expect(await store().noteStale([run.id])).toEqual([false]);
      await again(store(), 1, 1);
      expect(await unnoted()).toEqual([run.id]);
      expect(await store().noteStale([run.id, "0".repeat(32), run.id])).toEqual([true, false, false]);
      expect(await unnoted()).toEqual([]);
      await again(store(), 1, 2);
      expect(await unnoted()).toEqual([]);
      expect(await stale()).toEqual([run.id]);
    });

    it("is forgotten with its group", async () => {
      await twoGroups(store());
      const run = await reader(store(), [await inputOf(store(), [0, 2])]);
      await store().purgeSchedule("orders");
      await again(store(), 1, 1);
      expect(await stale()).toEqual([]);
      expect(await allRuns(store(), { reads: { groupId: "source", ...minute(0) } })).toEqual([]);
      expect(await store().getRuns([run.id])).toEqual([undefined]);
    });
  });
}
