import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { byPositions, hourly } from "../support/schedules.js";
import { ScriptedSource } from "../support/scripted-source.js";
import { World } from "../support/world.js";

let world: World;
let source: ScriptedSource;

beforeEach(async () => {
  source = new ScriptedSource("log", { "0": 0 });
  world = await World.start({ offsetProviders: [source] });
});
afterEach(() => world.stop());

const reading = (more: Partial<ScheduleInfo> = {}): ScheduleInfo => byPositions("g", more);

const ledger = async (): Promise<[number, number, string, string][]> =>
  (await world.runs("g", { includeSuperseded: false })).map(({ lower, upper, offsets, reason, state }) => [
    (lower - T0) / HOUR,
    (upper - T0) / HOUR,
    offsets === null ? "" : `${offsets.lower["0"]}-${offsets.upper["0"]}`,
    reason ?? state,
  ]);

describe("a batch", () => {
  const batch = { batchUntil: { records: 10, orMs: 5 * HOUR } };

  it("is read once there are enough records, together with the intervals that waited for it", async () => {
    await world.client.register(reading(batch));
    await world.fireAt("g", T0 + HOUR);
    source.write("0", 4);
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(await world.client.get("g")).toMatchObject({
      watermark: T0 + HOUR,
      nextFireAt: T0 + 3 * HOUR,
      offsets: { position: { "0": "0" }, latest: { "0": "4" }, batchSince: T0 + 2 * HOUR },
    });
    source.write("0", 5);
    await world.fireAt("g", T0 + 3 * HOUR);
    source.write("0", 1);
    await world.fireAt("g", T0 + 4 * HOUR);
    expect(await ledger()).toEqual([
      [0, 1, "0-0", "source-empty"],
      [1, 4, "0-10", "catchup-coalesced"],
    ]);
    expect((await world.client.get("g")).offsets).not.toHaveProperty("batchSince");
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });

  it("is read in any case when the first of it has waited for long enough, also after a restart", async () => {
    await world.client.register(reading({ batchUntil: { records: 10, orMs: 90 * MINUTE } }));
    source.write("0", 4);
    await world.fireAt("g", T0 + HOUR);
    await world.restart();
    await world.fireAt("g", T0 + 2 * HOUR);
    expect((await world.client.get("g")).nextFireAt).toBe(T0 + 2 * HOUR + 30 * MINUTE);
    expect(await ledger()).toEqual([]);
    await world.fireAt("g", T0 + 2 * HOUR + 30 * MINUTE);
    expect(await ledger()).toEqual([[0, 2, "0-4", "catchup-coalesced"]]);
  });

  it("is read when it has waited for long enough although no engine fires then, which is none's silence", async () => {
    await world.stop();
    world = await World.start({ offsetProviders: [source], watchdogEveryMs: MINUTE });
    await world.client.register(reading({ batchUntil: { records: 10, orMs: 30 * MINUTE } }));
    source.write("0", 4);
    await world.fireAt("g", T0 + HOUR);
    await world.clock.advanceTo(T0 + HOUR + 50 * MINUTE);
    await world.settle();
    expect(await ledger()).toEqual([[0, 1, "0-4", "SUCCEEDED"]]);
    expect(world.eventsOf("engine-silent")).toEqual([]);
    await world.clock.advanceTo(T0 + 2 * HOUR + 20 * MINUTE);
    expect(world.eventsOf("engine-silent")).toMatchObject([{ groupId: "g", dueAt: T0 + 2 * HOUR }]);
  });

  it("is read at once when a person triggers the group, also while it is paused", async () => {
    await world.client.register(reading({ batchUntil: { records: 10, orMs: 50 * HOUR } }));
    await world.fireAt("g", T0 + HOUR);
    source.write("0", 4);
    await world.fireAt("g", T0 + 2 * HOUR);
    const positions = { offsets: { lower: { "0": "0" }, upper: { "0": "4" } } };
    expect(await world.client.trigger("g")).toMatchObject([{ generation: 0, ...positions }]);
    source.write("0", 3);
    await world.fireAt("g", T0 + 3 * HOUR);
    await world.client.pause("g");
    expect(await world.client.trigger("g")).toMatchObject([{ generation: 0, kind: "MANUAL" }]);
    await world.settle();
    expect(await ledger()).toEqual([
      [0, 1, "0-0", "source-empty"],
      [1, 2, "0-4", "SUCCEEDED"],
      [2, 3, "4-7", "SUCCEEDED"],
    ]);
  });

  it("is refused if the source cannot count, and for groups that are read by time", async () => {
    await expect(world.client.register(hourly("g", batch))).rejects.toMatchObject({ field: "batchUntil" });
    Object.assign(source, { size: undefined });
    await expect(world.client.register(reading(batch))).rejects.toMatchObject({ field: "batchUntil" });
  });
});

