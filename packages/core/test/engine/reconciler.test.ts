import { describe, expect, it } from "@jest/globals";
import { Bench } from "../support/bench.js";

const hourly = { groupId: "orders", trigger: { type: "period", every: 1, unit: "hour" } } as const;

/** A bench whose reconciler passes each minute. */
async function started() {
  const bench = await Bench.started(undefined, { reconcileEveryMs: 60_000 });
  const repairs: object[] = [];
  bench.tidegate.events.on("engine-repaired", (repair) => repairs.push(repair));
  await bench.clock.advance(1);
  return { bench, repairs };
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
});
