import { describe, expect, it } from "@jest/globals";
import type { JobOutcome, TouchedTime } from "../../src/job/job-outcome.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { DAY, HOUR, MINUTE, SECOND, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

const hour = (n: number, to = n + 1) => ({ lower: T0 + n * HOUR, upper: T0 + to * HOUR });

/** A success whose rows fell in this time. */
const touching = (...touched: readonly TouchedTime[]): JobOutcome => ({ state: "SUCCEEDED", touched });

/** A world of groups that have read so many hours. */
async function worldOf(hours: number, ...infos: readonly ScheduleInfo[]): Promise<World> {
  const world = await World.start({ restateSettleMs: 10 * MINUTE });
  for (const info of infos) await world.client.register(info);
  for (let n = 1; n <= hours; n += 1)
    for (const { groupId } of infos) await world.fireAt(groupId, T0 + n * HOUR);
  return world;
}

/** Has the next job of a group answer this, and fires it. */
async function answerNext(world: World, groupId: string, at: number, outcome: JobOutcome): Promise<void> {
  world.operator.answer = (request) => (request.groupId === groupId ? outcome : SUCCEEDED);
  await world.fireAt(groupId, T0 + at * HOUR);
  world.operator.answer = () => SUCCEEDED;
  await world.advance(SECOND);
}

const generations = async (world: World, groupId: string): Promise<number[]> =>
  (await world.runs(groupId, { includeSuperseded: false })).map(({ generation }) => generation);

async function lateOf(world: World, groupId?: string): Promise<string[]> {
  const { items } = await world.client.lateData(groupId === undefined ? {} : { groupId });
  return items.map(
    (late) =>
      `${late.groupId} ${(late.lower - T0) / HOUR}-${(late.upper - T0) / HOUR} by ${late.reportedBy}: ${late.rowsLate} ${late.state}`,
  );
}

const loads = (more: Partial<ScheduleInfo> = {}) => hourly("loads", more);
const report = (onRestate: "mark" | "rerun" | "ignore") =>
  hourly("report", { dependsOn: { groupId: "loads", onRestate } });

