import { describe, expect, it } from "@jest/globals";
import type { Gating, Run, RunWait } from "@tidegate/core";
import { minute, START } from "../builders.js";
import {
  admitted,
  carryOut,
  change,
  claim,
  claimOne,
  dueAtGates,
  end,
  idsOf,
  LATER,
  nextWake,
  plan,
  register,
  runOf,
  scheduleOf,
  settle,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

const WAIT: RunWait = {
  reason: 'waits for "größe"',
  since: LATER,
  missing: [minute(3), minute(7)],
  lookAgainAt: LATER + 7,
  wokenBy: ["größe", "payments"],
};

const inTurn = (count: number) => ({ count, run: { gating: "in-turn" as Gating } });
const overtakable = (count: number) => ({ count, run: { gating: "overtakable" as Gating } });

/** Tests the place `gated`: held by a gate, and in nobody's way. */
export function gatedRules({ store, reopened, supports }: StoreBed): void {
  const gate = async (id: string, wait: RunWait | null = WAIT): Promise<Run> => {
    const held = { id, from: ["PLANNED"], state: "PLANNED", at: LATER, place: "gated", wait } as const;
    expect(await store().changeRuns([held])).toEqual([true]);
    return runOf(store(), id);
  };
  const placesOf = async (ids: readonly string[]): Promise<(string | undefined)[]> =>
    (await store().getRuns(ids)).map((run) => run?.place);

  describe("a run that goes through gates", () => {
    it("is gated when its lane admits it, and due to be asked about at once", async () => {
      await register(store());
      const [run] = await plan(store(), inTurn(1));
      const gated = { place: "gated", readyAt: null, wait: { reason: "gate", since: run!.plannedAt } };
      expect(await runOf(store(), run!.id)).toMatchObject(gated);
      expect(await dueAtGates(store(), { now: run!.plannedAt })).toMatchObject([
        { run: { id: run!.id }, lookAt: run!.plannedAt },
      ]);
      expect(await dueAtGates(store(), { now: run!.plannedAt - 1 })).toEqual([]);
    });

    it("takes no place of its lane, and later ones wait for their turn", async () => {
      await register(store(), { laneWidth: 2 });
      const runs = await plan(store(), inTurn(3));
      expect(await placesOf(idsOf(runs))).toEqual(["gated", "waiting", "waiting"]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 0, gatedRuns: 1, waitingRuns: 2 });
      const [due] = await dueAtGates(store());
      await settle(store(), due!);
      expect(await placesOf(idsOf(runs))).toEqual(["ready", "gated", "waiting"]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 1, gatedRuns: 1, waitingRuns: 1 });
    });

    it("is overtaken if it may be: all that could run are asked about", async () => {
      await register(store(), { laneWidth: 1 });
      const runs = await plan(store(), overtakable(3));
      expect(await placesOf(idsOf(runs))).toEqual(["gated", "gated", "gated"]);
      const due = await dueAtGates(store());
      expect(idsOf(due)).toHaveLength(3);
      const last = due.find(({ run }) => run.id === runs[2]!.id)!;
      expect(await settle(store(), last)).toBe(true);
      expect(await placesOf(idsOf(runs))).toEqual(["gated", "gated", "ready"]);
    });

    it("waits for its lane if the gates open while no place is free, and is asked about again", async () => {
      await register(store(), { laneWidth: 1 });
      const runs = await plan(store(), overtakable(2));
      const due = await dueAtGates(store());
      for (const one of due) expect(await settle(store(), one)).toBe(true);
      expect([...(await placesOf(idsOf(runs)))].sort()).toEqual(["ready", "waiting"]);
      const first = await carryOut(store(), "SUCCEEDED");
      const other = runs.find(({ id }) => id !== first.id)!;
      expect(await placesOf([other.id])).toEqual(["gated"]);
      expect(idsOf(await dueAtGates(store()))).toEqual([other.id]);
    });

    it("never holds up an earlier one that is run again", async () => {
      await register(store(), { laneWidth: 1 });
      const [earlier] = await plan(store());
      const claimed = await claimOne(store());
      await end(store(), claimed, "FAILED");
      const [later] = await plan(store(), inTurn(1));
      expect(await placesOf([earlier!.id, later!.id])).toEqual(["none", "gated"]);
      const again = { id: earlier!.id, from: ["FAILED"], state: "PLANNED", at: LATER, attempt: 0 } as const;
      await store().changeRuns([again]);
      expect(await placesOf([earlier!.id, later!.id])).toEqual(["ready", "gated"]);
      const [due] = await dueAtGates(store());
      await settle(store(), due!);
      expect(await placesOf([earlier!.id, later!.id])).toEqual(["ready", "waiting"]);
    });

    it("waits for its lane if the gates open while an earlier one keeps its turn, or while one blocks", async () => {
      await register(store(), { laneWidth: 2 });
      const [first] = await plan(store());
      const claimed = await claimOne(store());
      const [second] = await plan(store(), inTurn(1));
      await end(store(), claimed, "FAILED", { isBlocking: true });
      const [due] = await dueAtGates(store());
      await settle(store(), due!);
      expect(await placesOf([first!.id, second!.id])).toEqual(["blocking", "waiting"]);
    });

    it("is gated at once beside the lane, and ready when its gates open, whatever the lane", async () => {
      await register(store(), { laneWidth: 0 });
      const [run] = await plan(store(), { count: 1, run: { kind: "SCHEDULED" } });
      const manual = {
        ...run!,
        kind: "MANUAL",
        generation: 1,
        gating: "in-turn",
        id: `9${run!.id.slice(1)}`,
      } as const;
      expect(await store().insertRuns([manual])).toEqual([true]);
      expect(await runOf(store(), manual.id)).toMatchObject({ place: "gated", wait: { reason: "gate" } });
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 0, gatedRuns: 0, waitingRuns: 1 });
      const [due] = await dueAtGates(store());
      await settle(store(), due!);
      expect((await claimOne(store())).run.id).toBe(manual.id);
    });

    it("does not go through its gates again between two attempts", async () => {
      await register(store());
      await plan(store(), inTurn(1));
      await settle(store(), (await dueAtGates(store()))[0]!);
      const { run, token } = await claimOne(store());
      const wait = { reason: "retry", since: LATER };
      const back = { id: run.id, from: ["SUBMITTING"], token, state: "PLANNED", at: LATER } as const;
      await store().changeRuns([{ ...back, place: "ready", readyAt: LATER + 9, wait }]);
      expect(await runOf(store(), run.id)).toMatchObject({ place: "ready", readyAt: LATER + 9 });
    });
  });

  describe("a gated run", () => {
    it("says what it waits for, and takes no place", async () => {
      await register(store());
      const runs = await plan(store(), inTurn(2));
      const held = { state: "PLANNED", place: "gated", readyAt: null, leaseUntil: null, wait: WAIT };
      expect(await gate(runs[0]!.id)).toMatchObject(held);
      expect(await admitted(store(), runs)).toEqual([false, false]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 0, gatedRuns: 1, waitingRuns: 1 });
      expect((await gate(runs[0]!.id, null)).wait).toBeNull();
    });

    it("is not claimed until it is ready", async () => {
      await register(store());
      const [run] = await plan(store());
      await gate(run!.id);
      expect(await nextWake(store())).toBeUndefined();
      expect(await claim(store())).toEqual([]);
      const open = {
        id: run!.id,
        from: ["PLANNED"],
        state: "PLANNED",
        at: LATER + 1,
        place: "ready",
      } as const;
      await store().changeRuns([open]);
      expect(await runOf(store(), run!.id)).toMatchObject({ place: "ready", readyAt: LATER + 1, wait: null });
      expect((await claimOne(store())).run).toMatchObject({ id: run!.id, place: "active", wait: null });
    });

    it("waits for its lane while that is paused, and is asked about again when it is resumed", async () => {
      await register(store(), { laneWidth: 2 });
      const runs = await plan(store(), overtakable(2));
      await gate(runs[0]!.id);
      await change(store(), { laneWidth: 0 });
      expect(await placesOf(idsOf(runs))).toEqual(["waiting", "waiting"]);
      expect(await dueAtGates(store())).toEqual([]);
      await change(store(), { laneWidth: 2, updatedAt: LATER });
      expect(await placesOf(idsOf(runs))).toEqual(["gated", "gated"]);
      expect((await runOf(store(), runs[0]!.id)).wait).toEqual({ reason: "gate", since: LATER });
    });

    it("stays as it is when the lane is narrowed, and is cancelled as all that are planned", async () => {
      await register(store(), { laneWidth: 2 });
      const runs = await plan(store(), inTurn(2));
      await gate(runs[0]!.id);
      await change(store(), { laneWidth: 1 });
      expect(await runOf(store(), runs[0]!.id)).toMatchObject({ place: "gated", wait: WAIT });
      expect(await runOf(store(), runs[1]!.id)).toMatchObject({ place: "waiting", wait: { reason: "lane" } });
      await change(store(), { cancelPlanned: "unregistered" });
      expect(await runOf(store(), runs[0]!.id)).toMatchObject({
        state: "CANCELLED",
        place: "none",
        wait: null,
      });
      expect(await dueAtGates(store())).toEqual([]);
      expect(await scheduleOf(store())).toMatchObject({ admittedRuns: 0, gatedRuns: 0, waitingRuns: 0 });
    });

    it("lets the next one in when it is cancelled", async () => {
      await register(store());
      const runs = await plan(store(), { count: 2 });
      await gate(runs[0]!.id);
      await store().changeRuns([{ id: runs[0]!.id, from: ["PLANNED"], state: "CANCELLED", at: LATER }]);
      expect((await carryOut(store(), "SUCCEEDED")).id).toBe(runs[1]!.id);
    });

    it("may be one that comes back from an attempt", async () => {
      await register(store());
      await plan(store());
      const claimed = await claimOne(store());
      const { run, token } = claimed;
      const back = { id: run.id, from: ["SUBMITTING"], token, state: "PLANNED", at: LATER } as const;
      await store().changeRuns([{ ...back, place: "gated", wait: WAIT }]);
      expect(await runOf(store(), run.id)).toMatchObject({ place: "gated", wait: WAIT, leaseUntil: null });
      expect(await end(store(), claimed, "SUCCEEDED")).toBe(false);
    });

    it("gets the gates of a new version that it adopts, as do ready ones; those between attempts do not", async () => {
      const { spec } = await register(store(), { laneWidth: 2 });
      const runs = await plan(store(), { count: 2 });
      const [claimed] = await claim(store(), { limit: 1 });
      const { run, token } = claimed!;
      const back = { id: run.id, from: ["SUBMITTING"], token, state: "PLANNED", at: LATER } as const;
      await store().changeRuns([{ ...back, place: "ready", wait: { reason: "retry", since: LATER } }]);
      const gates = { door: { is: "shut" } };
      const next = { spec: { ...spec, gates }, tzdata: "2026a" };
      await change(store(), { spec: next, adoptsPlanned: true, laneWidth: 2, updatedAt: START + 5 });
      expect(await placesOf(idsOf(runs))).toEqual(["ready", "gated"]);
      expect(await dueAtGates(store())).toMatchObject([{ run: { id: runs[1]!.id }, lookAt: START + 5 }]);
      const former = { spec, tzdata: "2026a" };
      await settle(store(), (await dueAtGates(store()))[0]!, { lookAt: LATER + 1 });
      await change(store(), { spec: former, adoptsPlanned: true, laneWidth: 2, updatedAt: START + 6 });
      const [due] = await dueAtGates(store());
      expect(due).toMatchObject({ run: { id: runs[1]!.id, scheduleVersion: 3 }, lookAt: START + 6 });
      await settle(store(), due!);
      expect(await placesOf(idsOf(runs))).toEqual(["ready", "ready"]);
    });

    (supports.reopen ? it : it.skip)("is gated when the store is opened again", async () => {
      await register(store());
      const runs = await plan(store(), inTurn(2));
      await settle(store(), (await dueAtGates(store()))[0]!, { wokenBy: ["payments"] });
      const next = await reopened();
      expect(await runOf(next, runs[0]!.id)).toMatchObject({ place: "gated", wait: { reason: "closed" } });
      expect(await scheduleOf(next)).toMatchObject({ admittedRuns: 0, gatedRuns: 1, waitingRuns: 1 });
      expect(await dueAtGates(next)).toEqual([]);
      await register(next, { spec: { groupId: "payments" } });
      await plan(next, {}, "payments");
      await carryOut(next, "SUCCEEDED");
      const [due] = await dueAtGates(next);
      expect(due).toMatchObject({ run: { id: runs[0]!.id } });
      await settle(next, due!);
      expect((await claimOne(next)).run.id).toBe(runs[0]!.id);
    });
  });
}
