import { describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/index.js";
import { normalizeSchedule, parseScheduleInfo } from "../../src/schema.js";
import { Grid } from "../../src/trigger.js";
import { Bench, HOUR, hour } from "../support/bench.js";
import { T0 } from "../support/instants.js";
import { PurgeStore } from "../support/purge-store.js";
import { World } from "../support/world.js";

const hourly = { groupId: "orders", trigger: { type: "period", every: 1, unit: "hour" } } as const;

describe("a malformed schedule", () => {
  it.each<[string, string, unknown]>([
    ["TIMEZONE_UNKNOWN", "timezone", { ...hourly, timezone: "Mars/Olympus" }],
    ["SCHEDULE_INVALID", "endTime", { ...hourly, startTime: hour(2), endTime: hour(1) }],
    ["SCHEDULE_INVALID", "trigger.every", { ...hourly, trigger: { ...hourly.trigger, every: 0 } }],
    ["SCHEDULE_INVALID", "trigger.unit", { ...hourly, trigger: { ...hourly.trigger, unit: "fortnight" } }],
    [
      "SCHEDULE_INVALID",
      "trigger.expression",
      { ...hourly, trigger: { type: "cron", expression: "9".repeat(10_000_000) } },
    ],
    [
      "TRIGGER_INVALID",
      "trigger.expression",
      { ...hourly, trigger: { type: "cron", expression: "61 * * * *" } },
    ],
    [
      "TRIGGER_EXHAUSTED",
      "trigger.expression",
      { ...hourly, trigger: { type: "cron", expression: "0 0 30 2 *" } },
    ],
    ["ENGINE_UNKNOWN", "engine", { ...hourly, engine: "steam" }],
    ["OPERATOR_UNKNOWN", "operator", { ...hourly, operator: "steam" }],
    ["SCHEDULE_INVALID", "colour", { ...hourly, colour: "red" }],
    ["SCHEDULE_INVALID", "groupId", { ...hourly, groupId: "a b" }],
    ["SCHEDULE_INVALID", "startTime", { ...hourly, startTime: "2026-01-01 00:00" }],
    ["SCHEDULE_INVALID", "startTime", { ...hourly, startTime: "2026-01-01" }],
    ["SCHEDULE_INVALID", "startTime", { ...hourly, startTime: "2026-01-01T00:00:00+99:99" }],
    ["SCHEDULE_INVALID", "startTime", { ...hourly, startTime: "2026-01-01T00:00:00+00:60" }],
    ["SCHEDULE_INVALID", "startTime", { ...hourly, startTime: "2026-01-01T00:00:00-25" }],
    ["SCHEDULE_INVALID", "endTime", { ...hourly, endTime: "2026-01-01T00:00:00+1401" }],
    ["TIMEZONE_UNKNOWN", "timezone", { ...hourly, timezone: "UTC+99" }],
    [
      "TRIGGER_INVALID",
      "trigger.expression",
      { ...hourly, trigger: { type: "cron", expression: "0 0 0 1 1 ? 2030-2025" } },
    ],
    ["SCHEDULE_INVALID", "job.__proto__", { ...hourly, job: JSON.parse('{"__proto__":{"isAdmin":true}}') }],
    ["SCHEDULE_INVALID", "labels.constructor", { ...hourly, labels: { constructor: "x" } }],
    [
      "SCHEDULE_INVALID",
      "trigger",
      {
        ...hourly,
        startTime: hour(0),
        endTime: hour(1),
        trigger: { type: "cron", expression: "0 0 0 1 1 ? 2020" },
        firstInterval: "first-nominal-time",
      },
    ],
    ["SCHEDULE_INVALID", "", null],
  ])("is refused with %s at %s, and nothing is stored", async (code, field, info) => {
    const bench = await Bench.started();
    await expect(bench.client.register(info as never)).rejects.toMatchObject({ code, field });
    expect((await bench.client.list()).items).toEqual([]);
    expect(Object.prototype).not.toHaveProperty("isAdmin");
  });

  it("does not hold up the others of its batch", async () => {
    const bench = await Bench.started();
    const results = await bench.client.registerMany([
      hourly,
      { ...hourly, groupId: "!" },
      { ...hourly, groupId: "other" },
      hourly,
    ]);
    expect(results.map(({ isRegistered }) => isRegistered)).toEqual([true, false, true, false]);
    expect(results[3]).toMatchObject({ error: { code: "SCHEDULE_EXISTS" } });
  });

  it("refuses what depends on a refused one, however many come in between", async () => {
    const bench = await Bench.started();
    const others = Array.from({ length: 5_000 }, (_, n) => ({ ...hourly, groupId: `other-${n}` }));
    const results = await bench.client.registerMany([
      { ...hourly, groupId: "first", dependsOn: { groupId: "refused" } },
      { ...hourly, groupId: "second", dependsOn: { groupId: "first" } },
      ...others,
      { ...hourly, groupId: "last", dependsOn: { groupId: "other-0" } },
      { ...hourly, groupId: "refused", pool: "nowhere" },
    ]);
    const refused = results.filter(({ isRegistered }) => !isRegistered);
    expect(refused).toMatchObject([
      { groupId: "first", error: { code: "DEPENDENCY_UNKNOWN" } },
      { groupId: "second", error: { code: "DEPENDENCY_UNKNOWN" } },
      { groupId: "refused", error: { code: "POOL_UNKNOWN" } },
    ]);
  });
});

describe("an update", () => {
  it("that was made for another version is refused, and one that changes nothing makes none", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly);
    expect(
      (await bench.client.update({ ...hourly, description: "new" }, { version: 1 })).schedule.version,
    ).toBe(2);
    await expect(bench.client.update(hourly, { version: 1 })).rejects.toMatchObject({
      code: "SCHEDULE_VERSION_STALE",
    });
    expect(
      (await bench.client.update({ ...hourly, description: "new" }, { version: 2 })).schedule.version,
    ).toBe(2);
  });
});

