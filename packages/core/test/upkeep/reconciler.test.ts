import { describe, expect, it } from "@jest/globals";
import { Bench } from "../support/bench.js";

const hourly = { groupId: "orders", trigger: { type: "period", every: 1, unit: "hour" } } as const;

/** A bench whose reconciler passes each minute. */
async function started(onEngineDrift: "mend" | "report" = "mend") {
  const bench = await Bench.started(undefined, { reconcileEveryMs: 60_000, onEngineDrift });
  const repairs: object[] = [];
  const reports: object[] = [];
  bench.tidegate.events.on("engine-repaired", (repair) => repairs.push(repair));
  bench.tidegate.events.on("engine-differs", (report) => reports.push(report));
  await bench.clock.advance(1);
  return { bench, repairs, reports };
}

describe("the reconciler", () => {
  it("takes no schedule for an orphan that is registered while it reads", async () => {
    const { bench, repairs } = await started();
    const { store, engine } = bench;
    const list = engine.list.bind(engine);
    // The engine has taken the schedule, but the store does not say so yet.
    engine.list = async function* () {
      engine.held.set("orders", 1);
      yield* list();
    };
    const listSchedules = store.listSchedules.bind(store);
    store.listSchedules = async (filter, page) => {
      const found = await listSchedules(filter, page);
      if (filter.engine !== undefined && repairs.length === 0) {
        store.listSchedules = listSchedules;
        await bench.client.register(hourly);
      }
      return found;
    };
    await bench.clock.advance(60_000);
    expect(engine.calls).toEqual(["register orders@1"]);
    expect([...engine.held]).toEqual([["orders", 1]]);
    expect(repairs).toEqual([]);
  });

  it("finds schedules again whose engine was written in another case", async () => {
    const { bench, repairs } = await started();
    const { schedule } = await bench.client.register({ ...hourly, engine: "MANUAL" });
    expect(schedule.spec.engine).toBe("manual");
    await bench.clock.advance(60_000);
    expect(repairs).toEqual([]);
    expect([...bench.engine.held]).toEqual([["orders", 1]]);
  });

  it("only tells what an engine holds differently, where it is to report", async () => {
    const { bench, repairs, reports } = await started("report");
    for (const groupId of ["kept", "lost", "edited"]) await bench.client.register({ ...hourly, groupId });
    await bench.clock.advance(60_000);
    expect(reports).toEqual([]);
    bench.engine.held.delete("lost");
    bench.engine.held.set("edited", 7);
    bench.engine.held.set("strange", 1);
    await bench.clock.advance(60_000);
    expect(reports).toEqual([
      { engine: "manual", missing: ["lost"], stale: ["edited"], orphans: ["strange"] },
    ]);
    expect(repairs).toEqual([]);
    expect(Object.fromEntries(bench.engine.held)).toEqual({ kept: 1, edited: 7, strange: 1 });
  });

  it("mends with what is so when it comes to it, and not with what was so before", async () => {
    const { bench, repairs } = await started();
    const { engine, client, tidegate } = bench;
    for (const groupId of ["paused", "updated"]) await client.register({ ...hourly, groupId });
    engine.held.clear();
    engine.held.set("orphan", 1);
    const unregister = engine.handleUnregister.bind(engine);
    engine.handleUnregister = async (groupIds) => {
      engine.handleUnregister = unregister;
      await unregister(groupIds);
      await client.pause("paused");
      await client.update({ ...hourly, groupId: "updated", description: "changed" }, { version: 1 });
    };
    await tidegate.reconcile();
    expect([...engine.held]).toEqual([["updated", 2]]);
    expect(repairs).toEqual([{ engine: "manual", registered: 1, updated: 0, removed: 1 }]);
  });

  it("passes at once when it is asked to, and has mended by the time it resolves", async () => {
    const { bench, repairs } = await started();
    await bench.client.register(hourly);
    bench.engine.held.clear();
    await bench.tidegate.reconcile();
    expect([...bench.engine.held]).toEqual([["orders", 1]]);
    expect(repairs).toEqual([{ engine: "manual", registered: 1, updated: 0, removed: 0 }]);
  });

  it("compares an engine that has noticed a loss at once, and again soon if that fails", async () => {
    const { bench, repairs } = await started();
    await bench.client.register(hourly);
    const lose = () => {
      bench.engine.held.clear();
      bench.tidegate.events.emit("engine-forgot", { engine: "manual" });
    };
    lose();
    await bench.clock.advance(0);
    expect([...bench.engine.held]).toEqual([["orders", 1]]);
    expect(repairs).toEqual([{ engine: "manual", registered: 1, updated: 0, removed: 0 }]);
    bench.engine.failure = new Error("away");
    lose();
    await bench.clock.advance(0);
    expect([...bench.engine.held]).toEqual([]);
    bench.engine.failure = undefined;
    await bench.clock.advance(5_000);
    expect([...bench.engine.held]).toEqual([["orders", 1]]);
  });

  it("registers what the engine has not been told of yet, also where it is to report", async () => {
    const { bench, reports } = await started("report");
    bench.engine.failure = new Error("away");
    await bench.client.register(hourly);
    bench.engine.failure = undefined;
    await bench.clock.advance(60_000);
    expect([...bench.engine.held]).toEqual([["orders", 1]]);
    expect(reports).toEqual([]);
  });

  it("asks an engine that refuses again and again, at ever longer distances", async () => {
    const { bench } = await started();
    bench.engine.failure = new Error("away");
    await bench.client.register(hourly);
    const tries = () => bench.engine.calls.length;
    expect(tries()).toBe(1);
    await bench.clock.advance(5_000);
    expect(tries()).toBe(2);
    await bench.clock.advance(9_000);
    expect(tries()).toBe(2);
    await bench.clock.advance(1_000);
    expect(tries()).toBe(3);
    bench.engine.failure = undefined;
    await bench.clock.advance(20_000);
    expect(tries()).toBe(4);
    expect((await bench.client.get("orders"))?.status).toBe("REGISTERED");
    await bench.clock.advance(60_000);
    expect(tries()).toBe(4);
  });

  it("does not tell an engine of what it is being told of already", async () => {
    const { bench } = await started();
    const { engine } = bench;
    const register = engine.handleRegister.bind(engine);
    let answer!: () => void;
    engine.handleRegister = async (schedules) => {
      await register(schedules);
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
    };
    const registering = bench.client.register(hourly);
    await bench.clock.advance(60_000);
    expect(engine.calls).toEqual(["register orders@1"]);
    answer();
    expect((await registering).schedule.status).toBe("REGISTERED");
  });
});

