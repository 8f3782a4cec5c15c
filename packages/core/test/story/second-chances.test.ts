import { afterEach, describe, expect, it } from "@jest/globals";
import type { NewRun } from "../../src/run/run.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { DAY, HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

let world: World;
afterEach(() => world.stop());

const hour = (n: number): number => T0 + n * HOUR;

async function begin(info: Partial<ScheduleInfo> = {}): Promise<World> {
  world = await World.start();
  await world.client.register(hourly("g", info));
  return world;
}

/** The runs of the group as `[from, to, state or reason]`, in hours since T0; superseded ones left out. */
async function ledger(): Promise<[number, number, string][]> {
  const runs = await world.runs("g", { includeSuperseded: false });
  return runs.map(({ lower, upper, state, reason }) => [
    (lower - T0) / HOUR,
    (upper - T0) / HOUR,
    reason ?? state,
  ]);
}

/** The intervals that were submitted, in hours since T0, and the table that their jobs name. */
const submitted = () =>
  world.operator.submissions.map(({ lowerBound, upperBound, job }) => [
    (Number(lowerBound) - T0) / HOUR,
    (Number(upperBound) - T0) / HOUR,
    ...(job.table === undefined ? [] : [job.table]),
  ]);

const audit = () => world.client.audit("g");

describe("a run that others have replaced", () => {
  it("is not retried when parts of it were backfilled", async () => {
    const { client, operator } = await begin({ catchup: "coalesce" });
    operator.answer = () => "runs";
    await world.fireAt("g", hour(3));
    const [merged] = await world.runs("g");
    await client.cancelRun(merged!.id);
    await world.settle();
    operator.answer = () => SUCCEEDED;
    await client.backfill({ groupId: "g", from: hour(0), to: hour(3), concurrency: 3 });
    await world.advance(MINUTE);
    await expect(client.retryRun(merged!.id)).rejects.toMatchObject({
      code: "RUN_STATE_ILLEGAL",
      message: expect.stringMatching(/SUCCEEDED.*2026-01-01T00:00:00.*Backfill what is missing/),
    });
    expect(await audit()).toMatchObject({ isSound: true, succeeded: { runs: 3 } });
    expect(submitted()).toHaveLength(4);
  });

  it("is not retried when a finer schedule has done its time", async () => {
    const daily = { trigger: { type: "period", every: 1, unit: "day" } } as const;
    const { client, operator } = await begin(daily);
    operator.answer = () => "runs";
    await world.fireAt("g", T0 + DAY);
    const [day] = await world.runs("g");
    await client.cancelRun(day!.id);
    await world.settle();
    operator.answer = () => SUCCEEDED;
    const sixHourly = { trigger: { type: "period", every: 6, unit: "hour" } } as const;
    await client.update(hourly("g", sixHourly), { version: 1 });
    await client.backfill({ groupId: "g", from: T0, to: T0 + DAY });
    await world.advance(MINUTE);
    await expect(client.retryRun(day!.id)).rejects.toMatchObject({ code: "RUN_STATE_ILLEGAL" });
    expect(await audit()).toMatchObject({ isSound: true, succeeded: { runs: 4 } });
  });

  it("can be retried once the others were given up", async () => {
    const { client, operator } = await begin({ catchup: "coalesce", maxAttempts: 1, onFailure: "continue" });
    operator.answer = () => "runs";
    await world.fireAt("g", hour(2));
    const [merged] = await world.runs("g");
    await client.cancelRun(merged!.id);
    await world.settle();
    operator.answer = () => failed("no");
    await client.backfill({ groupId: "g", from: hour(0), to: hour(1) });
    await world.advance(MINUTE);
    const part = (await world.runs("g", { states: ["FAILED"] }))[0]!;
    await expect(client.retryRun(merged!.id)).rejects.toMatchObject({
      message: expect.stringContaining(part.id),
    });
    await client.cancelRun(part.id);
    operator.answer = () => SUCCEEDED;
    await client.retryRun(merged!.id);
    await world.settle();
    expect(await audit()).toMatchObject({ isSound: true, succeeded: { runs: 1, ms: 2 * HOUR } });
  });
});