describe("a schedule that has changed since it was read", () => {
  it("is not paused, resumed or ended by whoever saw another version", async () => {
    const { client } = await Bench.started();
    await client.register(hourly);
    await client.update({ ...hourly, description: "new" }, { version: 1 });
    const stale = { code: "SCHEDULE_VERSION_STALE", field: "version" };
    await expect(client.pause("orders", "", { version: 1 })).rejects.toMatchObject(stale);
    expect(await client.pause("orders", "why", { version: 2 })).toMatchObject({ status: "PAUSED" });
    await expect(client.resume("orders", { version: 1 })).rejects.toMatchObject(stale);
    expect(await client.resume("orders", { version: 2 })).toMatchObject({ status: "REGISTERED" });
    await expect(client.unregister("orders", { version: 1, purge: true })).rejects.toMatchObject(stale);
    expect(await client.get("orders")).toMatchObject({ status: "REGISTERED", version: 2 });
    await client.unregister("orders", { version: 2 });
    expect(await client.get("orders")).toMatchObject({ status: "DELETED" });
  });
});

describe("a specification that was read", () => {
  it.each<Omit<ScheduleInfo, "groupId">>([
    { trigger: hourly.trigger },
    { trigger: { type: "period", every: 7, unit: "minute", length: "fixed" }, startTime: hour(-3) },
    { trigger: { type: "period", every: 7, unit: "day" }, timezone: "Europe/Berlin" },
    {
      trigger: { type: "cron", expression: "0 2 * * *", dst: "quartz" },
      endTime: "2031-01-01T00:00:00+01:00",
    },
    { trigger: { type: "once", at: hour(9) } },
    {
      trigger: { type: "period", unit: "hour", every: 1 },
      labels: { b: "2", a: "1" },
      job: { z: [1, { y: null }], a: "x" },
      timeoutMs: 60_000,
      dirtyData: { maxRatio: 0.5, maxRows: 7 },
      backoff: { maxMs: 5_000 },
      catchupWindowMs: 3_600_000,
      fireAt: "interval-start",
      description: "all of it",
    },
  ])("can be registered as it is, and makes no version: %j", async (info) => {
    const bench = await Bench.started();
    const { schedule } = await bench.client.register({ groupId: "orders", ...info });
    expect((await bench.client.ensure(schedule.spec)).schedule).toMatchObject({
      version: 1,
      spec: schedule.spec,
    });
    const reordered = Object.fromEntries(Object.entries(schedule.spec).reverse());
    expect((await bench.client.ensure(reordered as never)).schedule.version).toBe(1);
    await bench.client.unregister("orders");
    await bench.client.ensure(schedule.spec);
  });
});

