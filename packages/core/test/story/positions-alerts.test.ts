import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { byPositions, hourly } from "../support/schedules.js";
import { ScriptedSource } from "../support/scripted-source.js";
import { World } from "../support/world.js";

let world: World;
let source: ScriptedSource;

beforeEach(async () => {
  source = new ScriptedSource("log", { "0": 100 });
  world = await World.start({ offsetProviders: [source] });
});
afterEach(() => world.stop());

const reading = (more: Partial<ScheduleInfo> = {}): ScheduleInfo => byPositions("g", more);

/** Reads ten records in each hour while a hundred come, so that the source keeps ever less of what is unread. */
const lagging = { limit: { records: 10, maxRuns: 1 } };

/** Fires at an hour, after the source has let go of what is below a position. */
async function hour(n: number, { written = 0, expired }: { written?: number; expired?: number } = {}) {
  source.write("0", written);
  if (expired !== undefined) source.expire("0", expired);
  await world.fireAt("g", T0 + n * HOUR);
  await world.settle();
}

const headroom = async () => (await world.client.get("g")).offsets?.headroomMs;

const records = async () =>
  (await world.client.deadlines({ groupId: "g" })).items.map(({ subject, state, lower, deadlineAt }) => [
    subject,
    state,
    (lower - T0) / HOUR,
    (deadlineAt - T0) / HOUR,
  ]);

describe("the headroom of a source", () => {
  it("is how long what is unread stays readable, at the rate at which the source let go of the rest", async () => {
    await world.client.register(reading(lagging));
    await hour(1);
    await hour(2, { expired: 2 });
    // Two records in an hour are gone, and those from 10 on are to be read.
    expect(await headroom()).toBe(4 * HOUR);
    await hour(3, { expired: 8 });
    // Eight in two hours; those from 20 on.
    expect(await headroom()).toBe(3 * HOUR);
  });

  it("is unknown while a source keeps everything, and when all of it was read", async () => {
    await world.client.register(reading());
    await hour(1);
    expect((await world.client.get("g")).offsets).not.toHaveProperty("expiry");
    await hour(2, { expired: 50 });
    expect(await headroom()).toBeUndefined();
  });

  it("is told once when it is less than two periods, by whichever manager notices", async () => {
    await world.client.register(reading(lagging));
    await hour(1);
    await hour(2, { expired: 8 });
    expect(await headroom()).toBe(HOUR / 4);
    expect(world.eventsOf("offsets-expiring")).toEqual([
      expect.objectContaining({
        groupId: "g",
        subject: "headroom",
        state: "AT_RISK",
        deadlineAt: T0 + 2 * HOUR + HOUR / 4,
      }),
    ]);
    await hour(3, { expired: 16 });
    await world.restart();
    await hour(4, { expired: 24 });
    expect(world.eventsOf("offsets-expiring")).toHaveLength(1);
    expect(await records()).toEqual([["headroom", "AT_RISK", 2, 2.25]]);
  });

  it("is told again once there was enough in between", async () => {
    await world.client.register(reading(lagging));
    await hour(1);
    await hour(2, { expired: 8 });
    const { version } = await world.client.get("g");
    await world.client.update(reading({ limit: { records: 30, maxRuns: 1 } }), { version });
    await hour(3);
    await hour(4, { expired: 9 });
    expect(await headroom()).toBeGreaterThan(2 * HOUR);
    expect(await records()).toEqual([["headroom", "ON_TIME", 2, 2.25]]);
    await world.client.update(reading(lagging), { version: version + 1 });
    await hour(5, { expired: 68 });
    expect(world.eventsOf("offsets-expiring")).toHaveLength(2);
  });

  it("continues with what it knew before a restart", async () => {
    await world.client.register(reading(lagging));
    await hour(1);
    await hour(2, { expired: 2 });
    await world.restart();
    await hour(3, { expired: 8 });
    expect(await headroom()).toBe(3 * HOUR);
  });

  it("begins anew with another reading", async () => {
    await world.client.register(reading(lagging));
    await hour(1);
    await hour(2, { expired: 2 });
    await world.client.rebase("g", { startAt: "earliest" });
    expect((await world.client.get("g")).offsets).not.toHaveProperty("headroomMs");
  });
});

