import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { Fire } from "@tidegate/core/engine";
import { createEmitter } from "@tidegate/core/testing";
import { until } from "@tidegate/testkit";
import type { FiredSchedule } from "../src/definition.js";
import { BullmqEngine } from "../src/index.js";
import { openServer } from "../src/open-server.js";
import { type EngineSettings, settingsOf } from "../src/options.js";
import { OFFICE_MS, type ScheduleTable } from "../src/schedule-table.js";
import type { SharedServer } from "../src/shared-server.js";
import { SCENES, type Scene } from "./support/scenes.js";

const LEASE_MS = 1_000;

/** One that no test outlasts. */
const LONG_LEASE_MS = 600_000;

function schedule(groupId: string, nextFireAt: number | null, version = 1): FiredSchedule {
  return { groupId, version, delayMs: 0, nextFireAt };
}

describe.each(SCENES)("on %s", (_, startScene) => {
  let scene: Scene;
  let server: SharedServer;
  let settings: EngineSettings;
  let table: ScheduleTable;
  /** The same schedules, whose fires it takes with a long lease. */
  let patientServer: SharedServer;
  let patient: ScheduleTable;
  let count = 0;

  beforeAll(async () => {
    scene = await startScene();
  }, 180_000);

  afterAll(() => scene.server.dispose());

  beforeEach(async () => {
    count += 1;
    settings = settingsOf({
      connection: scene.connection,
      prefix: `table_${count}`,
      leaseMs: LEASE_MS,
      batchSize: 10,
      // A busy machine may take its time.
      commandTimeoutMs: 60_000,
    });
    server = await openServer(settings, () => {});
    table = server.table;
    patientServer = await openServer({ ...settings, leaseMs: LONG_LEASE_MS }, () => {});
    patient = patientServer.table;
  });

  afterEach(async () => {
    await Promise.all([server.close(), patientServer.close()]);
  });

  /** The groups that are to be looked at by a time, in ms since 1970. */
  function dueBy(time: number): Promise<string[]> {
    return scene.dueBy(settings.prefix, time);
  }

  describe("groups that are hastened", () => {
    const inAMinute = (): number => Date.now() + 60_000;

    it("are due then, and the fire carries that time", async () => {
      const soon = Date.now() - 5;
      await table.register([{ ...schedule("a", inAMinute(), 3), delayMs: 7 }, schedule("ended", null)]);
      await table.hasten([
        { groupId: "a", fireAt: soon },
        { groupId: "ended", fireAt: soon },
        { groupId: "nobody", fireAt: soon },
      ]);
      const { fires } = await table.take(Date.now());
      const byGroup = fires.toSorted((one, other) => (one.groupId < other.groupId ? -1 : 1));
      expect(byGroup).toEqual([
        { groupId: "a", definition: { version: 3, delayMs: 7, fireAt: soon } },
        { groupId: "ended", definition: { version: 1, delayMs: 0, fireAt: soon } },
      ]);
    });

    it("stay as they are if they are due sooner anyway", async () => {
      const soon = Date.now() - 5;
      await table.register([schedule("a", soon)]);
      await table.hasten([{ groupId: "a", fireAt: inAMinute() }]);
      const { fires } = await table.take(Date.now());
      expect(fires.map(({ definition }) => definition.fireAt)).toEqual([soon]);
    });

    it("do not have the move overwritten by the answer to a fire that was taken before", async () => {
      const moved = Date.now() + 30_000;
      await table.register([schedule("a", Date.now() - 5)]);
      const batch = await patient.take(Date.now());
      await table.hasten([{ groupId: "a", fireAt: moved }]);
      await patient.settle(batch, [inAMinute()]);
      expect(await dueBy(moved - 1)).toEqual([]);
      expect(await dueBy(moved)).toEqual(["a"]);
    });
  });

  describe("fires that are due", () => {
    it("are given to one taker each, however many take at once", async () => {
      const past = Date.now() - 1_000;
      await table.register(
        Array.from({ length: 95 }, (_, index) => schedule(`group-${index}`, past + index)),
      );
      const batches = await Promise.all(Array.from({ length: 12 }, () => patient.take(Date.now())));
      const taken = batches.flatMap(({ fires }) => fires.map(({ groupId }) => groupId));
      expect(new Set(taken).size).toBe(95);
      expect(taken).toHaveLength(95);
    });

    it("are taken earliest first", async () => {
      const past = Date.now() - 1_000;
      await table.register([schedule("b", past + 1), schedule("c", past + 2), schedule("a", past)]);
      const { fires } = await table.take(Date.now());
      expect(fires.map(({ groupId }) => groupId)).toEqual(["a", "b", "c"]);
    });

    it("are not due before they are by the taker's clock as well", async () => {
      const past = Date.now() - 1_000;
      await table.register([schedule("a", past)]);
      expect((await table.take(past - 1)).fires).toEqual([]);
      expect((await table.take(past)).fires).toHaveLength(1);
    });

    it("are nobody else's while the lease lasts", async () => {
      await table.register([schedule("a", Date.now() - 1_000)]);
      expect((await patient.take(Date.now())).fires).toHaveLength(1);
      expect((await table.take(Date.now())).fires).toEqual([]);
    });

    it("are taken again with the same time when the lease lapses", async () => {
      const past = Date.now() - 1_000;
      await table.register([schedule("a", past)]);
      await table.take(Date.now());
      await sleep(LEASE_MS + 50);
      const { fires } = await table.take(Date.now());
      expect(fires).toEqual([{ groupId: "a", definition: { version: 1, delayMs: 0, fireAt: past } }]);
    });
  });

  describe("an answer that comes late", () => {
    it("does not undo an update, which is due as it says", async () => {
      const past = Date.now() - 1_000;
      await table.register([schedule("a", past)]);
      const batch = await table.take(Date.now());
      await table.register([schedule("a", past + 500, 2)]);
      await table.settle(batch, [null]);
      const { fires } = await table.take(Date.now());
      expect(fires).toMatchObject([{ groupId: "a", definition: { version: 2, fireAt: past + 500 } }]);
    });

    it("does not silence a schedule that was resumed meanwhile with the same definition", async () => {
      const past = Date.now() - 1_000;
      await table.register([schedule("a", past)]);
      const batch = await table.take(Date.now());
      await table.unregister(["a"]);
      await table.register([schedule("a", past)]);
      await table.settle(batch, [null]);
      expect((await table.take(Date.now())).fires).toHaveLength(1);
    });

    it("does not bring back what was unregistered", async () => {
      await table.register([schedule("a", Date.now() - 1_000)]);
      const batch = await table.take(Date.now());
      await table.unregister(["a"]);
      await table.settle(batch, [Date.now()]);
      await table.postpone(batch, 0);
      expect(await scene.kept(settings.prefix)).toBe(0);
    });

    it("after somebody else has taken the fire does not end that one's lease", async () => {
      await table.register([schedule("a", Date.now() - 1_000)]);
      const first = await table.take(Date.now());
      await sleep(LEASE_MS + 50);
      expect((await patient.take(Date.now())).fires).toHaveLength(1);
      await table.settle(first, [Date.now() - 1_000]);
      expect((await table.take(Date.now())).fires).toEqual([]);
    });
  });

  describe("a schedule that is changed again before the first change is answered", () => {
    it("is as was asked for last", async () => {
      for (let round = 1; round <= 20; round += 1) {
        const past = Date.now() - 1_000;
        const others = Array.from({ length: 500 }, (_, index) => schedule(`other-${index}`, past));
        await Promise.all([
          table.register([...others, schedule("a", past, round)]),
          table.unregister(["a"]),
          table.register([...others, schedule("b", past, round)]),
          table.register([schedule("b", past, round + 100)]),
        ]);
        const listed = [];
        for await (const entry of table.list()) if (entry.groupId.length === 1) listed.push(entry);
        expect(listed).toEqual([{ groupId: "b", version: round + 100 }]);
      }
    });
  });

  describe("a schedule that has ended", () => {
    it("is held and not due", async () => {
      await table.register([schedule("a", Date.now() - 1_000)]);
      await table.settle(await table.take(Date.now()), [null]);
      expect(await dueBy(Date.now() + 60_000)).toEqual([]);
      const listed = [];
      for await (const entry of table.list()) listed.push(entry);
      expect(listed).toEqual([{ groupId: "a", version: 1 }]);
    });
  });

  describe("the ticker's office", () => {
    const isTicker = async (owner: string) => (await table.look(owner, Date.now())).isTicker;

    /** What is found before the office can lapse: on a machine that stalls, it is looked for again. */
    async function withinTerm(look: () => Promise<boolean[]>): Promise<boolean[]> {
      while (true) {
        const began = Date.now();
        const found = await look();
        if (Date.now() - began < OFFICE_MS) return found;
        await sleep(OFFICE_MS);
      }
    }

    it("is one process's at a time, and lapses without it", async () => {
      const found = await withinTerm(async () => {
        await Promise.all([table.resign("one"), table.resign("two")]);
        return [await isTicker("one"), await isTicker("two")];
      });
      expect(found).toEqual([true, false]);
      await sleep(OFFICE_MS + 50);
      const later = await withinTerm(async () => {
        const held = [await isTicker("two")];
        await table.resign("one");
        held.push(await isTicker("one"));
        await table.resign("two");
        return [...held, await isTicker("one")];
      });
      expect(later).toEqual([true, false, true]);
    });

    it("says how many workers to call, and when there is something to do", async () => {
      const { data, ...first } = await table.look("one", Date.now());
      expect(first).toEqual({ isTicker: true, calls: 0, idleMs: undefined });
      const now = Date.now();
      await table.register([schedule("later", now + 3_600_000)]);
      expect(await table.look("one", now)).toMatchObject({ calls: 0, idleMs: 3_600_000 });
      await table.register(Array.from({ length: 21 }, (_, index) => schedule(`due-${index}`, 0)));
      const later = await table.look("one", Date.now());
      expect(later).toMatchObject({ calls: 3, idleMs: 0 });
      expect(later.data.id).toBe(data.id);
    });
  });

  describe("a ledger that takes longer than the lease", () => {
    /** Fires once with this lease; returns what was fired, and for how long nothing was heard of the server at most. */
    async function fireSlowly(leaseMs: number): Promise<{ fired: Fire[]; silentMs: number }> {
      const fired: Fire[] = [];
      const sink = {
        fire: async (fires: readonly Fire[]) => {
          fired.push(...fires);
          await sleep(3 * leaseMs);
          const answer = { outcome: "planned", runs: [], nextFireAt: null } as const;
          return fires.map(({ groupId }) => ({ ...answer, groupId }));
        },
      };
      const options = { ...settings, leaseMs };
      const engines = [new BullmqEngine(options), new BullmqEngine(options)];
      for (const engine of engines)
        await engine.start({ sink, events: createEmitter(), onFireMoved: () => () => {} });
      await table.register([schedule("a", Date.now())]);
      let heardAt = performance.now();
      let silentMs = 0;
      const isSettled = async (): Promise<boolean> => {
        const held = await dueBy(Date.now() + 600_000);
        silentMs = Math.max(silentMs, performance.now() - heardAt);
        heardAt = performance.now();
        return held.length === 0;
      };
      await until(isSettled, { what: "the fire to be settled" });
      for (const engine of engines) await engine.stop();
      return { fired, silentMs };
    }

    it("has its fires to itself", async () => {
      // On a machine that stalls for long, the lease lapses, as it should: it is tried with a longer one.
      for (let leaseMs = LEASE_MS; ; leaseMs *= 2) {
        const { fired, silentMs } = await fireSlowly(leaseMs);
        if (fired.length > 1 && silentMs > leaseMs / 2) continue;
        expect(fired).toHaveLength(1);
        return;
      }
    });
  });
});