describe("ensure", () => {
  it("registers what is new, changes what differs, and leaves alone what is so already", async () => {
    const bench = await Bench.started();
    const versionAfter = async (info: ScheduleInfo) => (await bench.client.ensure(info)).schedule.version;
    expect(await versionAfter(hourly)).toBe(1);
    expect(await versionAfter(hourly)).toBe(1);
    expect(await versionAfter({ ...hourly, description: "new" })).toBe(2);
    await bench.client.unregister("orders");
    expect(await versionAfter(hourly)).toBe(3);
    expect(await bench.client.get("orders")).toMatchObject({ status: "REGISTERED" });
  });

  it("of several managers at once ends with one schedule as they say", async () => {
    const bench = await Bench.started();
    await bench.client.register({ ...hourly, description: "old" });
    const info = { ...hourly, description: "new" };
    await Promise.all(Array.from({ length: 5 }, () => bench.client.ensure(info)));
    expect(await bench.client.get("orders")).toMatchObject({ version: 2, spec: { description: "new" } });
  });

  it("refuses what register refuses", async () => {
    const bench = await Bench.started();
    await expect(bench.client.ensure({ ...hourly, engine: "steam" })).rejects.toMatchObject({
      code: "ENGINE_UNKNOWN",
    });
  });
});

describe("an engine that refuses", () => {
  it("leaves the schedule FAILED with the reason, until the reconciler succeeds", async () => {
    const bench = await Bench.started();
    bench.engine.failure = new Error("unreachable");
    const { schedule } = await bench.client.register(hourly);
    expect(schedule).toMatchObject({ status: "FAILED", statusReason: "unreachable" });
    bench.engine.failure = undefined;
    await bench.clock.advance(300_001);
    expect((await bench.client.get("orders")).status).toBe("REGISTERED");
    expect([...bench.engine.held]).toEqual([["orders", 1]]);
  });

  it("or forgets is mended: missing, stale and orphaned definitions", async () => {
    const bench = await Bench.started();
    await bench.client.registerMany([hourly, { ...hourly, groupId: "stale" }]);
    bench.engine.held.delete("orders");
    bench.engine.held.set("stale", 7).set("orphan", 1);
    const repairs: unknown[] = [];
    bench.tidegate.events.on("engine-repaired", (event) => repairs.push(event));
    await bench.clock.advance(300_001);
    expect([...bench.engine.held].sort()).toEqual([
      ["orders", 1],
      ["stale", 1],
    ]);
    expect(repairs).toEqual([{ engine: "manual", registered: 1, updated: 1, removed: 1 }]);
  });
});

describe("unregistering", () => {
  it("keeps the ledger, which goes on when the group is registered again with a later start", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly);
    await bench.fireAt(2);
    await bench.client.unregister("orders");
    expect((await bench.client.get("orders")).status).toBe("DELETED");
    expect((await bench.client.list()).items).toEqual([]);
    await bench.clock.advanceTo(hour(5));
    const { notes } = await bench.client.register({ ...hourly, startTime: hour(5) });
    expect(notes).toEqual([
      "The schedule starts after its ledger ends: nothing runs between 2026-01-01T02:00:00.000Z and 2026-01-01T05:00:00.000Z.",
    ]);
    await bench.fireAt(6);
    expect(bench.intervals).toEqual([
      [0, 1],
      [1, 2],
      [5, 6],
    ]);
    const audit = await bench.client.audit("orders");
    expect(audit).toMatchObject({ isSound: true, skipped: { ms: 3 * HOUR } });
    const { notRun } = await bench.client.describe("orders");
    expect(notRun).toMatchObject([{ lower: hour(2), upper: hour(5), reason: "not-scheduled" }]);
    await bench.client.unregister("orders", { purge: true });
    await expect(bench.client.get("orders")).rejects.toMatchObject({ code: "SCHEDULE_NOT_FOUND" });
  });
});

describe("a purge", () => {
  it("leaves the ledger alone that another manager has registered since it looked", async () => {
    const store = new PurgeStore();
    const world = await World.start({ store });
    world.operator.answer = () => "runs";
    await world.client.register({ ...hourly, startTime: T0 });
    await world.client.unregister("orders");
    store.beforePurge = async () => {
      await world.client.register({ ...hourly, startTime: T0 });
      await world.fireAt("orders", T0 + HOUR);
    };
    await expect(world.client.unregister("orders", { purge: true })).rejects.toMatchObject({
      code: "SCHEDULE_VERSION_STALE",
    });
    expect(await world.client.get("orders")).toMatchObject({ status: "REGISTERED" });
    expect((await world.runs("orders")).map(({ state }) => state)).toEqual(["RUNNING"]);
    await world.stop();
  });
});

