import { describe, expect, it } from "@jest/globals";
import type { DeadlineEvent } from "../../src/deadlines/alerts.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { DAY, HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

const ONE_HOUR = { deadline: { afterMs: HOUR } } as const;

/** A world in which nothing ever fires: no engine, no watchdog, no callback. */
async function silentWorld(more: Partial<ScheduleInfo> = ONE_HOUR): Promise<World> {
  const world = await World.start();
  await world.client.register(hourly("orders", more));
  return world;
}

/** The alerts of each interval, by the hour in which it begins. */
function told(world: World): string[] {
  const names = ["deadline-at-risk", "deadline-missed", "deadline-recovered"] as const;
  return names
    .flatMap((name) => world.eventsOf(name).map((event) => ({ name, event })))
    .sort((a, b) => a.event.since - b.event.since || a.event.lower - b.event.lower)
    .map(({ name, event }) => `${name} ${nth(event)} ${event.state} ${event.reason ?? "-"}`);
}

function nth({ lower }: Pick<DeadlineEvent, "lower">): number {
  return (lower - T0) / HOUR;
}

async function states(world: World): Promise<string[]> {
  const { items } = await world.client.deadlines({ groupId: "orders" }, { limit: 1_000 });
  return items.map(({ lower, upper, state }) => `${nth({ lower })}-${nth({ lower: upper })} ${state}`);
}