describe("rows of a job that belong to earlier intervals", () => {
  it("make exactly what has read those intervals stale, and run that again if it says so", async () => {
    const world = await worldOf(5, loads(), report("rerun"));
    const touched = {
      intervals: [
        { ...hour(2), rows: 7 },
        { ...hour(5), rows: 90 },
      ],
    };
    await answerNext(world, "loads", 6, touching(touched));
    await world.fireAt("report", T0 + 6 * HOUR);
    expect(await lateOf(world)).toEqual(["loads 2-3 by loads: 7 MARKED"]);
    expect((await world.client.stale()).map(({ run }) => [run.groupId, run.lower])).toEqual([
      ["report", T0 + 2 * HOUR],
    ]);
    await world.advance(11 * MINUTE);
    expect(await generations(world, "report")).toEqual([0, 0, 1, 0, 0, 0]);
    expect(await generations(world, "loads")).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await world.client.stale()).toEqual([]);
    const [event] = world.eventsOf("late-data");
    expect(event).toMatchObject({
      late: { groupId: "loads", rowsLate: 7, state: "MARKED", backfillId: null },
    });
  });

  it("are counted as the intervals that were planned, although the trigger was changed since", async () => {
    const trigger = { type: "period", every: 8, unit: "hour", anchor: T0 } as const;
    const world = await worldOf(5, loads(), hourly("facts", { onLate: "restate" }));
    await world.client.update(hourly("facts", { onLate: "restate", trigger }), { version: 1 });
    await answerNext(world, "loads", 6, touching({ groupId: "facts", intervals: [{ ...hour(2), rows: 7 }] }));
    await world.advance(11 * MINUTE);
    expect(await lateOf(world)).toEqual(["facts 2-3 by loads: 7 RESTATED"]);
    expect(await generations(world, "facts")).toEqual([0, 0, 1, 0, 0]);
  });

  it("are counted as whole intervals, joined over reports, and told once for each report", async () => {
    const world = await worldOf(5, loads(), report("mark"));
    const part = (rows: number) => ({
      intervals: [{ lower: T0 + HOUR + 10 * MINUTE, upper: T0 + HOUR + 20 * MINUTE, rows }],
    });
    await answerNext(world, "loads", 6, touching(part(3)));
    await answerNext(world, "loads", 7, touching(part(4)));
    expect(await lateOf(world)).toEqual(["loads 1-2 by loads: 7 MARKED"]);
    expect((await world.client.lateData()).items[0]).toMatchObject({
      reports: 2,
      firstAt: T0 + 6 * HOUR,
      lastAt: T0 + 7 * HOUR,
    });
    expect(world.eventsOf("late-data")).toHaveLength(2);
    await world.restart();
    await world.advance(DAY);
    expect(world.eventsOf("late-data")).toHaveLength(2);
  });

  it("are not late if they belong to the run's own interval, or to one that is still to be planned", async () => {
    const world = await worldOf(5, loads(), report("rerun"));
    await answerNext(world, "loads", 6, touching({ intervals: [hour(5), hour(6, 9)] }));
    expect(await lateOf(world)).toEqual([]);
    expect(await world.client.stale()).toEqual([]);
  });

  it("count only if the job has succeeded", async () => {
    const world = await worldOf(5, loads({ maxAttempts: 1 }), report("rerun"));
    const outcome = { ...failed("no space left"), touched: [{ intervals: [hour(1)] }] };
    await answerNext(world, "loads", 6, outcome);
    expect(await lateOf(world)).toEqual([]);
  });

  it("change the digest of their time, so that whoever asks for coverage learns of them", async () => {
    const world = await worldOf(5, loads());
    const digests = async () =>
      Promise.all(
        [hour(1), hour(2), hour(0, 5)].map(
          async (range) => (await world.client.coverage("loads", range)).generationDigest,
        ),
      );
    const before = await digests();
    await answerNext(world, "loads", 6, touching({ intervals: [hour(2)] }));
    const after = await digests();
    expect(after.map((digest, n) => digest === before[n])).toEqual([true, false, false]);
  });

  it("raise late-after-seal in sealed time, are recorded, and run nothing of it again", async () => {
    const world = await worldOf(5, loads(), hourly("report", { ...report("rerun"), seal: { afterMs: 0 } }));
    await world.client.seal("loads", T0 + 3 * HOUR, "The night is closed.");
    await answerNext(world, "loads", 6, touching({ intervals: [{ ...hour(2), rows: 2 }, hour(4)] }));
    expect(await lateOf(world)).toEqual(["loads 2-3 by loads: 2 SEALED", "loads 4-5 by loads: null MARKED"]);
    expect(world.eventsOf("late-after-seal")).toMatchObject([
      { late: { lower: T0 + 2 * HOUR, rowsLate: 2 } },
    ]);
    await world.advance(DAY);
    expect(await generations(world, "report")).toEqual([0, 0, 0, 0, 0]);
    expect(await generations(world, "loads")).toEqual([0, 0, 0, 0, 0, 0]);
    expect(world.eventsOf("trouble")).toEqual([]);
  });

  it("are reported again by the next manager if one dies before the run's end is written", async () => {
    const world = await worldOf(5, loads(), report("mark"));
    const { changeRuns } = world.store;
    world.store.changeRuns = async (changes) => {
      if (changes.some(({ state }) => state === "SUCCEEDED")) throw new Error("The line is dead.");
      return changeRuns.call(world.store, changes);
    };
    world.operator.answer = () => touching({ intervals: [{ ...hour(2), rows: 5 }] });
    await world.fireAt("loads", T0 + 6 * HOUR);
    expect(await lateOf(world)).toEqual(["loads 2-3 by loads: 5 MARKED"]);
    await world.stop();
    world.store.changeRuns = changeRuns;
    await world.start();
    await world.advance(MINUTE);
    expect((await world.runs("loads")).at(-1)).toMatchObject({ state: "SUCCEEDED" });
    expect((await world.client.lateData()).items).toMatchObject([{ rowsLate: 5, reports: 1 }]);
  });

  it("are reported as well if the job's success is noticed by a cancellation", async () => {
    const world = await worldOf(5, loads({ maxAttempts: 1 }));
    world.operator.answer = () => ({ throws: new Error("connection reset"), hasStarted: true });
    await world.fireAt("loads", T0 + 6 * HOUR);
    world.operator.endAll(touching({ intervals: [{ ...hour(2), rows: 5 }] }));
    const { id } = (await world.runs("loads")).at(-1)!;
    await expect(world.client.cancelRun(id)).rejects.toMatchObject({ code: "RUN_STATE_ILLEGAL" });
    await world.settle();
    expect((await world.runs("loads")).at(-1)).toMatchObject({ state: "SUCCEEDED" });
    expect(await lateOf(world)).toEqual(["loads 2-3 by loads: 5 MARKED"]);
  });

  it("break the contract if their time is none", async () => {
    const world = await worldOf(1, loads());
    await answerNext(world, "loads", 2, touching({ intervals: [{ lower: 5, upper: 5 }] }));
    expect((await world.runs("loads")).at(-1)).toMatchObject({
      state: "FAILED",
      error: { code: "OPERATOR_ANSWER_INVALID" },
    });
  });
});