describe("a preview", () => {
  it("has no side effect and tells of daylight saving", async () => {
    const bench = await Bench.started();
    const info = {
      ...hourly,
      trigger: { type: "cron", expression: "30 2 * * *" },
      timezone: "America/New_York",
    } as const;
    const preview = await bench.client.preview(info, 90);
    expect(preview.intervals).toHaveLength(90);
    expect(preview.notes).toEqual(["2026-03-08: 02:30 does not exist; it runs at 03:00 instead."]);
    expect((await bench.client.list()).items).toEqual([]);
    expect((await bench.client.register(info)).notes).toHaveLength(1);
  });

  it("says what a schedule would owe at once, and goes on from now", async () => {
    const bench = await Bench.started();
    const info = { ...hourly, startTime: hour(-30) };
    const first = await bench.client.preview(info, 2);
    expect(first.intervals.map(({ lower }) => lower)).toEqual([hour(-30), hour(-29)]);
    expect(first.notes).toEqual([expect.stringContaining("29 intervals, a run each")]);
    const next = await bench.client.preview(info, 2, { from: hour(0) + 60_000 });
    expect(next.intervals.map(({ lower }) => lower)).toEqual([hour(0), hour(1)]);
    expect(next.notes).toEqual(first.notes);
    const early = await bench.client.preview(info, 1, { from: hour(-100) });
    expect(early.intervals).toEqual(first.intervals.slice(0, 1));
    const { notes } = await bench.client.register(info);
    expect(notes).toEqual(first.notes);
  });

  it("of thousands of years lets the event loop go on", async () => {
    const { client } = await Bench.started();
    let turns = 0;
    const count = (): void => {
      turns += 1;
      counter = setImmediate(count);
    };
    let counter = setImmediate(count);
    const leapDays = { type: "cron", expression: "0 0 29 2 *" } as const;
    const preview = await client.preview(
      { ...hourly, trigger: leapDays, timezone: "America/New_York" },
      10_000,
    );
    clearImmediate(counter);
    expect(preview.intervals).toHaveLength(10_000);
    expect(new Date(preview.intervals.at(-1)!.upper).toISOString()).toBe("+043260-02-29T05:00:00.000Z");
    expect(turns).toBeGreaterThan(10);
  });

  it("ends with the last date that there is", async () => {
    const { client } = await Bench.started();
    const trigger = { type: "period", every: 100_000, unit: "year", anchor: hour(0) } as const;
    const { intervals } = await client.preview({ ...hourly, trigger, startTime: hour(0) });
    expect(intervals.map(({ upper }) => new Date(upper).getUTCFullYear())).toEqual([102026, 202026]);
  });
});

describe("every hour", () => {
  it.each(["Asia/Singapore", "Asia/Kathmandu", "America/Guyana", "Pacific/Kiritimati", "Africa/Monrovia"])(
    "is on the hour in %s, after an update too",
    async (timezone) => {
      const { client } = await Bench.started();
      const minutes = async (): Promise<Set<string>> => {
        const { intervals } = await client.preview("orders", 30);
        const format = new Intl.DateTimeFormat("en-GB", { timeZone: timezone, timeStyle: "medium" });
        return new Set(intervals.map(({ upper }) => format.format(upper).slice(3)));
      };
      await client.register({ ...hourly, timezone });
      expect(await minutes()).toEqual(new Set(["00:00"]));
      await client.update({ ...hourly, timezone, description: "new" }, { version: 1 });
      expect(await minutes()).toEqual(new Set(["00:00"]));
      await client.update({ ...hourly, timezone, trigger: { ...hourly.trigger, every: 6 } }, { version: 2 });
      expect(await minutes()).toEqual(new Set(["00:00"]));
    },
  );

  it("and every six begin at midnight in winter and in summer, whenever they are registered", async () => {
    const trigger = { type: "period", every: 6, unit: "hour" } as const;
    for (const month of [0, 6]) {
      const now = Date.UTC(2026, month, 10, 15, 12);
      const info = { groupId: "g", trigger, timezone: "Europe/London" };
      const spec = normalizeSchedule(parseScheduleInfo(info), { engine: "e", operator: "o", now });
      const local = new Date(spec.startTime + (month === 6 ? HOUR : 0));
      expect(local.toISOString()).toBe(new Date(Date.UTC(2026, month, 10, 12)).toISOString());
      expect(new Grid(spec).next(spec.startTime)?.upper).toBe(spec.startTime + 6 * HOUR);
    }
  });
});

