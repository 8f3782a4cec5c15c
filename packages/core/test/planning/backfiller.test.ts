import { afterEach, describe, expect, it } from "@jest/globals";
import type { BackfillRequest } from "../../src/client/backfill-control.js";
import { MAX_REFUSALS } from "../../src/planning/backfiller.js";
import { rerunUnits } from "../../src/planning/rerun-units.js";
import type { BackfillSelect } from "../../src/run/backfill.js";
import { DAY, HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World, type WorldOptions } from "../support/world.js";

let world: World;
const begin = async (options: WorldOptions = {}): Promise<World> => {
  world = await World.start(options);
  return world;
};
afterEach(() => world.stop());

const hour = (n: number): number => T0 + n * HOUR;

/** The intervals that were submitted from an index on, in hours since T0. */
const submitted = (from = 0): number[][] =>
  world.operator.submissions
    .slice(from)
    .map(({ lowerBound, upperBound }) => [
      (Number(lowerBound) - T0) / HOUR,
      (Number(upperBound) - T0) / HOUR,
    ]);

/** Plans a backfill without running it, then runs it; returns the plan, and what was submitted. */
async function planAndRun(request: Omit<BackfillRequest, "groupId">) {
  const plan = await world.client.backfill({ groupId: "g", ...request, isDryRun: true });
  const before = world.operator.submissions.length;
  const { backfill } = await world.client.backfill({ groupId: "g", ...request });
  for (let round = 0; round < 10; round += 1) await world.advance(MINUTE);
  return {
    plan,
    listed: plan.first.map(({ lower, upper }) => [(lower - T0) / HOUR, (upper - T0) / HOUR]),
    made: submitted(before),
    backfill: backfill && (await world.client.getBackfill(backfill.id)),
  };
}

describe("a backfill of centuries", () => {
  it("is counted by arithmetic, and makes its first runs at once", async () => {
    const { client } = await begin();
    const startTime = Date.UTC(2026, 0, 1, 0, 20);
    await client.register(hourly("g", { startTime, timezone: "America/New_York" }));
    const request = { groupId: "g", from: "0210-01-01T00:00:00Z", to: "1299-01-01T00:00:00Z" };
    const plan = await client.backfill({ ...request, isDryRun: true });
    expect(plan.runs).toBe((Date.parse(request.to) - Date.parse(request.from)) / HOUR + 1);
    expect(plan.first).toHaveLength(100);
    const { backfill } = await client.backfill({ ...request, concurrency: 3 });
    expect(await client.getBackfill(backfill!.id)).toMatchObject({ state: "RUNNING", openRuns: 3 });
  });

  it("counts the interval that the ledger's beginning cuts as two", async () => {
    const { client } = await begin();
    const trigger = { type: "cron", expression: "0 * * * *" } as const;
    await client.register(hourly("g", { startTime: T0 - 140 * MINUTE, trigger }));
    await world.fireAt("g", T0);
    const request = { groupId: "g", from: hour(-6), to: hour(-2), isDryRun: true } as const;
    const { runs, first } = await client.backfill(request);
    expect(first.map(({ lower, upper }) => [(lower - T0) / MINUTE, (upper - T0) / MINUTE])).toEqual([
      [-360, -300],
      [-300, -240],
      [-240, -180],
      [-180, -140],
    ]);
    expect(runs).toBe(4);
  });
});