describe("the headroom of a source that lets go when it is full", () => {
  const filled = async (n: number, written: number, limit = 1_000) => {
    source.room = { written: String(written), limit: String(limit) };
    await hour(n);
  };

  it("is how long it has room at the rate at which it fills, whether or not what it has was read", async () => {
    await world.client.register(reading());
    await filled(1, 100);
    expect(await headroom()).toBeUndefined();
    await filled(2, 200);
    expect(await headroom()).toBe(8 * HOUR);
    await filled(3, 600);
    expect(await headroom()).toBe(1.6 * HOUR);
    // It makes room when it is released, and that is no growth.
    await filled(4, 700, 1_900);
    expect(await headroom()).toBe(6 * HOUR);
  });

  it("is told once, with when it ends, and as none if it is full", async () => {
    await world.client.register(reading());
    await filled(1, 100);
    await filled(2, 550);
    expect(world.eventsOf("offsets-expiring")).toEqual([
      expect.objectContaining({ groupId: "g", subject: "headroom", deadlineAt: T0 + 3 * HOUR }),
    ]);
    await world.restart();
    await filled(3, 1_100);
    expect(await headroom()).toBe(0);
    expect(world.eventsOf("offsets-expiring")).toHaveLength(1);
  });

  it("is known to be none at the first look", async () => {
    await world.client.register(reading());
    await filled(1, 1_000);
    expect(await headroom()).toBe(0);
  });

  it("is the rate of about an hour, however often it is looked at", async () => {
    await world.client.register(reading({ trigger: { type: "period", every: 5, unit: "minute" } }));
    for (let minute = 5; minute <= 60; minute += 5) {
      // Much comes in the last five minutes.
      source.room = { written: String(minute < 60 ? minute : 1_005), limit: "5005" };
      await world.fireAt("g", T0 + minute * MINUTE);
      await world.settle();
    }
    const { offsets } = await world.client.get("g");
    expect(offsets?.growth?.map(({ at }) => (at - T0) / MINUTE)).toEqual([5, 20, 35, 50]);
    expect(offsets?.headroomMs).toBe(4 * 55 * MINUTE);
  });

  it("is unknown again if it is no longer limited, and if nothing is written", async () => {
    await world.client.register(reading());
    await filled(1, 100);
    await filled(2, 100);
    expect(await headroom()).toBeUndefined();
    await filled(3, 200);
    expect(await headroom()).toBe(16 * HOUR);
    source.room = undefined;
    await hour(4);
    const { offsets } = await world.client.get("g");
    expect(offsets).not.toHaveProperty("headroomMs");
    expect(offsets).not.toHaveProperty("growth");
  });
});

describe("the headroom of a source while increments wait for a full copy", () => {
  const copied = reading({ mode: "full-then-incremental" });

  it("is measured all the same, and told while there is time: the copy may outlive what comes behind it", async () => {
    world.operator.answer = ({ mode }) => (mode === "full" ? "runs" : { state: "SUCCEEDED" });
    await world.client.register(copied);
    await hour(1);
    await hour(2, { written: 50, expired: 40 });
    expect(await headroom()).toBe(1.5 * HOUR);
    expect(world.eventsOf("offsets-expiring")).toHaveLength(1);
    await hour(3, { written: 50, expired: 80 });
    expect(await headroom()).toBe(HOUR / 2);
    const { offsets, watermark } = await world.client.get("g");
    expect(watermark).toBe(T0 + HOUR);
    expect(offsets).toMatchObject({
      position: { "0": "100" },
      latest: { "0": "200" },
      lookedAt: T0 + 3 * HOUR,
    });
    world.operator.endAll();
    await world.settle();
    await hour(4);
    const ends = (await world.runs("g")).map((run) => run.offsets?.upper["0"]);
    expect(ends).toEqual(["100", "200", "200"]);
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });

  it("is not asked for at every fire, and costs a copy nothing that is soon done", async () => {
    world.operator.answer = ({ mode }) => (mode === "full" ? "runs" : { state: "SUCCEEDED" });
    await world.client.register({ ...copied, trigger: { type: "period", every: 1, unit: "minute" } });
    await world.fireAt("g", T0 + MINUTE);
    for (let minute = 2; minute < 15; minute += 1) await world.fireAt("g", T0 + minute * MINUTE);
    expect(source.looks).toBe(1);
    for (let minute = 15; minute < 30; minute += 1) await world.fireAt("g", T0 + minute * MINUTE);
    expect(source.looks).toBe(2);
  });
});