describe("what is owed at registration", () => {
  it.each([
    ["each", {}, "(catchup: each): 48 intervals, a run each."],
    ["coalesce", {}, "(catchup: coalesce): 48 intervals, in one run."],
    ["drop", {}, "(catchup: drop): 48 intervals, of which the newest runs."],
    ["each", { overlap: "coalesce-pending" }, "(catchup: each): 48 intervals, in one run."],
  ] as const)("is told with its number (%s %j)", async (catchup, policy, text) => {
    const { client } = await Bench.started();
    const { notes } = await client.register({ ...hourly, startTime: hour(-48) - 1, catchup, ...policy });
    expect(notes).toEqual([expect.stringContaining(text)]);
  });

  it("is counted since 1970 in an instant, and runs once with coalesce", async () => {
    const bench = await Bench.started();
    const everySecond = { type: "period", every: 1, unit: "second" } as const;
    const info = { ...hourly, trigger: everySecond, startTime: 0, catchup: "coalesce" } as const;
    const { notes } = await bench.client.register(info);
    expect(notes[0]).toMatch(/1,7\d\d,\d{3},\d{3} intervals, in one run/);
    await bench.fireAt(0);
    expect(bench.operator.submissions).toHaveLength(1);
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true, owed: null });
  });

  it("is told to be kept where the window is shorter than a fire may be late", async () => {
    const { client } = await Bench.started();
    const { notes } = await client.register({ ...hourly, catchupWindowMs: 0 });
    expect(notes).toEqual([expect.stringContaining("more than 60000 ms late (twice engineGraceMs)")]);
    expect((await client.ensure({ ...hourly, catchupWindowMs: 60_000 })).notes).toEqual([]);
  });
});

describe("what an operator says of a job", () => {
  const note = "job.sink appends";

  it("is told by each registration and update, and whenever the schedule is described", async () => {
    const { client } = await Bench.started();
    expect((await client.register({ ...hourly, job: { note } })).notes).toEqual([note]);
    expect((await client.ensure({ ...hourly, job: { note }, description: "new" })).notes).toEqual([note]);
    expect((await client.describe(hourly.groupId)).notes).toEqual([note]);
    expect((await client.ensure({ ...hourly, job: {} })).notes).toEqual([]);
  });

  it("is nothing where it understands the job no more", async () => {
    const { client } = await Bench.started();
    await client.register({ ...hourly, job: { note: 1 } });
    expect((await client.describe(hourly.groupId)).notes).toEqual([]);
  });
});

describe("a job that is no JSON", () => {
  it.each<[string, unknown, string]>([
    ["undefined", { source: [{ path: "a", format: undefined }] }, "job.source.0.format"],
    ["a function", { sink: () => 1 }, "job.sink"],
    ["no number", { limits: { rows: Number.NaN } }, "job.limits.rows"],
  ])("is refused by the name of what is %s", async (_, job, field) => {
    const { client } = await Bench.started();
    const refused = client.register({ ...hourly, job: job as NonNullable<ScheduleInfo["job"]> });
    await expect(refused).rejects.toMatchObject({ code: "SCHEDULE_INVALID", field });
    await expect(refused).rejects.toThrow("must be JSON");
  });
});

describe("what a program may give", () => {
  interface CopyJob {
    readonly table: string;
    readonly columns?: readonly string[];
  }

  it("is a job of an interface's type, and dates", async () => {
    const bench = await Bench.started();
    const job: CopyJob = { table: "orders" };
    const start = new Date(hour(-2));
    const { schedule } = await bench.client.register({
      groupId: "orders",
      trigger: { type: "period", every: 1, unit: "hour" },
      startTime: start,
      endTime: new Date(hour(5)),
      job,
    });
    expect(schedule.spec).toMatchObject({ startTime: hour(-2), endTime: hour(5), job: { table: "orders" } });
  });

  it("is refused by name if it is no instant", async () => {
    const bench = await Bench.started();
    const register = (startTime: string | Date) =>
      bench.client.register({
        groupId: "orders",
        trigger: { type: "period", every: 1, unit: "hour" },
        startTime,
      });
    for (const startTime of ["soon", new Date(Number.NaN)]) {
      await expect(register(startTime)).rejects.toMatchObject({
        code: "SCHEDULE_INVALID",
        field: "startTime",
        message: expect.stringContaining("ISO 8601"),
      });
    }
  });
});
