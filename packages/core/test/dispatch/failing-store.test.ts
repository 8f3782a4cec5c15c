import { describe, expect, it } from "@jest/globals";
import { StoreError } from "../../src/errors/errors.js";
import type { JobOutcome } from "../../src/job/job-outcome.js";
import { Bench, HOUR, hour, running } from "../support/bench.js";

const hourly = { groupId: "orders", trigger: { type: "period", every: 1, unit: "hour" } } as const;

/** Makes a method of the store reject from now on; what it returns ends that. */
function breakStore<Name extends keyof Bench["store"]>(bench: Bench, name: Name): () => void {
  const { store } = bench;
  const original = store[name];
  store[name] = (async () => {
    throw new Error(`${name} is out of order`);
  }) as unknown as Bench["store"][Name];
  return () => {
    store[name] = original;
  };
}

describe("a store that fails for a while", () => {
  it.each(["claim", "nextWake", "changeRuns", "plan"] as const)(
    "at %s costs time, and neither loses nor doubles an interval",
    async (name) => {
      const bench = await Bench.started(undefined, { dispatcher: { leaseMs: 30_000 } });
      await bench.client.register(hourly);
      const mend = breakStore(bench, name);
      await bench.fireAt(1).catch(() => undefined);
      await bench.clock.advance(5_000);
      expect(bench.troubles.length).toBeGreaterThan(name === "plan" ? -1 : 0);
      mend();
      await bench.fireAt(2);
      await bench.clock.advance(HOUR / 2);
      expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true, succeeded: { runs: 2 } });
      expect(bench.operator.doubles).toEqual([]);
    },
  );

  it("when a job ends, for less than the lease, has the end recorded by who has the run", async () => {
    const bench = await Bench.started(running, { dispatcher: { leaseMs: 30_000 } });
    await bench.client.register(hourly);
    await bench.fireAt(1);
    const mend = breakStore(bench, "changeRuns");
    await bench.endNewest();
    await bench.clock.advance(5_000);
    mend();
    await bench.clock.advance(2_000);
    const { items } = await bench.store.listRuns({ groupId: "orders" }, {});
    expect(items).toMatchObject([{ state: "SUCCEEDED", attempt: 1, history: [] }]);
    expect(bench.operator.submissions).toHaveLength(1);
  });

  it("at telling that an end is recorded is asked what it holds, and all goes on", async () => {
    const bench = await Bench.started(running);
    await bench.client.register({ ...hourly, overlap: "queue" });
    await bench.fireAt(1);
    const { store } = bench;
    const original = store.changeRuns.bind(store);
    store.changeRuns = async (changes) => {
      await original(changes);
      store.changeRuns = original;
      throw new Error("the connection broke");
    };
    const ended: string[] = [];
    bench.tidegate.events.on("run-state", ({ run }) => ended.push(run.state));
    await bench.endNewest();
    await bench.clock.advance(2_000);
    expect(ended).toEqual(["SUCCEEDED"]);
    expect(bench.troubles).toHaveLength(1);
  });

  it("when an active run is to make way is told of, and the schedule goes on once it is back", async () => {
    const bench = await Bench.started(running);
    await bench.client.register({ ...hourly, overlap: "cancel-running" });
    await bench.fireAt(1);
    const mend = breakStore(bench, "requestCancel");
    await bench.fireAt(2);
    expect(bench.troubles).toMatchObject([{ where: "dispatcher" }]);
    mend();
    bench.clock.set(hour(2) + 120_000);
    await bench.engine.fire("orders", hour(2));
    await bench.clock.settle();
    await bench.clock.settle();
    await bench.endNewest();
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true, range: { upper: hour(2) } });
  });
});

describe("a store that fails while a backfill is under way", () => {
  it("holds it up until it is back, without anybody's doing", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly);
    const mend = breakStore(bench, "planBackfill");
    await bench.client.backfill({ groupId: "orders", from: hour(-5), to: hour(0) });
    await bench.clock.advance(20_000);
    expect(bench.intervals).toEqual([]);
    mend();
    await bench.clock.advance(20_000);
    expect(bench.intervals).toHaveLength(5);
  });
});

describe("a full disk", () => {
  it("is one trouble in ten seconds, with the number of those left out, however many runs it holds up", async () => {
    const bench = await Bench.started(running, { dispatcher: { leaseMs: 120_000 } });
    const groupIds = Array.from({ length: 50 }, (_, index) => `group-${index}`);
    for (const groupId of groupIds) await bench.client.register({ ...hourly, groupId });
    await bench.clock.advanceTo(hour(1));
    for (const groupId of groupIds) await bench.engine.fire(groupId, hour(1));
    await bench.clock.settle();
    const { changeRuns } = bench.store;
    bench.store.changeRuns = async () => {
      throw new StoreError("STORE_FULL", "The disk is full.");
    };
    bench.operator.endAll();
    await bench.clock.advance(25_000);
    expect(bench.troubles.map(({ error, omitted }) => [error.code, omitted])).toEqual([
      ["STORE_FULL", undefined],
      ["STORE_FULL", expect.any(Number)],
      ["STORE_FULL", expect.any(Number)],
    ]);
    expect(bench.troubles[1]!.omitted).toBeGreaterThan(50);
    bench.store.changeRuns = changeRuns;
    await bench.clock.advance(5_000);
    for (const groupId of groupIds)
      expect(await bench.client.audit(groupId)).toMatchObject({
        succeeded: { runs: 1 },
        active: { runs: 0 },
      });
  });
});

describe("a report of late data that is not written", () => {
  const late = (): JobOutcome => ({
    state: "SUCCEEDED",
    touched: [{ intervals: [{ lower: hour(0), upper: hour(1), rows: 5 }] }],
  });
  const begun = async () => {
    const bench = await Bench.started(undefined, { dispatcher: { leaseMs: 30_000 } });
    await bench.client.register(hourly);
    await bench.fireAt(1);
    bench.operator.answer = late;
    return bench;
  };
  const newest = async (bench: Bench) => (await bench.store.listRuns({ groupId: "orders" }, {})).items.at(-1);

  it("because the store refuses it does not hold up the run, and is told", async () => {
    const bench = await begun();
    breakStore(bench, "reportLate");
    await bench.fireAt(2);
    await bench.clock.advance(5_000);
    expect(await newest(bench)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
    expect(bench.troubles.at(-1)).toMatchObject({
      where: "dispatcher",
      groupId: "orders",
      error: { message: expect.stringContaining("reportLate is out of order") },
    });
  });

  it("because the store is away is written as soon as it is back, before the run's end", async () => {
    const bench = await begun();
    const { reportLate } = bench.store;
    bench.store.reportLate = async () => {
      throw new StoreError("STORE_UNAVAILABLE", "The line is dead.");
    };
    await bench.fireAt(2);
    await bench.clock.advance(60_000);
    expect(await newest(bench)).toMatchObject({ state: "SUBMITTING" });
    bench.store.reportLate = reportLate;
    await bench.clock.advance(2_000);
    expect(await newest(bench)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
    expect((await bench.client.lateData()).items).toMatchObject([{ lower: hour(0), rowsLate: 5 }]);
  });
});
