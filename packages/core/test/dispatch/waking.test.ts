import { describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { Bench, hour, running, type Script } from "../support/bench.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";

const hourly = (rest: Partial<ScheduleInfo> = {}): ScheduleInfo => ({
  groupId: "orders",
  trigger: { type: "period", every: 1, unit: "hour" },
  ...rest,
});

/** Three hours are owed, the first is under way, and no engine will fire again. */
async function owing(script: Script, rest: Partial<ScheduleInfo> = {}): Promise<Bench> {
  const bench = await Bench.started(script);
  await bench.client.register(hourly({ endTime: hour(3), ...rest }));
  await bench.fireAt(3);
  return bench;
}

async function turns(bench: Bench): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await bench.clock.settle();
}

const firstId = async (bench: Bench): Promise<string> =>
  (await bench.client.runs({ groupId: "orders" })).items[0]!.id;

describe("runs that wait are started, without a fire and without time passing,", () => {
  it("when their schedule is resumed", async () => {
    const bench = await owing(running);
    await bench.client.pause("orders");
    bench.operator.answer = () => SUCCEEDED;
    await bench.endNewest();
    expect(bench.intervals).toEqual([[0, 1]]);
    await bench.client.resume("orders");
    await turns(bench);
    expect(bench.intervals).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  it("when their schedule is resumed after a failure that paused it", async () => {
    const bench = await owing(() => failed("no"), { maxAttempts: 1, onFailure: "pause" });
    await turns(bench);
    bench.operator.answer = () => SUCCEEDED;
    await bench.client.resume("orders");
    await turns(bench);
    expect(bench.intervals).toHaveLength(3);
  });

  it("when the one whose back-off has passed meanwhile may go on", async () => {
    const bench = await owing(() => failed("no"));
    await bench.client.pause("orders");
    bench.operator.answer = () => SUCCEEDED;
    await bench.clock.advance(60_000);
    const before = bench.intervals.length;
    await bench.client.resume("orders");
    await turns(bench);
    expect(bench.intervals.slice(before)).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  it("when the one that blocked them was retried while the schedule was paused", async () => {
    const bench = await owing(() => failed("no"), { maxAttempts: 1 });
    await bench.client.pause("orders");
    bench.operator.answer = () => SUCCEEDED;
    await bench.client.retryRun(await firstId(bench));
    await turns(bench);
    await bench.client.resume("orders");
    await turns(bench);
    expect(bench.intervals).toHaveLength(4);
  });

  it("when the one that blocked them is cancelled", async () => {
    const bench = await owing(() => failed("no"), { maxAttempts: 1 });
    bench.operator.answer = () => SUCCEEDED;
    await bench.client.cancelRun(await firstId(bench));
    await turns(bench);
    expect(bench.intervals).toHaveLength(3);
  });

  it.each([
    ["`allow` takes the place of `queue`", {}, { overlap: "allow" }],
    ["`maxActiveRuns` grows", { overlap: "allow", maxActiveRuns: 1 }, { overlap: "allow", maxActiveRuns: 3 }],
  ] as const)("when %s", async (_change, before, after) => {
    const bench = await owing(running, { startTime: hour(0), ...before });
    expect(bench.intervals).toHaveLength(1);
    await bench.client.update(hourly({ startTime: hour(0), endTime: hour(3), ...after }), { version: 1 });
    await turns(bench);
    expect(bench.intervals).toHaveLength(3);
  });

  it("when they are triggered or backfilled", async () => {
    const bench = await owing(() => SUCCEEDED);
    await turns(bench);
    await bench.client.trigger("orders", { lower: hour(0), upper: hour(1) });
    await turns(bench);
    expect(bench.intervals).toHaveLength(4);
  });
});
