import { describe, expect, it } from "@jest/globals";
import type { Fire, FireResult } from "../../src/engine/engine.js";
import { StoreError } from "../../src/errors/errors.js";
import { FireBatches } from "../../src/intake/fire-batches.js";
import type { NewRun } from "../../src/run/run.js";

const aRun = (groupId: string) => ({ groupId }) as NewRun;

const aTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A sink that plans a run for each group once, and refuses a batch in which there is one of these. */
function aSink(refused: readonly string[] = []) {
  const batches: string[][] = [];
  const known = new Set<string>();
  const fire = async (fires: readonly Fire[]): Promise<FireResult[]> => {
    batches.push(fires.map(({ groupId }) => groupId));
    await aTurn();
    if (fires.some(({ groupId }) => refused.includes(groupId))) throw new Error("refused");
    const fresh = [...new Set(fires.map(({ groupId }) => groupId))].filter((groupId) => !known.has(groupId));
    for (const groupId of fresh) known.add(groupId);
    return fires.map(({ groupId }) => {
      const runs = fresh.includes(groupId) ? [aRun(groupId)] : [];
      return { groupId, outcome: runs.length > 0 ? "planned" : "duplicate", runs, nextFireAt: null };
    });
  };
  return { batches, fires: new FireBatches({ fire }) };
}

const aFire = (groupId: string): Fire => ({ groupId, scheduledTime: 0 });

describe("fires of callbacks", () => {
  it("go together with those that come while others are planned", async () => {
    const { fires, batches } = aSink();
    const first = ["a", "b"].map((groupId) => fires.fire(aFire(groupId)));
    while (batches.length === 0) await aTurn();
    const second = ["c", "d", "e"].map((groupId) => fires.fire(aFire(groupId)));
    const all = await Promise.all([...first, ...second]);
    expect(batches).toEqual([
      ["a", "b"],
      ["c", "d", "e"],
    ]);
    expect(all.map(({ runs }) => runs.map(({ groupId }) => groupId))).toEqual([
      ["a"],
      ["b"],
      ["c"],
      ["d"],
      ["e"],
    ]);
    await fires.fire(aFire("f"));
    expect(batches).toHaveLength(3);
  });

  it("for one group are planned once, and one of them is told so", async () => {
    const { fires } = aSink();
    const all = await Promise.all(Array.from({ length: 5 }, () => fires.fire(aFire("a"))));
    expect(all.map(({ hasPlanned }) => hasPlanned)).toEqual([true, false, false, false, false]);
    expect(all.every(({ runs }) => runs.length === 1)).toBe(true);
    expect((await fires.fire(aFire("a"))).hasPlanned).toBe(false);
  });

  it("are not held up by one that cannot be planned", async () => {
    const { fires } = aSink(["bad"]);
    const all = await Promise.allSettled(["a", "bad", "b"].map((groupId) => fires.fire(aFire(groupId))));
    expect(all.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((await fires.fire(aFire("c"))).hasPlanned).toBe(true);
  });

  it("are all refused at once if the store is away", async () => {
    const batches: number[] = [];
    const away = new StoreError("STORE_UNAVAILABLE", "The store is away.");
    const fire = async (fires: readonly Fire[]): Promise<FireResult[]> => {
      batches.push(fires.length);
      throw away;
    };
    const fires = new FireBatches({ fire });
    const all = await Promise.allSettled(["a", "b", "c"].map((groupId) => fires.fire(aFire(groupId))));
    expect(all).toEqual(Array.from({ length: 3 }, () => ({ status: "rejected", reason: away })));
    expect(batches).toEqual([3]);
  });
});