describe("a drain", () => {
  it("reads everything that is there now, although no interval is over", async () => {
    await world.client.register(reading({ limit: { records: 10, maxRuns: 1 } }));
    source.write("0", 35);
    await world.advance(20 * MINUTE);
    const runs = await world.client.trigger("g", undefined, { drain: true });
    expect(runs.map(({ offsets }) => [offsets!.lower["0"], offsets!.upper["0"]])).toEqual([
      ["0", "10"],
      ["10", "20"],
      ["20", "30"],
      ["30", "35"],
    ]);
    await world.settle();
    source.write("0", 2);
    await world.fireAt("g", T0 + HOUR);
    expect((await ledger()).at(-1)).toEqual([1 / 3, 1, "35-37", "SUCCEEDED"]);
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });

  it("waits for no batch, and runs although the schedule is paused", async () => {
    await world.client.register(reading({ batchUntil: { records: 10, orMs: HOUR } }));
    source.write("0", 3);
    await world.advance(20 * MINUTE);
    await world.client.pause("g");
    const [run] = await world.client.trigger("g", undefined, { drain: true });
    expect(run).toMatchObject({ kind: "MANUAL", offsets: { upper: { "0": "3" } } });
    await world.settle();
    expect((await ledger())[0]![3]).toBe("SUCCEEDED");
  });

  it.each(["coalesce-pending", "cancel-running", "drop"] as const)(
    "is refused under %s while a run is under way, and reads everything after it",
    async (overlap) => {
      await world.client.register(reading({ overlap }));
      source.write("0", 5);
      world.operator.answer = () => "runs";
      await world.fireAt("g", T0 + HOUR);
      source.write("0", 2);
      await world.advance(20 * MINUTE);
      const drain = () => world.client.trigger("g", undefined, { drain: true });
      const [run] = await world.runs("g");
      await expect(drain()).rejects.toMatchObject({
        code: "RUN_STATE_ILLEGAL",
        message: expect.stringContaining(`run ${run!.id} is RUNNING`),
      });
      world.operator.endAll({ state: "SUCCEEDED" });
      await world.settle();
      expect(await drain()).toMatchObject([{ offsets: { lower: { "0": "5" }, upper: { "0": "7" } } }]);
      world.operator.endAll({ state: "SUCCEEDED" });
      await world.settle();
      await expect(drain()).rejects.toMatchObject({ code: "INTERVAL_OPEN" });
    },
  );

  it("is refused while a snapshot has not succeeded", async () => {
    await world.client.register(reading({ mode: "full-then-incremental" }));
    world.operator.answer = () => "runs";
    await world.fireAt("g", T0 + HOUR);
    source.write("0", 2);
    await world.advance(20 * MINUTE);
    const [run] = await world.runs("g");
    await expect(world.client.trigger("g", undefined, { drain: true })).rejects.toMatchObject({
      code: "RUN_STATE_ILLEGAL",
      message: expect.stringContaining(`run ${run!.id} is RUNNING`),
    });
  });

  it("is refused for a group that is read by time, and together with an interval", async () => {
    await world.client.register(hourly("t"));
    await world.client.register(reading());
    const drain = { drain: true };
    await expect(world.client.trigger("t", undefined, drain)).rejects.toMatchObject({ field: "drain" });
    const interval = { lower: T0, upper: T0 + HOUR };
    await expect(world.client.trigger("g", interval, drain)).rejects.toMatchObject({ field: "drain" });
  });
});