describe("a source that has to have data", () => {
  it("is reported once when nothing came for too long, and once when something does", async () => {
    await world.client.register(reading({ expectData: { withinMs: 3 * HOUR } }));
    await hour(1);
    for (let n = 2; n < 6; n += 1) await hour(n);
    const { offsets } = await world.client.get("g");
    expect(offsets).toMatchObject({ emptyTicks: 4, dataAt: T0 + HOUR, lookedAt: T0 + 5 * HOUR });
    expect(world.eventsOf("data-missing")).toEqual([
      expect.objectContaining({ groupId: "g", subject: "data", deadlineAt: T0 + 4 * HOUR, state: "MISSED" }),
    ]);
    await world.restart();
    await hour(6, { written: 1 });
    expect((await world.client.get("g")).offsets).not.toHaveProperty("emptyTicks");
    expect(world.eventsOf("data-recovered")).toHaveLength(1);
    for (let n = 7; n < 10; n += 1) await hour(n);
    expect(world.eventsOf("data-missing")).toHaveLength(2);
    expect(await records()).toEqual([
      ["data", "LATE", 1, 4],
      ["data", "MISSED", 6, 9],
    ]);
  });

  it("is reported if nobody has looked at it", async () => {
    world.engine.fire = async () => [];
    await world.client.register(reading({ expectData: { withinMs: 30 * MINUTE } }));
    await world.advance(40 * MINUTE);
    expect(world.eventsOf("data-missing")).toHaveLength(1);
  });

  it("is excused while its schedule is paused, and expected anew from the end of the pause", async () => {
    await world.client.register(reading({ expectData: { withinMs: 2 * HOUR } }));
    await hour(1);
    await world.client.pause("g");
    await world.advance(3 * HOUR);
    expect(await records()).toEqual([["data", "EXCUSED", 1, 3]]);
    await world.client.resume("g");
    await world.advance(10 * MINUTE);
    expect(world.eventsOf("data-missing")).toEqual([]);
    await world.client.pause("g");
    await world.advance(3 * HOUR);
    await world.client.resume("g");
    await world.advance(110 * MINUTE);
    expect(world.eventsOf("data-missing")).toEqual([]);
    await world.restart();
    await world.advance(20 * MINUTE);
    expect(world.eventsOf("data-missing")).toMatchObject([
      { state: "MISSED", lower: T0 + HOUR, deadlineAt: T0 + 9 * HOUR + 10 * MINUTE },
    ]);
  });

  it("has new data only if it has grown, not when records that waited are read", async () => {
    await world.client.register(reading({ ...lagging, expectData: { withinMs: 3 * HOUR } }));
    for (let n = 1; n < 6; n += 1) await hour(n);
    expect((await world.client.get("g")).offsets).toMatchObject({
      position: { "0": "50" },
      dataAt: T0 + HOUR,
    });
    expect(world.eventsOf("data-missing")).toHaveLength(1);
    await hour(6, { written: 1 });
    expect(world.eventsOf("data-recovered")).toMatchObject([{ state: "LATE", metAt: T0 + 6 * HOUR }]);
  });

  it("has not recovered when less is expected of it, and is reported again", async () => {
    await world.client.register(reading({ expectData: { withinMs: 2 * HOUR } }));
    for (let n = 1; n < 5; n += 1) await hour(n);
    const { version } = await world.client.get("g");
    await world.client.update(reading({ expectData: { withinMs: 5 * HOUR } }), { version });
    await world.settle();
    expect(await records()).toEqual([["data", "EXCUSED", 1, 3]]);
    for (let n = 5; n < 8; n += 1) await hour(n);
    expect(await records()).toEqual([["data", "MISSED", 1, 6]]);
    const events = world.eventsOf("data-missing");
    expect(events).toHaveLength(2);
    expect(new Set(events.map(({ id }) => id)).size).toBe(2);
  });

  it("is only for groups that are read by positions", async () => {
    const info = hourly("g", { expectData: { withinMs: HOUR } });
    await expect(world.client.register(info)).rejects.toMatchObject({ field: "expectData" });
  });
});