describe("a failed run of a group that is unregistered", () => {
  it("is not retried until the group is registered again", async () => {
    const { client, operator } = await begin({ maxAttempts: 1 });
    operator.answer = () => failed("no");
    await world.fireAt("g", hour(1));
    await client.unregister("g");
    const [run] = await world.runs("g");
    const refused = {
      code: "SCHEDULE_STATUS_ILLEGAL",
      message: expect.stringContaining("register the group again"),
    };
    await expect(client.retryRun(run!.id)).rejects.toMatchObject(refused);
    await expect(client.retryRuns("g")).rejects.toMatchObject(refused);
    operator.answer = () => SUCCEEDED;
    await client.register(hourly("g"));
    await client.retryRun(run!.id);
    await world.settle();
    expect(await audit()).toMatchObject({ isComplete: true });
  });
});

describe("a job that is mended after it has failed", () => {
  /** Three hours are owed, and the first has failed by a table that does not exist. */
  async function mistyped(): Promise<World> {
    await begin({ job: { table: "ordesr" }, maxAttempts: 1 });
    world.operator.answer = ({ job }) => (job.table === "orders" ? SUCCEEDED : failed("no such table"));
    await world.fireAt("g", hour(3));
    return world;
  }

  const mended = hourly("g", { job: { table: "orders" }, maxAttempts: 1 });

  it("is run by the newest version if the retry says so, and what waits if the update does", async () => {
    const { client } = await mistyped();
    await client.update(mended, { version: 1, plannedRuns: "adopt" });
    const [first] = await world.runs("g");
    await client.retryRun(first!.id, { version: "latest" });
    await world.settle();
    expect(submitted()).toEqual([
      [0, 1, "ordesr"],
      [0, 1, "orders"],
      [1, 2, "orders"],
      [2, 3, "orders"],
    ]);
    expect((await world.runs("g"))[0]).toMatchObject({ scheduleVersion: 2, history: [{ attempt: 1 }] });
    expect(await audit()).toMatchObject({ isComplete: true });
  });

  it("is run by the version that it was planned with otherwise", async () => {
    const { client } = await mistyped();
    await client.update(mended, { version: 1 });
    const [first] = await world.runs("g");
    await client.retryRun(first!.id);
    await world.settle();
    expect(submitted()).toEqual([
      [0, 1, "ordesr"],
      [0, 1, "ordesr"],
    ]);
  });

  it("is adopted by what waits also when the update was made before", async () => {
    const { client } = await mistyped();
    await client.update(mended, { version: 1 });
    const { schedule } = await client.update(mended, { version: 2, plannedRuns: "adopt" });
    expect(schedule.version).toBe(2);
    const versions = (await world.runs("g")).map(({ scheduleVersion }) => scheduleVersion);
    expect(versions).toEqual([1, 2, 2]);
  });

  it("is retried for all that have failed at once", async () => {
    const { client, operator } = await begin({
      job: { table: "ordesr" },
      maxAttempts: 1,
      onFailure: "continue",
    });
    operator.answer = ({ job }) => (job.table === "orders" ? SUCCEEDED : failed("no such table"));
    await world.fireAt("g", hour(3));
    await client.update({ ...mended, onFailure: "continue" }, { version: 1 });
    const failures = (await world.runs("g")).map(({ id }) => id);
    expect(await client.retryRuns("g", { version: "latest" })).toEqual(failures);
    await world.settle();
    expect(await audit()).toMatchObject({ isComplete: true, succeeded: { runs: 3 } });
    expect(await client.retryRuns("g")).toEqual([]);
    await expect(client.retryRuns("nobody")).rejects.toMatchObject({ code: "SCHEDULE_NOT_FOUND" });
  });
});