describe("a deadline", () => {
  it("is missed at its time although engine, planner and every callback are dead", async () => {
    const world = await silentWorld();
    await world.advance(2 * HOUR - 1);
    expect(told(world)).toEqual([]);
    await world.advance(1);
    expect(told(world)).toEqual(["deadline-missed 0 MISSED -"]);
    expect(world.eventsOf("deadline-missed")).toMatchObject([
      {
        groupId: "orders",
        subject: "interval",
        lower: T0,
        upper: T0 + HOUR,
        deadlineAt: T0 + 2 * HOUR,
        metAt: null,
      },
    ]);
    await world.advance(3 * HOUR);
    expect(told(world)).toHaveLength(4);
    expect(await world.runs("orders")).toEqual([]);
  });

  it("that is met costs nothing: no record, no event", async () => {
    const world = await silentWorld();
    for (let hour = 1; hour <= 30; hour += 1) await world.fireAt("orders", T0 + hour * HOUR);
    await world.advance(50 * MINUTE);
    expect(told(world)).toEqual([]);
    expect(await states(world)).toEqual([]);
  });

  it("is told as recovered when the interval succeeds later, and is late for good", async () => {
    const world = await silentWorld();
    await world.advance(2 * HOUR + MINUTE);
    await world.fireAt("orders", T0 + HOUR);
    expect(told(world)).toEqual(["deadline-missed 0 MISSED -", "deadline-recovered 0 LATE -"]);
    expect(await world.client.deadlines()).toMatchObject({
      items: [{ state: "LATE", metAt: T0 + 2 * HOUR + MINUTE }],
    });
    await world.advance(30 * MINUTE);
    expect(told(world)).toHaveLength(2);
  });

  it("that a clock which was ahead has had missed is told once, and as recovered when it is met after the clock was set back", async () => {
    const world = await silentWorld();
    await world.advance(HOUR + MINUTE);
    world.clock.set(T0 + 4 * HOUR + MINUTE);
    await world.advance(MINUTE);
    expect(told(world)).toEqual([0, 1, 2].map((hour) => `deadline-missed ${hour} MISSED -`));
    world.clock.set(T0 + HOUR + 3 * MINUTE);
    for (const hour of [1, 2, 3, 4, 5]) {
      await world.clock.advanceTo(Math.max(world.clock.now(), T0 + hour * HOUR));
      await world.fireAt("orders", T0 + hour * HOUR);
    }
    expect(world.eventsOf("deadline-recovered").map((event) => `${nth(event)} ${event.state}`)).toEqual(
      [0, 1, 2].map((hour) => `${hour} LATE`),
    );
    expect(world.eventsOf("deadline-missed")).toHaveLength(3);
    await world.advance(3 * HOUR);
    expect(world.eventsOf("deadline-missed").map(nth)).toEqual([0, 1, 2, 5, 6]);
  });

  it("is told as recovered when a full copy has the rows of the run that failed", async () => {
    const mode = "full-then-incremental";
    const world = await silentWorld({ ...ONE_HOUR, mode, onFailure: "continue", maxAttempts: 1 });
    await world.fireAt("orders", T0 + HOUR);
    world.operator.answer = () => failed("broken");
    await world.fireAt("orders", T0 + 2 * HOUR);
    await world.advance(HOUR);
    expect(told(world)).toEqual(["deadline-at-risk 1 AT_RISK failed", "deadline-missed 1 MISSED failed"]);
    world.operator.answer = () => SUCCEEDED;
    await world.client.resnapshot("orders");
    await world.settle();
    expect(told(world).slice(2)).toEqual(["deadline-recovered 1 LATE -"]);
    expect(await states(world)).toEqual(["1-2 LATE"]);
    await world.stop();
  });

  it("is missed and then late if its run ends at the deadline itself", async () => {
    const world = await silentWorld();
    world.operator.answer = () => "runs";
    await world.fireAt("orders", T0 + HOUR);
    await world.clock.advanceTo(T0 + 2 * HOUR);
    world.operator.endAll();
    await world.settle();
    expect(told(world).slice(0, 2)).toEqual(["deadline-missed 0 MISSED -", "deadline-recovered 0 LATE -"]);
  });

  it("is at risk at once when the run has failed for good, and each interval behind it when it is due", async () => {
    const world = await silentWorld({ ...ONE_HOUR, maxAttempts: 1 });
    world.operator.answer = () => failed("broken");
    await world.fireAt("orders", T0 + HOUR);
    expect(told(world)).toEqual(["deadline-at-risk 0 AT_RISK failed"]);
    await world.fireAt("orders", T0 + 2 * HOUR);
    await world.advance(5 * MINUTE);
    expect(told(world)).toEqual([
      "deadline-at-risk 0 AT_RISK failed",
      "deadline-missed 0 MISSED failed",
      "deadline-at-risk 1 AT_RISK blocked",
    ]);
  });

  it("is recovered in time when the failed run is retried", async () => {
    const world = await silentWorld({ ...ONE_HOUR, maxAttempts: 1 });
    world.operator.answer = () => failed("broken");
    await world.fireAt("orders", T0 + HOUR);
    world.operator.answer = () => ({ state: "SUCCEEDED" });
    const [run] = await world.runs("orders");
    await world.client.retryRun(run!.id);
    await world.settle();
    expect(told(world)).toEqual(["deadline-at-risk 0 AT_RISK failed", "deadline-recovered 0 ON_TIME -"]);
    await world.advance(2 * HOUR);
    expect(told(world).filter((line) => line.includes(" 0 "))).toHaveLength(2);
  });

  it("is at risk when a run of the usual duration would come too late", async () => {
    const world = await silentWorld();
    world.operator.answer = () => "runs";
    await world.fireAt("orders", T0 + HOUR);
    await world.advance(20 * MINUTE);
    world.operator.endAll();
    await world.settle();
    await world.clock.advanceTo(T0 + 3 * HOUR - 20 * MINUTE - 1);
    expect(told(world)).toEqual([]);
    await world.advance(1);
    expect(told(world)).toEqual(["deadline-at-risk 1 AT_RISK slow"]);
  });

  it("warns before, if told to", async () => {
    const world = await silentWorld({ deadline: { afterMs: HOUR, warnBeforeMs: 15 * MINUTE } });
    await world.advance(HOUR + 45 * MINUTE);
    expect(told(world)).toEqual(["deadline-at-risk 0 AT_RISK warning"]);
    await world.fireAt("orders", T0 + HOUR);
    expect(told(world)).toEqual(["deadline-at-risk 0 AT_RISK warning", "deadline-recovered 0 ON_TIME -"]);
  });

  it("of intervals that were over before the schedule was registered is not expected", async () => {
    const world = await World.start();
    await world.client.register(hourly("orders", { ...ONE_HOUR, startTime: T0 - 365 * DAY }));
    await world.advance(HOUR - 1);
    expect(await states(world)).toEqual([]);
    await world.advance(1);
    expect(await states(world)).toEqual(["-1-0 MISSED"]);
  });

  it("waits for no later interval's success", async () => {
    const world = await silentWorld({ ...ONE_HOUR, overlap: "allow", onFailure: "continue", maxAttempts: 1 });
    world.operator.answer = ({ lowerBound }) =>
      lowerBound === String(T0) ? failed("broken") : { state: "SUCCEEDED" };
    for (let hour = 1; hour <= 5; hour += 1) await world.fireAt("orders", T0 + hour * HOUR);
    expect(told(world)).toEqual(["deadline-at-risk 0 AT_RISK failed", "deadline-missed 0 MISSED failed"]);
    expect(await states(world)).toEqual(["0-1 MISSED"]);
  });
});

describe("a pause", () => {
  it("excuses the deadlines that pass in it, as one record", async () => {
    const world = await silentWorld();
    await world.client.pause("orders");
    await world.advance(6 * HOUR);
    expect(told(world)).toEqual([]);
    expect(await states(world)).toEqual(["0-5 EXCUSED"]);
    await world.client.resume("orders");
    await world.advance(HOUR);
    expect(told(world)).toEqual(["deadline-missed 5 MISSED -"]);
  });

  it("does not, if it is to alert", async () => {
    const world = await silentWorld({ deadline: { afterMs: HOUR, whilePaused: "alert" } });
    await world.client.pause("orders");
    await world.advance(2 * HOUR);
    expect(told(world)).toEqual(["deadline-missed 0 MISSED -"]);
  });

  it("excuses nothing if a failure has caused it", async () => {
    const world = await silentWorld({ ...ONE_HOUR, onFailure: "pause", maxAttempts: 1 });
    world.operator.answer = () => failed("broken");
    await world.fireAt("orders", T0 + HOUR);
    await world.advance(HOUR);
    expect((await world.client.get("orders")).status).toBe("PAUSED");
    expect(told(world).slice(0, 2)).toEqual([
      "deadline-at-risk 0 AT_RISK failed",
      "deadline-missed 0 MISSED failed",
    ]);
  });
});