describe("a preview", () => {
  const asked = { firstRead: true };

  it("says what the first run of a definition would read, without reading it", async () => {
    source.write("0", 35);
    const whole = await world.client.preview(reading(), 1, asked);
    expect(whole.firstRead).toEqual({ lower: { "0": "0" }, upper: { "0": "35" }, records: 35 });
    const cut = await world.client.preview(reading({ limit: { records: 10 } }), 1, asked);
    expect(cut.firstRead).toEqual({ lower: { "0": "0" }, upper: { "0": "10" }, records: 10 });
    expect(source.held).toEqual([]);
  });

  it("says what the next run of a group would read", async () => {
    await world.client.register(reading());
    await world.fireAt("g", T0 + HOUR);
    source.write("0", 7);
    source.expire("0", 2);
    const { firstRead } = await world.client.preview("g", 1, asked);
    expect(firstRead).toEqual({ lower: { "0": "2" }, upper: { "0": "7" }, records: 5 });
  });

  it("of a definition goes on where its group stands, unless it names another source", async () => {
    source.write("0", 4);
    await world.client.register(reading());
    await world.fireAt("g", T0 + HOUR);
    source.write("0", 3);
    const changed = reading({ description: "As it will be." });
    const { firstRead } = await world.client.preview(changed, 1, asked);
    expect(firstRead).toEqual({ lower: { "0": "4" }, upper: { "0": "7" }, records: 3 });
    const other = reading({ source: { type: "log", topic: "returns" } });
    const begun = await world.client.preview(other, 1, asked);
    expect(begun.firstRead).toMatchObject({ lower: { "0": "0" } });
  });

  it("asks no source unless it is to say what would be read", async () => {
    await world.client.register(reading());
    source.failure = new Error("away");
    for (const subject of ["g", reading()]) {
      const found = await world.client.preview(subject, 1);
      expect(found.notes).not.toContainEqual(expect.stringContaining("away"));
      expect(found).not.toHaveProperty("firstRead");
    }
  });

  it("notes that the source cannot be asked, and says nothing of one before its instant", async () => {
    source.failure = new Error("away");
    const { firstRead, notes, intervals } = await world.client.preview(reading(), 1, asked);
    expect([firstRead, intervals.length]).toEqual([undefined, 1]);
    expect(notes.at(-1)).toMatch(/source: .*away/);
    const later = await world.client.preview(reading({ startAt: { time: T0 + HOUR } }), 1, asked);
    expect(later.firstRead).toBeUndefined();
  });
});

describe("taking over from another tool", () => {
  it("begins right behind what that tool has read, as another reading", async () => {
    source = new ScriptedSource("table", { main: 200 });
    await world.stop();
    world = await World.start({ offsetProviders: [source] });
    const table = { type: "table", topic: "orders", table: "orders", column: "id" };
    await world.client.register(reading({ source: table }));
    const airbyteState = {
      stream: { stream_descriptor: { name: "orders" }, stream_state: { cursor: "119" } },
    };
    const schedule = await world.client.importOffsets("g", { airbyteState });
    expect(schedule.offsets).toMatchObject({
      epoch: 1,
      position: { main: "120" },
      rebase: { note: "Taken over from airbyte." },
    });
    await world.fireAt("g", T0 + HOUR);
    const [run] = await world.runs("g");
    expect(run!.offsets).toMatchObject({ lower: { main: "120" }, upper: { main: "200" } });
  });

  it("is refused for a group that is read by time", async () => {
    await world.client.register(hourly("t"));
    const refused = world.client.importOffsets("t", { offsets: { "0": "1" } });
    await expect(refused).rejects.toMatchObject({ code: "SCHEDULE_INVALID", field: "groupId" });
  });
});