describe("a group that is registered again", () => {
  /** One run is active, one waits for its next attempt, three wait. */
  async function withBacklog(): Promise<World> {
    const { operator, client } = await begin({ overlap: "allow", maxActiveRuns: 2 });
    operator.answer = ({ upperBound }) => (Number(upperBound) === hour(1) ? failed("busy") : "runs");
    await world.fireAt("g", hour(5));
    expect((await world.runs("g")).map(({ state, attempt }) => `${state} ${attempt}`)).toEqual([
      "PLANNED 1",
      "RUNNING 1",
      "PLANNED 0",
      "PLANNED 0",
      "PLANNED 0",
    ]);
    await client.unregister("g");
    return world;
  }

  it("runs what waited, what was between two attempts, and what fell due since, by its new version", async () => {
    const { client, operator, clock } = await withBacklog();
    expect(await ledger()).toEqual([
      [0, 1, "unregistered"],
      [1, 2, "RUNNING"],
      [2, 3, "unregistered"],
      [3, 4, "unregistered"],
      [4, 5, "unregistered"],
    ]);
    operator.answer = () => SUCCEEDED;
    await clock.advance(HOUR);
    const { notes } = await client.register({
      groupId: "g",
      trigger: { type: "period", every: 1, unit: "hour" },
      job: { table: "new" },
    });
    expect(notes[0]).toBe(
      "4 runs that waited when the group was unregistered will run now, by this version.",
    );
    operator.endAll();
    await world.fireAt("g", hour(7));
    expect(await audit()).toMatchObject({ isComplete: true, succeeded: { runs: 7 }, owed: null });
    expect(submitted().filter(([, , table]) => table === "new")).toHaveLength(6);
    expect(operator.doubles).toEqual([]);
    expect((await client.describe("g")).notes).toEqual([]);
  });

  it("gives up only what lies before a later start, and says so for as long as it does", async () => {
    const { client, operator } = await withBacklog();
    operator.answer = () => SUCCEEDED;
    operator.endAll();
    const { notes } = await client.register(hourly("g", { startTime: hour(3) }));
    const left =
      "2 runs that waited when the group was unregistered stay cancelled; backfill or retry what is still wanted.";
    expect(notes).toEqual([
      "2 runs that waited when the group was unregistered will run now, by this version.",
      left,
    ]);
    await world.settle();
    expect(await ledger()).toEqual([
      [0, 1, "unregistered"],
      [1, 2, "SUCCEEDED"],
      [2, 3, "unregistered"],
      [3, 4, "SUCCEEDED"],
      [4, 5, "SUCCEEDED"],
    ]);
    expect((await client.describe("g")).notes).toEqual([left]);
    await client.backfill({ groupId: "g", from: hour(0), to: hour(5), concurrency: 9 });
    await world.advance(MINUTE);
    expect(await audit()).toMatchObject({ isComplete: true });
    expect((await client.describe("g")).notes).toEqual([]);
  });

  it("leaves what was run since to the run that stands for it", async () => {
    const { client, operator } = await withBacklog();
    operator.answer = () => SUCCEEDED;
    operator.endAll();
    await world.settle();
    // By hand, by somebody who has read the schedule before it was unregistered.
    const [waited] = await world.runs("g", { within: { lower: hour(2), upper: hour(3) } });
    const { offsets: _, snapshot: __, ...run } = waited!;
    const again: NewRun = { ...run, id: "f".repeat(32), kind: "MANUAL", generation: 1, state: "PLANNED" };
    expect(await world.store.insertRuns([again], { isExclusive: true })).toEqual([true]);
    await client.setPool({ name: "wakes-the-dispatcher", slots: 1 });
    await world.settle();
    expect(await world.runs("g", { kinds: ["MANUAL"] })).toMatchObject([{ state: "SUCCEEDED" }]);
    await client.register(hourly("g"));
    await world.fireAt("g", hour(6));
    expect(operator.doubles).toEqual([]);
    expect(await audit()).toMatchObject({ isComplete: true, succeeded: { runs: 6 } });
  });

  it("goes on where a backlog was longer than what is planned at once", async () => {
    const { client, operator } = await begin({ startTime: T0 - 1_100 * HOUR });
    operator.answer = () => "runs";
    await world.fireAt("g", T0);
    await client.unregister("g");
    operator.answer = () => SUCCEEDED;
    operator.endAll();
    await client.register({ groupId: "g", trigger: { type: "period", every: 1, unit: "hour" } });
    await world.engine.fire("g", T0);
    for (let round = 0; round < 300; round += 1) await world.clock.settle();
    expect(await audit()).toMatchObject({ isComplete: true, succeeded: { runs: 1_100 }, owed: null });
  });
});

