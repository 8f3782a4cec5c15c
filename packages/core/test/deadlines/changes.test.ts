import { describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { DAY, HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

const ONE_HOUR: Partial<ScheduleInfo> = { deadline: { afterMs: HOUR } };

async function worldOf(more: Partial<ScheduleInfo>): Promise<World> {
  const world = await World.start();
  await world.client.register(hourly("orders", more));
  return world;
}

/** The records of the group, by the hours of their intervals. */
async function records(world: World): Promise<string[]> {
  const { items } = await world.client.deadlines({ groupId: "orders" }, { limit: 1_000 });
  return items.map(({ lower, upper, state, reason }) =>
    [`${(lower - T0) / HOUR}-${(upper - T0) / HOUR}`, state, ...(reason === null ? [] : [reason])].join(" "),
  );
}

function missed(world: World): number[] {
  return world.eventsOf("deadline-missed").map(({ lower }) => (lower - T0) / HOUR);
}

describe("an update", () => {
  it("of something else keeps what is due, also after a downtime", async () => {
    const world = await worldOf(ONE_HOUR);
    await world.stop();
    world.clock.set(T0 + 5 * HOUR);
    await world.start();
    await world.client.update(hourly("orders", { ...ONE_HOUR, description: "changed" }), { version: 1 });
    await world.settle();
    expect(missed(world)).toEqual([0, 1, 2, 3]);
  });

  it("of the deadline holds for intervals that are not planned yet; planned ones keep theirs", async () => {
    const world = await worldOf(ONE_HOUR);
    world.operator.answer = () => "runs";
    await world.fireAt("orders", T0 + HOUR);
    await world.client.update(hourly("orders", { deadline: { afterMs: 3 * HOUR } }), { version: 1 });
    await world.advance(HOUR);
    expect(missed(world)).toEqual([0]);
    await world.advance(3 * HOUR - 1);
    expect(missed(world)).toEqual([0]);
    await world.advance(1);
    expect(missed(world)).toEqual([0, 1]);
  });

  it.each([
    [5 * MINUTE, 0],
    [3 * HOUR, 3 * HOUR - 15 * MINUTE],
  ])("of the deadline to %i ms holds for one that is at risk and not planned yet", async (afterMs, inMs) => {
    const world = await worldOf({ deadline: { afterMs: HOUR, warnBeforeMs: 50 * MINUTE } });
    await world.advance(HOUR + 15 * MINUTE);
    expect(await records(world)).toEqual(["0-1 AT_RISK warning"]);
    await world.client.update(hourly("orders", { deadline: { afterMs } }), { version: 1 });
    await world.settle();
    if (inMs > 0) await world.advance(inMs - 1);
    expect(missed(world)).toEqual(inMs > 0 ? [] : [0]);
    await world.advance(1);
    expect(missed(world)).toEqual([0]);
    expect(world.eventsOf("deadline-missed")).toMatchObject([{ deadlineAt: T0 + HOUR + afterMs }]);
  });

  it("of the trigger excuses an interval at risk that there is no more", async () => {
    const world = await worldOf({ deadline: { afterMs: HOUR, warnBeforeMs: 50 * MINUTE } });
    await world.advance(HOUR + 15 * MINUTE);
    expect(await records(world)).toEqual(["0-1 AT_RISK warning"]);
    const trigger = { type: "period", every: 4, unit: "hour" } as const;
    await world.client.update(hourly("orders", { ...ONE_HOUR, trigger }), { version: 1 });
    await world.advance(HOUR);
    expect(await records(world)).toEqual(["0-1 EXCUSED removed"]);
    expect(missed(world)).toEqual([]);
    await world.advance(3 * HOUR);
    expect(await records(world)).toEqual(["0-1 EXCUSED removed", "1-4 MISSED"]);
  });

  it("of the trigger cuts the intervals behind the watermark by the new grid", async () => {
    const world = await worldOf(ONE_HOUR);
    for (const hour of [1, 2]) await world.fireAt("orders", T0 + hour * HOUR);
    const daily = { trigger: { type: "cron", expression: "0 0 * * *" } as const, ...ONE_HOUR };
    await world.client.update(hourly("orders", daily), { version: 1 });
    await world.advance(DAY);
    expect(await records(world)).toEqual(["2-24 MISSED"]);
  });

  it("that introduces a deadline expects nothing of what was over before", async () => {
    const world = await worldOf({});
    await world.advance(5 * HOUR);
    await world.client.update(hourly("orders", ONE_HOUR), { version: 1 });
    await world.advance(HOUR);
    expect(missed(world)).toEqual([4]);
  });

  it("that removes the deadline excuses what is open", async () => {
    const world = await worldOf(ONE_HOUR);
    await world.advance(2 * HOUR);
    await world.client.update(hourly("orders"), { version: 1 });
    await world.advance(5 * HOUR);
    expect(await records(world)).toEqual(["0-1 EXCUSED removed"]);
    expect(world.eventsOf("deadline-recovered")).toMatchObject([{ state: "EXCUSED", reason: "removed" }]);
    await world.client.update(hourly("orders", ONE_HOUR), { version: 2 });
    await world.advance(HOUR);
    expect(missed(world)).toEqual([0, 6]);
  });
});

describe("an unregistration", () => {
  it("excuses what is open and ends the watch, until the group is registered again", async () => {
    const world = await worldOf(ONE_HOUR);
    await world.advance(2 * HOUR);
    await world.client.unregister("orders");
    await world.advance(10 * HOUR);
    expect(await records(world)).toEqual(["0-1 EXCUSED unregistered"]);
    await world.client.register(hourly("orders", { ...ONE_HOUR, startTime: T0 }));
    await world.settle();
    expect(missed(world)).toEqual([0]);
    await world.advance(HOUR);
    expect(missed(world)).toEqual([0, 11]);
  });

  it.each([
    [0, 4, ["0-2 EXCUSED paused", "2-3 MISSED"]],
    [2, 20, ["2-3 EXCUSED paused", "3-4 MISSED"]],
  ])(
    "after %i intervals cuts what was excused where intervals are expected anew",
    async (met, hours, left) => {
      const world = await worldOf(ONE_HOUR);
      for (let hour = 1; hour <= met; hour += 1) await world.fireAt("orders", T0 + hour * HOUR);
      await world.client.pause("orders");
      await world.clock.advanceTo(T0 + 6 * HOUR);
      await world.settle();
      expect(await records(world)).toEqual([`${met}-5 EXCUSED paused`]);
      await world.client.unregister("orders");
      await world.client.register(
        hourly("orders", { deadline: { afterMs: hours * HOUR }, overlap: "allow" }),
      );
      await world.settle();
      world.operator.answer = ({ lowerBound }) =>
        lowerBound === String(T0 + 2 * HOUR) && met > 0 ? { state: "SUCCEEDED" } : "runs";
      await world.fireAt("orders", T0 + 6 * HOUR);
      await world.clock.advanceTo(T0 + (met === 0 ? 7 : 24) * HOUR);
      await world.settle();
      expect(await records(world)).toEqual(left);
    },
  );

  it("of an interval at risk is followed by events with ids of their own if it is at risk again", async () => {
    const warned = { deadline: { afterMs: HOUR, warnBeforeMs: 50 * MINUTE } };
    const world = await worldOf(warned);
    await world.advance(HOUR + 15 * MINUTE);
    await world.client.unregister("orders");
    await world.settle();
    await world.client.register(hourly("orders", warned));
    await world.advance(5 * MINUTE);
    await world.fireAt("orders", world.clock.now());
    expect(await records(world)).toEqual(["0-1 ON_TIME"]);
    const atRisk = world.eventsOf("deadline-at-risk").map(({ id }) => id);
    const recovered = world.eventsOf("deadline-recovered").map(({ id }) => id);
    expect([atRisk.length, recovered.length]).toEqual([2, 2]);
    expect(new Set([...atRisk, ...recovered]).size).toBe(4);
  });

  it("with a purge leaves nothing, and the next ledger begins anew", async () => {
    const world = await worldOf(ONE_HOUR);
    await world.advance(2 * HOUR);
    await world.client.unregister("orders", { purge: true });
    expect(await records(world)).toEqual([]);
    await world.client.register(hourly("orders", { ...ONE_HOUR, startTime: T0 }));
    await world.advance(HOUR);
    expect(await records(world)).toEqual(["1-2 MISSED"]);
  });
});

describe("the end of a schedule", () => {
  it("is the end of its deadlines", async () => {
    const world = await worldOf({ ...ONE_HOUR, endTime: T0 + 2.5 * HOUR });
    await world.advance(DAY);
    expect(await records(world)).toEqual(["0-1 MISSED", "1-2 MISSED", "2-2.5 MISSED"]);
  });

  it("may be inclusive: the empty interval there has no deadline", async () => {
    const world = await worldOf({ ...ONE_HOUR, endTime: T0 + 2 * HOUR, endRule: "inclusive" });
    await world.advance(DAY);
    expect(await records(world)).toEqual(["0-1 MISSED", "1-2 MISSED"]);
  });
});

describe("a run that covers several intervals", () => {
  it("meets the deadlines of all of them", async () => {
    const world = await worldOf({ ...ONE_HOUR, catchup: "coalesce" });
    await world.advance(3 * HOUR);
    expect(await records(world)).toEqual(["0-1 MISSED", "1-2 MISSED"]);
    await world.fireAt("orders", T0 + 3 * HOUR);
    expect(await records(world)).toEqual(["0-1 LATE", "1-2 LATE"]);
  });
});

describe("an interval that a policy has given up", () => {
  it("is at risk, missed, and late if it is backfilled", async () => {
    const world = await worldOf({ deadline: { afterMs: 4 * HOUR }, catchup: "drop" });
    await world.fireAt("orders", T0 + 3 * HOUR);
    await world.advance(5 * MINUTE);
    expect(await records(world)).toEqual(["0-1 AT_RISK given-up", "1-2 AT_RISK given-up"]);
    await world.advance(3 * HOUR);
    expect((await records(world)).slice(0, 2)).toEqual(["0-1 MISSED given-up", "1-2 MISSED given-up"]);
    await world.client.backfill({ groupId: "orders", from: T0, to: T0 + 2 * HOUR, select: "incomplete" });
    await world.settle();
    expect((await records(world)).slice(0, 2)).toEqual(["0-1 LATE", "1-2 LATE"]);
  });
});

describe("freshness", () => {
  const FRESH: Partial<ScheduleInfo> = { freshness: { maxLagMs: 3 * HOUR } };
  const told = (world: World): string[] =>
    (["freshness-lost", "freshness-recovered"] as const).flatMap((name) =>
      world
        .eventsOf(name)
        .map(({ lower, since }) => `${name} ${(lower - T0) / HOUR} at ${(since - T0) / HOUR}`),
    );

  it("is lost when nothing covers the group for so long, and recovered when it is covered again", async () => {
    const world = await worldOf(FRESH);
    await world.fireAt("orders", T0 + HOUR);
    await world.clock.advanceTo(T0 + 4 * HOUR - 1);
    expect(told(world)).toEqual([]);
    await world.advance(1);
    expect(told(world)).toEqual(["freshness-lost 1 at 4"]);
    await world.fireAt("orders", T0 + 4 * HOUR);
    expect(told(world)).toEqual(["freshness-lost 1 at 4", "freshness-recovered 1 at 4"]);
    await world.advance(3 * HOUR);
    expect(told(world)).toContain("freshness-lost 4 at 7");
  });

  it("is not fooled by later intervals that succeed behind a failed one", async () => {
    const world = await worldOf({ ...FRESH, onFailure: "continue", maxAttempts: 1 });
    world.operator.answer = ({ lowerBound }) =>
      lowerBound === String(T0) ? failed("x") : { state: "SUCCEEDED" };
    for (let hour = 1; hour <= 3; hour += 1) await world.fireAt("orders", T0 + hour * HOUR);
    await world.advance(0);
    expect(told(world)).toEqual(["freshness-lost 0 at 3"]);
    expect(await world.client.describe("orders")).toMatchObject({
      coveredThrough: T0,
      deadlines: [{ subject: "freshness", state: "MISSED", lower: T0 }],
    });
    const [run] = await world.runs("orders");
    world.operator.answer = () => ({ state: "SUCCEEDED" });
    await world.client.retryRun(run!.id);
    await world.settle();
    expect(told(world)).toContain("freshness-recovered 0 at 3");
    expect((await world.client.describe("orders")).coveredThrough).toBe(T0 + 3 * HOUR);
  });

  it("counts from the registration if the ledger begins earlier", async () => {
    const world = await worldOf({ ...FRESH, startTime: T0 - DAY });
    await world.advance(3 * HOUR - 1);
    expect(told(world)).toEqual([]);
    await world.advance(1);
    expect(told(world)).toEqual(["freshness-lost -24 at 3"]);
  });

  it("is not lost in a pause, unless it is to alert, and is expected anew from its end", async () => {
    const world = await worldOf(FRESH);
    await world.client.register({
      ...hourly("alert"),
      freshness: { maxLagMs: 3 * HOUR, whilePaused: "alert" },
    });
    for (const groupId of ["orders", "alert"]) await world.client.pause(groupId);
    await world.advance(4 * HOUR);
    expect(world.eventsOf("freshness-lost").map(({ groupId }) => groupId)).toEqual(["alert"]);
    world.operator.answer = () => "runs";
    await world.client.resume("orders");
    await world.advance(3 * HOUR - 1);
    expect(world.eventsOf("freshness-lost").map(({ groupId }) => groupId)).toEqual(["alert"]);
    await world.advance(1);
    const lost = world.eventsOf("freshness-lost");
    expect(lost.map(({ groupId }) => groupId)).toEqual(["alert", "orders"]);
    expect(lost[1]).toMatchObject({ lower: T0, deadlineAt: T0 + 7 * HOUR });
  });

  it("is not recovered when it is only expected later, and is lost again", async () => {
    const world = await worldOf(FRESH);
    world.operator.answer = () => "runs";
    await world.advance(4 * HOUR);
    const { version } = await world.client.get("orders");
    await world.client.update({ ...hourly("orders"), freshness: { maxLagMs: 6 * HOUR } }, { version });
    await world.settle();
    const { items } = await world.client.deadlines({ groupId: "orders" });
    expect(items).toMatchObject([{ subject: "freshness", state: "EXCUSED", reason: "removed", metAt: null }]);
    await world.advance(2 * HOUR);
    expect(world.eventsOf("freshness-lost")).toHaveLength(2);
  });

  it("is kept by a schedule that has ended", async () => {
    const world = await worldOf({ ...FRESH, endTime: T0 + HOUR });
    await world.fireAt("orders", T0 + HOUR);
    await world.advance(DAY);
    expect(told(world)).toEqual([]);
  });

  it("of a source group is lost when nothing is reported for so long", async () => {
    const world = await World.start();
    await world.client.registerSource({
      groupId: "deliveries",
      startTime: T0,
      freshness: { maxLagMs: 3 * HOUR },
    });
    await world.client.reportCoverage("deliveries", { lower: T0, upper: T0 + HOUR });
    await world.client.reportCoverage("deliveries", { lower: T0 + 2 * HOUR, upper: T0 + 3 * HOUR });
    await world.advance(4 * HOUR);
    expect(told(world)).toEqual(["freshness-lost 1 at 4"]);
    expect((await world.client.describe("deliveries")).coveredThrough).toBe(T0 + HOUR);
    await world.client.reportCoverage("deliveries", { lower: T0 + HOUR, upper: T0 + 2 * HOUR });
    await world.settle();
    expect(told(world)).toEqual(["freshness-lost 1 at 4", "freshness-recovered 1 at 4"]);
    expect((await world.client.describe("deliveries")).coveredThrough).toBe(T0 + 3 * HOUR);
  });
});