describe("a schedule that its engine refuses", () => {
  const groups = Array.from({ length: 20 }, (_, index) => `g${index}`);
  const refuse = (bench: Bench, poisoned: string): void => {
    const { engine } = bench;
    const register = engine.handleRegister.bind(engine);
    engine.handleRegister = async (schedules) => {
      if (schedules.some(({ groupId }) => groupId === poisoned)) throw new Error("no such calendar");
      await register(schedules);
    };
  };
  const others = groups.filter((group) => group !== "g7");

  it("does not keep the others of its registration from the engine", async () => {
    const { bench } = await started();
    refuse(bench, "g7");
    await bench.client.registerMany(groups.map((groupId) => ({ ...hourly, groupId })));
    expect([...bench.engine.held.keys()].sort()).toEqual([...others].sort());
    const { items } = await bench.client.list();
    const failed = items.filter(({ status }) => status === "FAILED");
    expect(failed.map(({ spec, statusReason }) => [spec.groupId, statusReason])).toEqual([
      ["g7", "no such calendar"],
    ]);
    expect(items.filter(({ status }) => status === "REGISTERED")).toHaveLength(19);
  });

  it("does not keep the reconciler from the others that the engine has lost", async () => {
    const { bench, repairs } = await started();
    await bench.client.registerMany(groups.map((groupId) => ({ ...hourly, groupId })));
    bench.engine.held.clear();
    bench.engine.held.set("orphan", 1);
    refuse(bench, "g7");
    await bench.clock.advance(60_000);
    expect([...bench.engine.held.keys()].sort()).toEqual([...others].sort());
    expect(repairs[0]).toMatchObject({ registered: 19, removed: 1 });
    expect(bench.troubles.map(({ error }) => error.message)).toContain("no such calendar");
  });

  it("is told apart from the others of one insertion", async () => {
    const { bench } = await started();
    const insertSchedules = bench.store.insertSchedules.bind(bench.store);
    bench.store.insertSchedules = async (schedules) => {
      if (schedules.some(({ spec }) => spec.groupId === "g7")) throw new Error("invalid byte sequence");
      return insertSchedules(schedules);
    };
    const results = await bench.client.registerMany(groups.map((groupId) => ({ ...hourly, groupId })));
    expect(results.filter(({ isRegistered }) => isRegistered)).toHaveLength(19);
    expect(results[7]).toMatchObject({ isRegistered: false, error: new Error("invalid byte sequence") });
  });
});