describe("resuming", () => {
  it("twice, or what was never paused, does nothing", async () => {
    const { client } = await begin();
    const before = await client.get("g");
    expect(await client.resume("g")).toEqual(before);
    await client.pause("g");
    await client.resume("g");
    expect(await client.resume("g")).toMatchObject({ status: "REGISTERED", version: 1 });
    await client.unregister("g");
    await expect(client.resume("g")).rejects.toMatchObject({ code: "SCHEDULE_STATUS_ILLEGAL" });
  });

  it("unblocks the lane behind however many failures", async () => {
    const { client, operator } = await begin({
      maxAttempts: 1,
      onFailure: "continue",
      startTime: hour(-1_100),
    });
    operator.answer = () => failed("no");
    await world.engine.fire("g", T0);
    for (let round = 0; round < 400; round += 1) await world.clock.settle();
    expect((await client.describe("g")).counts.byState.FAILED).toBe(1_100);
    await client.update(hourly("g", { maxAttempts: 1, onFailure: "pause", startTime: hour(-1_100) }), {
      version: 1,
    });
    await world.fireAt("g", hour(1));
    expect(await client.get("g")).toMatchObject({ status: "PAUSED", blockingRuns: 1 });
    operator.answer = () => SUCCEEDED;
    await client.resume("g");
    await world.fireAt("g", hour(2));
    expect(await client.get("g")).toMatchObject({ blockingRuns: 0, waitingRuns: 0 });
    const [last] = await world.runs("g", { order: "descending" });
    expect(last).toMatchObject({ lower: hour(1), upper: hour(2), state: "SUCCEEDED" });
  });
});

describe("a backfill of a paused schedule", () => {
  const backfilled = async (): Promise<void> => {
    await begin({ startTime: T0, backoff: { initialMs: 10 * MINUTE, maxMs: 10 * MINUTE }, maxAttempts: 2 });
    world.operator.answer = () => failed("away");
    await world.client.backfill({ groupId: "g", from: hour(-1), to: hour(0) });
    await world.settle();
    expect(world.operator.submissions).toHaveLength(1);
  };

  it("makes no further attempt until the schedule is resumed", async () => {
    await backfilled();
    await world.client.pause("g", "maintenance");
    world.operator.answer = () => SUCCEEDED;
    await world.advance(HOUR / 2);
    expect(world.operator.submissions).toHaveLength(1);
    const [run] = await world.runs("g");
    expect(await world.client.explain(run!.id)).toMatchObject({
      isWaiting: true,
      reasons: ["The schedule is paused: maintenance."],
    });
    await world.client.resume("g");
    await world.settle();
    expect(await ledger()).toEqual([[-1, 0, "SUCCEEDED"]]);
  });

  it("has a failed run of it retried when the schedule is resumed", async () => {
    await backfilled();
    await world.advance(HOUR / 2);
    expect(await ledger()).toEqual([[-1, 0, "FAILED"]]);
    await world.client.pause("g");
    world.operator.answer = () => SUCCEEDED;
    await world.client.retryRun((await world.runs("g"))[0]!.id);
    await world.advance(HOUR / 4);
    expect(world.operator.submissions).toHaveLength(2);
    await world.client.resume("g");
    await world.settle();
    expect(await ledger()).toEqual([[-1, 0, "SUCCEEDED"]]);
  });
});
