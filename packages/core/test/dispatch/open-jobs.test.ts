import { describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { type Answer, failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

async function endedBy(answer: Answer): Promise<World> {
  const world = await World.start();
  world.operator.answer = () => answer;
  await world.client.register(hourly("orders", { maxAttempts: 1 }));
  await world.fireAt("orders", T0 + HOUR);
  return world;
}

describe("a run whose job is known to have ended", () => {
  it.each<[string, Answer]>([
    ["SUCCEEDED", SUCCEEDED],
    ["FAILED", failed("no")],
  ])("has no open job when it is %s", async (state, answer) => {
    const world = await endedBy(answer);
    expect(await world.runs("orders")).toMatchObject([{ state, isJobOpen: false }]);
  });
});

describe("a run whose submission was not answered", () => {
  it("keeps an open job, and is listed with it", async () => {
    const world = await endedBy({ throws: new Error("connection reset"), hasStarted: true });
    expect(await world.runs("orders", { isJobOpen: true })).toMatchObject([{ state: "FAILED" }]);
    expect(await world.runs("orders", { isJobOpen: false })).toEqual([]);
  });
});

describe("a failed run whose job has succeeded although nobody was told", () => {
  it.each<[string, Partial<ScheduleInfo>]>([
    ["its rows were not verified", { verify: { rows: "equal" } }],
    ["too many of its rows were bad", { dirtyData: { maxRows: 0 } }],
  ])("is cancelled, since %s", async (_, more) => {
    const world = await World.start();
    world.operator.verify = async () => ({ sourceRows: 1, targetRows: 1 });
    world.operator.answer = () => ({ throws: new Error("connection reset"), hasStarted: true });
    await world.client.register(hourly("orders", { maxAttempts: 1, ...more }));
    await world.fireAt("orders", T0 + HOUR);
    const [run] = await world.runs("orders");
    world.operator.endAll({ state: "SUCCEEDED", metrics: { rowsDirty: 1 } });
    await world.client.cancelRun(run!.id);
    expect(await world.runs("orders")).toMatchObject([
      { state: "CANCELLED", reason: "cancelled", isJobOpen: false, isBlocking: false },
    ]);
  });
});