describe("a backfill whose bounds lie inside intervals", () => {
  async function tenDays(): Promise<void> {
    const { client } = await begin();
    await client.register(hourly("g", { trigger: { type: "period", every: 1, unit: "day" } }));
    await world.fireAt("g", T0 + 9 * DAY);
  }

  it.each([1, 2, 5])("runs these as a whole, with %i at a time", async (concurrency) => {
    await tenDays();
    const { plan, listed, made, backfill } = await planAndRun({
      from: "2026-01-02T12:00:00Z",
      to: new Date(T0 + 7.5 * DAY),
      select: "all",
      concurrency,
    });
    const days = [1, 2, 3, 4, 5, 6, 7].map((day) => [24 * day, 24 * (day + 1)]);
    expect(plan).toMatchObject({ runs: 7, ranges: [{ lower: T0 + DAY, upper: T0 + 8 * DAY }] });
    expect(listed).toEqual(days);
    expect(made).toEqual(days);
    expect(backfill).toMatchObject({ state: "DONE", plannedRuns: 7, openRuns: 0 });
  });

  it("says so in its plan, at both ends", async () => {
    await tenDays();
    const request = { groupId: "g", from: T0 + 1.5 * DAY, to: T0 + 2.5 * DAY, isDryRun: true } as const;
    expect((await world.client.backfill({ ...request, select: "all" })).notes).toEqual([
      "from: 2026-01-02T12:00:00.000Z lies inside an interval, which runs as a whole from 2026-01-02T00:00:00.000Z on.",
      "to: 2026-01-03T12:00:00.000Z lies inside an interval, which runs as a whole up to 2026-01-04T00:00:00.000Z.",
    ]);
    expect((await world.client.backfill({ ...request, to: T0 + 99 * DAY, select: "all" })).notes.at(-1)).toBe(
      "to: intervals are over and planned up to 2026-01-10T00:00:00.000Z; what follows is the live schedule's.",
    );
    expect((await world.client.backfill({ ...request, select: "missing" })).notes).toEqual([]);
  });

  it("refuses bounds that are no instants, or none before the watermark", async () => {
    await tenDays();
    const plan = (from: BackfillRequest["from"], to: BackfillRequest["to"]) =>
      world.client.backfill({ groupId: "g", from, to });
    await expect(plan("yesterday", T0)).rejects.toMatchObject({ code: "INTERVAL_INVALID", field: "from" });
    await expect(plan(T0, new Date(Number.NaN))).rejects.toMatchObject({
      code: "INTERVAL_INVALID",
      field: "to",
    });
    await expect(plan(T0 + 1, T0)).rejects.toMatchObject({ code: "INTERVAL_INVALID", field: "from" });
    await expect(plan(T0 + 9 * DAY, T0 + 10 * DAY)).rejects.toMatchObject({ code: "INTERVAL_INVALID" });
  });

  it("takes a merged run that has failed as one, wherever the bounds cut it", async () => {
    const { client, operator } = await begin();
    operator.answer = () => failed("no");
    await client.register(hourly("g", { catchup: "coalesce", maxAttempts: 1, onFailure: "continue" }));
    await world.fireAt("g", hour(6));
    operator.answer = () => SUCCEEDED;
    for (const select of ["failed", "all"] as const) {
      const { plan, made, backfill } = await planAndRun({ from: hour(2), to: hour(3), select });
      expect(plan).toMatchObject({ runs: 1, first: [{ lower: hour(0), upper: hour(6) }] });
      expect(made).toEqual([[0, 6]]);
      expect(backfill).toMatchObject({ state: "DONE", plannedRuns: 1 });
    }
  });

  it("cuts what was skipped on the grid, and runs only the intervals that the range touches", async () => {
    const { client } = await begin();
    await client.register(hourly("g", { catchup: "drop" }));
    await world.fireAt("g", hour(6));
    const { plan, listed, made } = await planAndRun({ from: hour(1.5), to: hour(3.25), concurrency: 9 });
    expect(plan.runs).toBe(3);
    expect(listed).toEqual([
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
    expect(made).toEqual(listed);
  });

  it("begins at the ledger's beginning, or at the cut of the grid before it", async () => {
    const { client } = await begin();
    const halfPast = { trigger: { type: "cron", expression: "0 * * * *" }, startTime: hour(0.5) } as const;
    await client.register(hourly("g", { ...halfPast, catchup: "drop" }));
    await world.fireAt("g", hour(3));
    expect((await planAndRun({ from: hour(0.75), to: hour(0.8) })).made).toEqual([[0.5, 1]]);
    expect((await planAndRun({ from: hour(-1.5), to: hour(0.2) })).made).toEqual([
      [-2, -1],
      [-1, 0],
      [0, 0.5],
    ]);
  });
});

describe("what is not over yet", () => {
  it("is run neither by a backfill nor by a trigger, although the schedule begins later", async () => {
    const { client, clock } = await begin();
    const onTheHour = { type: "cron", expression: "0 * * * *" } as const;
    await client.register(hourly("g", { trigger: onTheHour, startTime: hour(1.5), delayMs: 10 * MINUTE }));
    const backfill = (from: number, to: number) =>
      client.backfill({ groupId: "g", from: hour(from), to: hour(to) });
    await expect(backfill(0, 1)).rejects.toMatchObject({ code: "INTERVAL_INVALID", field: "from" });
    const open = { lower: hour(0), upper: hour(1) };
    await expect(client.trigger("g", open)).rejects.toMatchObject({ code: "INTERVAL_OPEN" });
    await expect(backfill(-1, 9)).rejects.toMatchObject({ code: "INTERVAL_INVALID" });
    expect((await planAndRun({ from: hour(-2), to: hour(9) })).made).toEqual([[-2, -1]]);
    await clock.advanceTo(hour(1) + 10 * MINUTE);
    expect((await planAndRun({ from: hour(-1), to: hour(9) })).made).toEqual([
      [-1, 0],
      [0, 1],
    ]);
  });

  it("is all that lies before a single time to come", async () => {
    const { client } = await begin();
    await client.register(hourly("g", { trigger: { type: "once", at: hour(2) }, startTime: hour(1) }));
    const backfill = client.backfill({ groupId: "g", from: hour(-1), to: hour(0) });
    await expect(backfill).rejects.toMatchObject({
      code: "INTERVAL_INVALID",
      message: expect.stringContaining("no interval is over yet"),
    });
    const trigger = client.trigger("g", { lower: hour(-1), upper: hour(0) });
    await expect(trigger).rejects.toMatchObject({ code: "INTERVAL_OPEN" });
  });

  it("is what has not begun where jobs are submitted as their interval begins", async () => {
    const { client } = await begin();
    await client.register(hourly("g", { startTime: hour(2), fireAt: "interval-start" }));
    expect((await planAndRun({ from: hour(-1), to: hour(2) })).made).toEqual([
      [-1, 0],
      [0, 1],
    ]);
  });

  it("is not what was over by the intervals that were planned, although later ones are longer", async () => {
    const { client } = await begin();
    await client.register(hourly("g", { startTime: hour(-3), fireAt: "interval-start" }));
    await world.fireAt("g", T0);
    const trigger = { type: "period", every: 8, unit: "hour", anchor: hour(-4) } as const;
    await client.update(hourly("g", { startTime: hour(-3), trigger, delayMs: 2 * HOUR }), { version: 1 });
    expect((await client.get("g")).watermark).toBe(hour(1));
    expect(await client.trigger("g", { lower: hour(-1), upper: hour(0) })).toHaveLength(1);
  });
});

describe("a ledger whose beginning moves back into a backfill's range", () => {
  it("leaves what is the live schedule's then to it", async () => {
    const { client, clock } = await begin();
    const onTheHour = { type: "cron", expression: "0 * * * *" } as const;
    const info = hourly("g", { trigger: onTheHour, startTime: hour(-3.1) });
    await client.register({ ...info, firstInterval: "first-nominal-time" });
    await client.pause("g");
    await client.backfill({ id: "b", groupId: "g", from: hour(-3.1), to: hour(0) });
    await client.update(info, { version: 1 });
    await client.resume("g");
    await world.engine.fire("g", T0);
    await client.backfill({ id: "b", groupId: "g", from: hour(-3.1), to: hour(0) });
    await clock.advance(MINUTE);
    await world.settle();
    expect(await client.getBackfill("b")).toMatchObject({ state: "DONE", plannedRuns: 0 });
    expect(submitted()).toEqual([
      [-3.1, -3],
      [-3, -2],
      [-2, -1],
      [-1, 0],
    ]);
  });
});

describe("an interval of which several generations stand", () => {
  /** Three hours that succeeded, the last of which was run again and failed. */
  async function withTwins(): Promise<void> {
    const { client, operator } = await begin();
    await client.register(hourly("g", { maxAttempts: 1 }));
    await world.fireAt("g", hour(3));
    operator.answer = () => failed("no");
    await client.trigger("g");
    await world.settle();
    operator.answer = () => SUCCEEDED;
  }

  it.each<[BackfillSelect, number[][]]>([
    [
      "all",
      [
        [0, 1],
        [1, 2],
        [2, 3],
      ],
    ],
    ["failed", [[2, 3]]],
    ["incomplete", [[2, 3]]],
    ["missing", []],
  ])("is run again once (%s)", async (select, intervals) => {
    await withTwins();
    const { plan, made, backfill } = await planAndRun({ from: hour(0), to: hour(3), select });
    expect(plan.runs).toBe(intervals.length);
    expect(made).toEqual(intervals);
    if (intervals.length > 0) expect(backfill).toMatchObject({ state: "DONE", openRuns: 0 });
    expect(world.eventsOf("trouble")).toEqual([]);
    const standing = await world.runs("g", { includeSuperseded: false });
    expect(standing).toHaveLength(select === "missing" ? 4 : 3);
  });

  it("is passed over while one of them is under way", async () => {
    await withTwins();
    world.operator.answer = () => "runs";
    await world.client.trigger("g", { lower: hour(1), upper: hour(2) });
    await world.settle();
    world.operator.answer = () => SUCCEEDED;
    const { plan, made, backfill } = await planAndRun({ from: hour(0), to: hour(3), select: "all" });
    expect(plan.runs).toBe(2);
    expect(made).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(backfill).toMatchObject({ state: "DONE" });
  });
});

describe("a step that the store refuses", () => {
  async function refusing(): Promise<() => number> {
    const { client, store } = await begin();
    await client.register(hourly("g"));
    await world.fireAt("g", hour(2));
    const { planBackfill } = store;
    let refused = 0;
    store.planBackfill = async (commit) => {
      if (commit.state === "FAILED") return planBackfill.call(store, commit);
      refused += 1;
      return false;
    };
    return () => refused;
  }

  const request = { id: "b", groupId: "g", from: hour(0), to: hour(2), select: "all" } as const;

  it("is decided again after a wait, and goes on if the store takes it then", async () => {
    await refusing();
    await world.client.backfill(request);
    Reflect.deleteProperty(world.store, "planBackfill");
    await world.advance(MINUTE);
    expect(await world.client.getBackfill("b")).toMatchObject({ state: "DONE", plannedRuns: 2 });
  });

  it("holds up nothing else, and fails the backfill with the reason at last", async () => {
    const refused = await refusing();
    await world.client.backfill(request);
    await world.settle();
    expect(refused()).toBe(1);
    await world.advance(HOUR / 2);
    expect(refused()).toBe(MAX_REFUSALS);
    expect(await world.client.getBackfill("b")).toMatchObject({
      state: "FAILED",
      reason: expect.stringMatching(/refused its next step 8 times.*2026-01-01T00:00:00/),
    });
    expect(world.eventsOf("trouble")).toMatchObject([{ where: "backfill", groupId: "g" }]);
    await world.restart();
    await world.advance(HOUR / 2);
    expect(refused()).toBe(MAX_REFUSALS);
  });
});

describe("the backfill of a schedule that is unregistered", () => {
  it("plans nothing while it is, and cannot begin", async () => {
    const { client, operator } = await begin();
    await client.register(hourly("g"));
    await world.fireAt("g", hour(3));
    operator.answer = () => "runs";
    await client.backfill({ id: "b", groupId: "g", from: hour(0), to: hour(3), select: "all" });
    await world.settle();
    await client.unregister("g");
    operator.endAll();
    await world.advance(MINUTE);
    expect(await client.getBackfill("b")).toMatchObject({ state: "RUNNING", plannedRuns: 1, openRuns: 0 });
    const again = { groupId: "g", from: hour(0), to: hour(3), select: "all" } as const;
    await expect(client.backfill(again)).rejects.toMatchObject({ code: "SCHEDULE_STATUS_ILLEGAL" });
    operator.answer = () => SUCCEEDED;
    await client.register(hourly("g", { startTime: T0 }));
    await client.backfill({ ...again, id: "b" });
    await world.advance(MINUTE);
    expect(await client.getBackfill("b")).toMatchObject({ state: "DONE", plannedRuns: 3 });
  });
});

describe("a long backfill", () => {
  it("lets other work of the process go on while its intervals are listed", async () => {
    const { client } = await begin();
    await client.register(hourly("g", { trigger: { type: "period", every: 1, unit: "second" } }));
    const [schedule] = await world.store.getSchedules(["g"]);
    let turns = 0;
    let isPlanning = true;
    const count = (): void => {
      turns += 1;
      if (isPlanning) setImmediate(count);
    };
    setImmediate(count);
    const query = { range: { lower: hour(-20), upper: hour(0) }, select: "missing" } as const;
    let runs = 0;
    for await (const _ of rerunUnits(world.store, schedule!, query)) runs += 1;
    isPlanning = false;
    expect(runs).toBe(72_000);
    expect(turns).toBeGreaterThanOrEqual(70);
  });
});
