import { START } from "../builders.js";
import { describe, expect, it } from "../runner.js";
import {
  carryOut,
  change,
  claimOne,
  dueAtGates,
  end,
  failAtGates,
  idsOf,
  LATER,
  nextLook,
  plan,
  register,
  runOf,
  scheduleOf,
  settle,
} from "./conduct.js";
import type { StoreBed } from "./fixture.js";

const GATED = { run: { gating: "overtakable" } } as const;

/** Tests `listGated`, `settleGates` and `nextWake`: the queue that gatekeepers work through. */
export function gateQueueRules({ store, second }: StoreBed): void {
  describe("gated runs", () => {
    it("are listed by when they are due, then by id, in pages", async () => {
      await register(store(), { laneWidth: 4 });
      const runs = await plan(store(), { count: 4, ...GATED });
      const ids = idsOf(runs).sort();
      const first = await dueAtGates(store(), { limit: 3 });
      expect(idsOf(first)).toEqual(ids.slice(0, 3));
      const { lookAt, run } = first[2]!;
      expect(idsOf(await dueAtGates(store(), { after: { lookAt, id: run.id } }))).toEqual(ids.slice(3));
      await settle(store(), first[0]!, { lookAt: LATER - 1 });
      expect(idsOf(await dueAtGates(store()))).toEqual([...ids.slice(1), ids[0]]);
      expect(idsOf(await dueAtGates(store(), { now: LATER - 2 }))).toEqual(ids.slice(1));
    });

    it("are due when their gates say so, and not before", async () => {
      await register(store());
      const [run] = await plan(store(), { count: 1, ...GATED });
      expect(await nextLook(store())).toBe(run!.plannedAt);
      await settle(store(), (await dueAtGates(store()))[0]!, { lookAt: LATER + 5, reason: "not yet" });
      expect(await nextLook(store())).toBe(LATER + 5);
      expect(await dueAtGates(store(), { now: LATER + 4 })).toEqual([]);
      expect(await dueAtGates(store(), { now: LATER + 5 })).toMatchObject([
        { run: { id: run!.id, wait: { reason: "not yet", since: START, lookAgainAt: LATER + 5 } } },
      ]);
      await settle(store(), (await dueAtGates(store(), { now: LATER + 5 }))[0]!);
      expect(await nextLook(store())).toBeUndefined();
      expect(await runOf(store(), run!.id)).toMatchObject({ place: "ready", readyAt: LATER, wait: null });
    });

    it("take one answer to each question: later ones, and those to runs that are gated no more, are refused", async () => {
      await register(store());
      await plan(store(), { count: 1, ...GATED });
      const [asked] = await dueAtGates(store());
      const [alsoAsked] = await dueAtGates(await second());
      expect(await settle(store(), asked!, { reason: "first" })).toBe(true);
      expect(await settle(await second(), alsoAsked!)).toBe(false);
      expect(await runOf(store(), asked!.run.id)).toMatchObject({
        place: "gated",
        wait: { reason: "first" },
      });
      const [again] = await dueAtGates(store(), { now: LATER + 60_000 });
      expect(await settle(store(), again!)).toBe(true);
      expect(await settle(store(), again!)).toBe(false);
      expect(await settle(store(), { ...again!, run: { ...again!.run, id: "0".repeat(32) } })).toBe(false);
    });

    it("are settled each by itself, in one call", async () => {
      await register(store(), { laneWidth: 2 });
      const runs = await plan(store(), { count: 3, ...GATED });
      const due = await dueAtGates(store());
      const answers = due.map(({ run: { id }, look }, n) => ({
        id,
        look: n === 1 ? look - 1 : look,
        at: LATER,
      }));
      const done = await store().settleGates(answers.map((answer) => ({ ...answer, isOpen: true })));
      expect(done).toEqual([true, false, true]);
      const ready = (await store().getRuns(idsOf(runs))).filter((run) => run?.place === "ready");
      expect(ready).toHaveLength(2);
    });
  });

  describe("a run that its gates give up", () => {
    const ended = {
      state: "FAILED",
      place: "none",
      wait: null,
      attempt: 0,
      submittedAt: null,
      endedAt: LATER,
      error: { code: "TOO_LATE", message: "nobody came" },
    };

    it("has failed, and the next one is asked about, unless it blocks", async () => {
      for (const isBlocking of [false, true]) {
        const groupId = isBlocking ? "blocked" : "orders";
        await register(store(), { spec: { groupId } });
        const runs = await plan(store(), { count: 2, run: { gating: "in-turn" } }, groupId);
        const due = (await dueAtGates(store())).find(({ run }) => run.groupId === groupId);
        expect(await failAtGates(store(), due!, { isBlocking })).toBe(true);
        const place = isBlocking ? "blocking" : "none";
        expect(await runOf(store(), runs[0]!.id)).toMatchObject({ ...ended, place, isBlocking });
        expect(await runOf(store(), runs[1]!.id)).toMatchObject({ place: isBlocking ? "waiting" : "gated" });
        expect(await scheduleOf(store(), groupId)).toMatchObject({
          admittedRuns: 0,
          gatedRuns: isBlocking ? 0 : 1,
        });
      }
    });

    it("stays as it is if it was asked about again meanwhile, has been woken, or is gated no more", async () => {
      await register(store());
      await register(store(), { spec: { groupId: "payments" } });
      const [run] = await plan(store(), { count: 1, ...GATED });
      const [asked] = await dueAtGates(store());
      await settle(store(), asked!, { lookAt: LATER + 9, wokenBy: ["payments"] });
      expect(await failAtGates(await second(), asked!)).toBe(false);
      const [late] = await dueAtGates(store(), { now: LATER + 9 });
      await plan(store(), {}, "payments");
      await carryOut(store(), "SUCCEEDED");
      expect(await failAtGates(store(), late!)).toBe(false);
      const [woken] = await dueAtGates(store());
      expect(await settle(store(), woken!)).toBe(true);
      expect(await failAtGates(await second(), woken!)).toBe(false);
      expect(await runOf(store(), run!.id)).toMatchObject({ state: "PLANNED", place: "ready", error: null });
    });

    it("wakes those that its group wakes, also one that is settled in the same call", async () => {
      await register(store());
      await register(store(), { spec: { groupId: "payments" } });
      const [waits] = await plan(store(), { count: 1, ...GATED });
      await settle(store(), (await dueAtGates(store()))[0]!, { lookAt: LATER, wokenBy: ["payments"] });
      const [fails] = await plan(store(), { count: 1, ...GATED }, "payments");
      const due = await dueAtGates(store());
      const lookOf = (id: string): number => due.find(({ run }) => run.id === id)!.look;
      const common = { at: LATER, isOpen: false } as const;
      const failure = { error: ended.error, isBlocking: false };
      const done = await store().settleGates([
        { ...common, id: fails!.id, look: lookOf(fails!.id), failure },
        { ...common, id: waits!.id, look: lookOf(waits!.id), failure },
      ]);
      expect(done).toEqual([true, false]);
      expect(await dueAtGates(store(), { now: 0 })).toMatchObject([{ run: { id: waits!.id }, lookAt: 0 }]);
    });

    it("can be retried, and goes through its gates again", async () => {
      await register(store());
      const [run] = await plan(store(), { count: 1, ...GATED });
      await failAtGates(store(), (await dueAtGates(store()))[0]!, { isBlocking: true });
      const { error } = ended;
      const attemptRecord = { attempt: 0, submittedAt: null, endedAt: LATER, jobId: null, error };
      const again = { id: run!.id, from: ["FAILED"], state: "PLANNED", at: LATER, attemptRecord } as const;
      expect(await store().changeRuns([again])).toEqual([true]);
      expect(await runOf(store(), run!.id)).toMatchObject({ place: "gated", isBlocking: false });
      await settle(store(), (await dueAtGates(store()))[0]!);
      const { run: claimed } = await claimOne(store());
      expect(claimed).toMatchObject({ id: run!.id, attempt: 1, error, history: [attemptRecord] });
      expect(claimed).toEqual(await runOf(store(), run!.id));
    });
  });

  describe("a run that a person marks as ready", () => {
    const mark = { at: LATER - 5, note: 'the file "orders" is\nempty on purpose' };

    it("keeps the mark, and is due at once", async () => {
      await register(store());
      const [run] = await plan(store(), { count: 1, ...GATED });
      const [asked] = await dueAtGates(store());
      await settle(store(), asked!, { lookAt: LATER + 99, wokenBy: ["payments"] });
      const [late] = await dueAtGates(store(), { now: LATER + 99 });
      expect(await (await second()).markReady(run!.id, mark)).toBe(true);
      expect(await nextLook(store())).toBe(0);
      expect(await settle(store(), late!, { lookAt: LATER + 99 })).toBe(false);
      const [due] = await dueAtGates(store(), { now: 0 });
      expect(due).toMatchObject({ lookAt: 0, run: { id: run!.id, place: "gated", markedReady: mark } });
      expect(await settle(store(), due!)).toBe(true);
      const claimed = await claimOne(store());
      expect(claimed.run).toMatchObject({ id: run!.id, markedReady: mark });
      await end(store(), claimed, "SUCCEEDED");
      expect(await runOf(store(), run!.id)).toMatchObject({ state: "SUCCEEDED", markedReady: mark });
    });

    it("is one that gates hold: another is refused", async () => {
      await register(store());
      const [run] = await plan(store(), { count: 1 });
      expect(await store().markReady(run!.id, mark)).toBe(false);
      expect(await store().markReady("0".repeat(32), mark)).toBe(false);
      expect(await runOf(store(), run!.id)).toMatchObject({ place: "ready", markedReady: null });
    });
  });

  describe("a group that wakes a gated run", () => {
    const gateBehind = async (groupId: string): Promise<string> => {
      await register(store());
      await register(store(), { spec: { groupId: "payments" } });
      const [run] = await plan(store(), { count: 1, ...GATED });
      await settle(store(), (await dueAtGates(store()))[0]!, { lookAt: LATER + 99, wokenBy: ["x", groupId] });
      return run!.id;
    };

    it.each(["SUCCEEDED", "FAILED", "CANCELLED"] as const)(
      "does so when a run of it is %s",
      async (state) => {
        const id = await gateBehind("payments");
        await plan(store(), {}, "payments");
        expect(await dueAtGates(store())).toEqual([]);
        await carryOut(store(), state);
        expect(await dueAtGates(store(), { now: 0 })).toMatchObject([{ run: { id }, lookAt: 0 }]);
      },
    );

    it("does so when one is skipped, or cancelled with its schedule", async () => {
      const id = await gateBehind("payments");
      await plan(store(), { run: { state: "SKIPPED", reason: "catchup-dropped" } }, "payments");
      const [skipped] = await dueAtGates(store());
      expect(skipped?.run.id).toBe(id);
      await settle(store(), skipped!, { lookAt: LATER + 99, wokenBy: ["payments"] });
      await plan(store(), {}, "payments");
      expect(await dueAtGates(store())).toEqual([]);
      await change(store(), { cancelPlanned: "unregistered" }, "payments");
      expect(idsOf(await dueAtGates(store()))).toEqual([id]);
    });

    it("makes answers outdated that were asked for before", async () => {
      await gateBehind("payments");
      const [asked] = await dueAtGates(store(), { now: LATER + 99 });
      await plan(store(), {}, "payments");
      await carryOut(store(), "SUCCEEDED");
      expect(await settle(store(), asked!, { lookAt: LATER + 99 })).toBe(false);
      expect(await dueAtGates(store())).toHaveLength(1);
    });

    it("leaves alone what others wake, and what waits no more", async () => {
      const id = await gateBehind("elsewhere");
      await plan(store(), {}, "payments");
      await carryOut(store(), "SUCCEEDED");
      expect(await dueAtGates(store())).toEqual([]);
      const [due] = await dueAtGates(store(), { now: LATER + 99 });
      await settle(store(), due!, { lookAt: LATER + 99, wokenBy: ["payments"] });
      await store().changeRuns([{ id, from: ["PLANNED"], state: "PLANNED", at: LATER, place: "ready" }]);
      const claimed = await claimOne(store());
      await plan(store(), {}, "payments");
      await carryOut(store(), "SUCCEEDED");
      expect(await dueAtGates(store())).toEqual([]);
      expect(await end(store(), claimed, "SUCCEEDED")).toBe(true);
    });
  });
}