describe("a job whose rows belong to another group's intervals", () => {
  const arrivals = hourly("arrivals");
  const facts = (onLate?: "mark" | "restate" | "ignore") =>
    hourly("facts", onLate === undefined ? {} : { onLate });
  const touched = (...hours: readonly number[]): TouchedTime => ({
    groupId: "facts",
    intervals: hours.map((n) => ({ ...hour(n), rows: 10 })),
  });

  it("has exactly those run again, once, when nothing more has come for a while", async () => {
    const world = await worldOf(8, arrivals, facts("restate"));
    await answerNext(world, "arrivals", 9, touching(touched(1, 2)));
    await world.advance(5 * MINUTE);
    world.operator.answer = ({ groupId }) => (groupId === "arrivals" ? touching(touched(2, 6)) : SUCCEEDED);
    await world.client.trigger("arrivals", hour(0));
    await world.settle();
    world.operator.answer = () => SUCCEEDED;
    await world.advance(9 * MINUTE);
    expect(await generations(world, "facts")).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    await world.advance(2 * MINUTE);
    expect(await generations(world, "facts")).toEqual([0, 1, 1, 0, 0, 0, 1, 0]);
    expect(await lateOf(world, "facts")).toEqual([
      "facts 1-2 by arrivals: 10 RESTATED",
      "facts 2-3 by arrivals: 20 RESTATED",
      "facts 6-7 by arrivals: 10 RESTATED",
    ]);
    const { items } = await world.client.lateData({ groupId: "facts" });
    const backfills = await world.store.listBackfills({ groupId: "facts" });
    expect(new Set(items.map(({ backfillId }) => backfillId))).toEqual(
      new Set(backfills.map(({ id }) => id)),
    );
    await world.advance(DAY);
    expect(await generations(world, "facts")).toEqual([0, 1, 1, 0, 0, 0, 1, 0]);
  });

  it("leaves a run to people that the end of sealed time cuts, and has what follows run again", async () => {
    const world = await World.start({ restateSettleMs: 10 * MINUTE });
    await world.client.register(arrivals);
    await world.client.register({ ...facts("restate"), catchup: "coalesce" });
    for (const n of [3, 4, 5]) await world.fireAt("facts", T0 + n * HOUR);
    await world.fireAt("arrivals", T0 + 5 * HOUR);
    await world.client.seal("facts", T0 + 2 * HOUR);
    await answerNext(world, "arrivals", 6, touching(touched(2, 3)));
    await world.advance(HOUR / 2);
    expect(await lateOf(world, "facts")).toEqual([
      "facts 2-3 by arrivals: 10 SEALED",
      "facts 3-4 by arrivals: 10 RESTATED",
    ]);
    expect(await generations(world, "facts")).toEqual([0, 1, 0]);
    expect(world.eventsOf("late-after-seal")).toMatchObject([{ late: { lower: T0 + 2 * HOUR } }]);
    expect(world.eventsOf("trouble")).toEqual([]);
  });

  it("is only recorded unless the other group's schedule says more", async () => {
    const world = await worldOf(3, arrivals, facts());
    await answerNext(world, "arrivals", 4, touching(touched(1)));
    await world.advance(DAY);
    expect(await lateOf(world)).toEqual(["facts 1-2 by arrivals: 10 MARKED"]);
    expect(await generations(world, "facts")).toEqual([0, 0, 0]);
    const ignoring = await worldOf(3, arrivals, facts("ignore"));
    await answerNext(ignoring, "arrivals", 4, touching(touched(1)));
    expect(await lateOf(ignoring)).toEqual(["facts 1-2 by arrivals: 10 IGNORED"]);
  });

  it("waits for a run of that time which has begun before the rows came", async () => {
    const world = await worldOf(3, arrivals, facts("restate"));
    world.operator.answer = ({ groupId }) => (groupId === "facts" ? "runs" : SUCCEEDED);
    await world.fireAt("facts", T0 + 4 * HOUR);
    await world.advance(MINUTE);
    world.operator.answer = ({ groupId }) => (groupId === "facts" ? SUCCEEDED : touching(touched(3)));
    await world.fireAt("arrivals", T0 + 4 * HOUR);
    await world.advance(20 * MINUTE);
    expect(await lateOf(world)).toEqual(["facts 3-4 by arrivals: 10 PENDING"]);
    world.operator.answer = () => SUCCEEDED;
    world.operator.endAll();
    await world.advance(2 * MINUTE);
    expect(await generations(world, "facts")).toEqual([0, 0, 0, 1]);
  });

  /** Has the job of an earlier interval run again, with rows of these hours. */
  async function moreOf(world: World, ...hours: readonly number[]): Promise<void> {
    world.operator.answer = ({ groupId }) =>
      groupId === "arrivals" ? touching(touched(...hours)) : SUCCEEDED;
    await world.client.trigger("arrivals", hour(0));
    await world.settle();
    world.operator.answer = () => SUCCEEDED;
  }

  it("has a stretch of them run again although more keeps coming for another one", async () => {
    const world = await worldOf(8, arrivals, facts("restate"));
    await moreOf(world, 1);
    for (let round = 0; round < 3; round += 1) {
      await moreOf(world, 5);
      await world.advance(5 * MINUTE);
    }
    expect(await generations(world, "facts")).toEqual([0, 1, 0, 0, 0, 0, 0, 0]);
    expect(await lateOf(world, "facts")).toEqual([
      "facts 1-2 by arrivals: 10 RESTATED",
      "facts 5-6 by arrivals: 30 PENDING",
    ]);
  });

  it("has them run again once in ten settling times if more never ceases to come", async () => {
    const world = await worldOf(8, arrivals, facts("restate"));
    const fiveAfter = async (minutes: number): Promise<number | undefined> => {
      for (let minute = 0; minute < minutes; minute += 5) {
        await moreOf(world, 5);
        await world.advance(5 * MINUTE);
      }
      return (await generations(world, "facts"))[5];
    };
    expect(await fiveAfter(95)).toBe(0);
    expect(await fiveAfter(10)).toBe(1);
    expect(await fiveAfter(90)).toBe(1);
    expect(await fiveAfter(15)).toBe(2);
  });

  it("waits for a run that is reading it with that stretch alone", async () => {
    const world = await worldOf(3, arrivals, facts("restate"));
    world.operator.answer = ({ groupId }) => (groupId === "facts" ? "runs" : SUCCEEDED);
    await world.fireAt("facts", T0 + 4 * HOUR);
    await world.advance(MINUTE);
    await moreOf(world, 0, 3);
    await world.advance(20 * MINUTE);
    expect(await lateOf(world, "facts")).toEqual([
      "facts 0-1 by arrivals: 10 RESTATED",
      "facts 3-4 by arrivals: 10 PENDING",
    ]);
  });

  it("is reported if there is no such group", async () => {
    const world = await worldOf(3, arrivals);
    await answerNext(world, "arrivals", 4, touching(touched(1)));
    expect(world.eventsOf("trouble")).toMatchObject([
      { where: "dispatcher", groupId: "arrivals", error: { code: "SCHEDULE_NOT_FOUND" } },
    ]);
    expect((await world.runs("arrivals")).at(-1)).toMatchObject({ state: "SUCCEEDED" });
  });

  /** Deletes the ledger of the facts, registers them again with intervals of so many hours, and has them read what is owed. */
  async function anew(world: World, every: number): Promise<void> {
    await world.client.unregister("facts", { purge: true });
    await world.client.register({ ...facts("restate"), trigger: { type: "period", every, unit: "hour" } });
    await world.fireAt("facts", T0 + 8 * HOUR);
    await world.advance(MINUTE);
  }

  it("reports the intervals of the ledger that was registered meanwhile, not those of the one that was purged", async () => {
    const world = await worldOf(8, arrivals, facts("restate"));
    const { reportLate } = world.store;
    world.store.reportLate = async (reports) => {
      world.store.reportLate = reportLate;
      await anew(world, 2);
      return world.store.reportLate(reports);
    };
    await answerNext(world, "arrivals", 9, touching(touched(2, 6)));
    await world.advance(DAY);
    expect(await lateOf(world, "facts")).toEqual([
      "facts 2-4 by arrivals: 10 RESTATED",
      "facts 6-8 by arrivals: 10 RESTATED",
    ]);
    expect(await generations(world, "facts")).toEqual([0, 1, 0, 1]);
  });

  it("has rows read again that came for a ledger that was registered while those of the one before were settled", async () => {
    const world = await worldOf(8, arrivals, facts("restate"));
    const { settleLate } = world.store;
    world.store.settleLate = async (settlements) => {
      world.store.settleLate = settleLate;
      await world.settle();
      await anew(world, 1);
      await moreOf(world, 2);
      return world.store.settleLate(settlements);
    };
    await answerNext(world, "arrivals", 9, touching(touched(2)));
    for (let n = 0; n < 5; n += 1) await world.advance(11 * MINUTE);
    expect(await lateOf(world, "facts")).toEqual(["facts 2-3 by arrivals: 10 RESTATED"]);
    expect(await generations(world, "facts")).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 0]);
  });
});
