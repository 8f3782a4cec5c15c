import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { OperatorError } from "../../src/errors/errors.js";
import type { JsonObject } from "../../src/job/json.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { Fleet } from "../support/fleet.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { byPositions, hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { ScriptedSource } from "../support/scripted-source.js";
import { World } from "../support/world.js";

let world: World;
let source: ScriptedSource;

beforeEach(async () => {
  source = new ScriptedSource("log", { "0": 10 });
  world = await World.start({ offsetProviders: [source] });
});
afterEach(() => world.stop());

const reading = (more: Partial<ScheduleInfo> = {}): ScheduleInfo => byPositions("g", more);

/** Has the source grow by ten records and fires, so often. */
async function read(hours: number, from = 1): Promise<void> {
  for (let n = from; n < from + hours; n += 1) {
    await world.fireAt("g", T0 + n * HOUR);
    source.write("0", 10);
  }
}

const ranges = async (): Promise<[string, string, string][]> =>
  (await world.runs("g", { includeSuperseded: false })).map(({ offsets, reason, state }) => [
    offsets?.lower["0"] ?? "",
    offsets?.upper["0"] ?? "",
    reason ?? state,
  ]);

const submitted = (): string[] =>
  world.operator.submissions.map(({ lowerBound, upperBound }) => `${lowerBound} ${upperBound}`);

describe("reading again", () => {
  it("reads the positions that the runs have recorded, not those of now", async () => {
    await world.client.register(reading());
    await read(3);
    await world.client.backfill({ groupId: "g", from: T0, to: T0 + 2 * HOUR, select: "all", concurrency: 9 });
    await world.settle();
    expect(submitted().slice(3)).toEqual(['{"0":"0"} {"0":"10"}', '{"0":"10"} {"0":"20"}']);
    const runs = await world.runs("g");
    expect(runs.map(({ generation, isSuperseded }) => [generation, isSuperseded])).toEqual([
      [0, true],
      [1, false],
      [0, true],
      [1, false],
      [0, false],
    ]);
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });

  it("goes for a range that a person triggers, and for a run that is retried", async () => {
    world.operator.answer = () => failed("down", false);
    await world.client.register(reading());
    await read(1);
    world.operator.answer = () => SUCCEEDED;
    const [run] = await world.runs("g");
    await world.client.retryRun(run!.id);
    await world.settle();
    await world.client.trigger("g", { lower: T0, upper: T0 + HOUR });
    await world.settle();
    expect(new Set(submitted())).toEqual(new Set(['{"0":"0"} {"0":"10"}']));
    expect(submitted()).toHaveLength(3);
  });

  it("fills what was cancelled with the positions of the cancelled run", async () => {
    world.operator.answer = () => "runs";
    await world.client.register(reading());
    await read(2);
    const [first] = await world.runs("g");
    await world.client.cancelRun(first!.id);
    await world.settle();
    world.operator.answer = () => SUCCEEDED;
    world.operator.endAll();
    await world.settle();
    const before = await world.client.audit("g");
    expect(before.offsets[0]!.partitions[0]).toMatchObject({
      unread: [{ lower: "0", upper: "10" }],
      gaps: [],
      overlaps: [],
    });
    expect(before.isComplete).toBe(false);
    const plan = await world.client.backfill({ groupId: "g", from: T0, to: T0 + 2 * HOUR });
    expect(plan.runs).toBe(1);
    await world.settle();
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });

  it.each([
    ["missing", ["10"]],
    ["failed", ["20"]],
    ["incomplete", ["10", "20"]],
    ["all", ["0", "10", "20"]],
  ] as const)("goes for what a backfill selects: %s", async (select, lowers) => {
    await world.client.register(reading({ maxAttempts: 1, onFailure: "continue" }));
    await read(1);
    world.operator.answer = () => "runs";
    await read(1, 2);
    await world.client.cancelRun((await world.runs("g"))[1]!.id);
    await world.settle();
    world.operator.answer = () => failed("down");
    await read(1, 3);
    world.operator.answer = () => SUCCEEDED;
    await world.client.backfill({ id: "again", groupId: "g", from: T0, to: T0 + 3 * HOUR, select });
    await world.settle();
    const made = await world.runs("g", { backfillId: "again" });
    expect(made.map(({ offsets }) => offsets?.lower["0"])).toEqual(lowers);
  });

  it("has nothing to do where there was nothing to read", async () => {
    await world.client.register(reading({ startAt: "latest" }));
    await world.fireAt("g", T0 + HOUR);
    const range = { lower: T0, upper: T0 + HOUR };
    const asked = { groupId: "g", from: T0, to: T0 + HOUR, select: "all" } as const;
    expect(await world.client.backfill(asked)).toMatchObject({ runs: 0 });
    await expect(world.client.trigger("g", range)).rejects.toMatchObject({ code: "INTERVAL_INVALID" });
  });
});

describe("an overlap policy", () => {
  it("that cancels the active run reads its positions again, with what came since", async () => {
    world.operator.answer = () => "runs";
    await world.client.register(reading({ overlap: "cancel-running" }));
    await read(1);
    await world.fireAt("g", T0 + 2 * HOUR);
    await world.advance(MINUTE);
    expect(await ranges()).toEqual([["0", "20", "overlap-coalesced"]]);
    world.operator.endAll();
    await world.settle();
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });

  it("that gives time up gives no positions up: the next run reads them", async () => {
    world.operator.answer = () => "runs";
    await world.client.register(reading({ overlap: "drop" }));
    await read(2);
    world.operator.endAll();
    await world.settle();
    await read(1, 3);
    world.operator.endAll();
    await world.settle();
    expect(await ranges()).toEqual([
      ["0", "10", "SUCCEEDED"],
      ["", "", "overlap-dropped"],
      ["10", "30", "SUCCEEDED"],
    ]);
    expect((await world.client.audit("g")).offsets[0]!.partitions).toEqual([
      { partition: "0", lower: "0", upper: "30", gaps: [], overlaps: [], lost: [], unread: [] },
    ]);
  });
});

describe("a rebase", () => {
  it("reads a replaced source from where a person says, and keeps both readings apart", async () => {
    world.operator.answer = ({ lowerBound }) => (lowerBound === '{"0":"0"}' ? SUCCEEDED : "runs");
    await world.client.register(reading());
    await read(3);
    source.replace("second", { "0": 4 });
    await world.fireAt("g", T0 + 4 * HOUR);
    expect(await world.client.get("g")).toMatchObject({ status: "FAILED", version: 1 });
    const rebased = await world.client.rebase("g", {
      startAt: "earliest",
      note: "The topic was made again.",
    });
    expect(rebased).toMatchObject({ status: "REGISTERED", statusReason: null, version: 2 });
    expect(rebased.offsets).toMatchObject({
      incarnation: "second",
      epoch: 2,
      position: { "0": "0" },
      rebase: { note: "The topic was made again.", incarnation: "first", position: { "0": "30" } },
    });
    await world.advance(MINUTE);
    world.operator.answer = () => SUCCEEDED;
    await world.fireAt("g", T0 + 5 * HOUR);
    expect(await ranges()).toEqual([
      ["0", "10", "SUCCEEDED"],
      ["10", "20", "source-rebased"],
      ["20", "30", "source-rebased"],
      ["0", "4", "SUCCEEDED"],
      ["4", "4", "source-empty"],
    ]);
    const { offsets, isSound } = await world.client.audit("g");
    expect(offsets).toEqual([
      {
        incarnation: "first",
        epoch: 1,
        partitions: [
          {
            partition: "0",
            lower: "0",
            upper: "30",
            gaps: [],
            overlaps: [],
            lost: [],
            unread: [
              { lower: "10", upper: "20" },
              { lower: "20", upper: "30" },
            ],
          },
        ],
      },
      {
        incarnation: "second",
        epoch: 2,
        partitions: [
          { partition: "0", lower: "0", upper: "4", gaps: [], overlaps: [], lost: [], unread: [] },
        ],
      },
    ]);
    expect(isSound).toBe(true);
  });

  it("may read another source from then on", async () => {
    await world.client.register(reading());
    await read(1);
    source.replace("returns", { "0": 4 });
    const returns = { type: "log", topic: "returns" };
    const rebased = await world.client.rebase("g", { startAt: "earliest", source: returns });
    expect(rebased).toMatchObject({ version: 2, spec: { source: returns }, offsets: { epoch: 2 } });
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(await ranges()).toEqual([
      ["0", "10", "SUCCEEDED"],
      ["0", "4", "SUCCEEDED"],
    ]);
  });

  it("changes a job that names its source together with it, or not at all", async () => {
    world.operator.validateSource = ({ topic }, { topic: planned }) => {
      if (topic !== planned)
        throw new OperatorError("JOB_INVALID", "job.topic: differs.", { field: "job.topic" });
    };
    await world.client.register(reading({ job: { topic: "orders" } }));
    await read(1);
    source.replace("returns", { "0": 4 });
    const returns = { startAt: "earliest", source: { type: "log", topic: "returns" } } as const;
    await expect(world.client.rebase("g", returns)).rejects.toMatchObject({
      code: "JOB_INVALID",
      field: "job.topic",
    });
    expect((await world.client.get("g")).version).toBe(1);
    await world.client.rebase("g", { ...returns, job: { topic: "returns" } });
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(world.operator.submissions.map(({ job }) => job)).toEqual([
      { topic: "orders" },
      { topic: "returns" },
    ]);
  });

  it("ends a run that is planned beside it", async () => {
    await world.client.register(reading());
    await read(1);
    const insertRuns = world.store.insertRuns.bind(world.store);
    world.store.insertRuns = async (...given) => {
      world.store.insertRuns = insertRuns;
      await world.client.rebase("g", { startAt: "latest" });
      return insertRuns(...given);
    };
    await world.client.trigger("g", { lower: T0, upper: T0 + HOUR });
    await world.settle();
    expect(submitted()).toHaveLength(1);
    expect((await world.runs("g")).map(({ reason, state }) => [state, reason])).toEqual([
      ["SUCCEEDED", null],
      ["CANCELLED", "source-rebased"],
    ]);
  });

  it("ends what is active also if the manager dies before it has asked for that", async () => {
    world.operator.answer = () => "runs";
    await world.client.register(reading());
    await read(1);
    const { changeSchedules, listRuns } = world.store;
    world.store.changeSchedules = async (changes) => {
      world.store.listRuns = () => Promise.reject(new Error("killed"));
      return changeSchedules.call(world.store, changes);
    };
    await expect(world.client.rebase("g", { startAt: "latest" })).rejects.toThrow("killed");
    Object.assign(world.store, { changeSchedules, listRuns });
    await world.stop();
    await world.start();
    await world.advance(MINUTE);
    expect((await world.runs("g")).map(({ reason, state }) => [state, reason])).toEqual([
      ["CANCELLED", "source-rebased"],
    ]);
  });

  it("frees the lane of a failed run, which nobody can retry any more", async () => {
    world.operator.answer = () => ({ throws: new Error("lost"), hasStarted: true });
    await world.client.register(reading({ maxAttempts: 1 }));
    await read(1);
    expect(world.operator.running).toHaveLength(1);
    world.operator.answer = () => SUCCEEDED;
    source.replace("second", { "0": 5 });
    await world.client.rebase("g", { startAt: "earliest" });
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(world.operator.running).toEqual([]);
    expect(await ranges()).toEqual([
      ["0", "10", "source-rebased"],
      ["0", "5", "SUCCEEDED"],
    ]);
    expect((await world.client.audit("g")).isSound).toBe(true);
  });

  it.each([
    ["whose rows are to be verified", { verify: { rows: "equal" } }],
    ["that had too many bad rows", { dirtyData: { maxRows: 0 } }],
  ] as const)("frees the lane of a failed run with a job %s", async (_, more) => {
    world.operator.verify = async () => ({ sourceRows: 1, targetRows: 1 });
    world.operator.answer = () => ({ throws: new Error("lost"), hasStarted: true });
    await world.client.register(reading({ maxAttempts: 1, ...more }));
    await read(1);
    world.operator.endAll({ state: "SUCCEEDED", metrics: { rowsDirty: 1 } });
    world.operator.answer = () => SUCCEEDED;
    await world.client.rebase("g", { startAt: "earliest" });
    await read(1, 2);
    expect(await ranges()).toEqual([
      ["0", "10", "source-rebased"],
      ["0", "20", "SUCCEEDED"],
    ]);
  });

  it("stops the job of a failed run that does not hold up the lane, before another reads its positions", async () => {
    world.operator.answer = () => ({ throws: new Error("lost"), hasStarted: true });
    await world.client.register(reading({ maxAttempts: 1, onFailure: "continue" }));
    await read(1);
    world.operator.answer = () => SUCCEEDED;
    await read(1, 2);
    expect(world.operator.running).toHaveLength(1);
    world.operator.cancelFailure = new Error("away");
    await world.client.rebase("g", { startAt: "earliest" });
    await read(1, 3);
    expect(submitted()).toHaveLength(2);
    world.operator.cancelFailure = undefined;
    await world.advance(MINUTE);
    expect(submitted()).toHaveLength(3);
    expect(world.operator.running).toEqual([]);
    expect(await ranges()).toEqual([
      ["0", "10", "FAILED"],
      ["10", "20", "SUCCEEDED"],
      ["0", "30", "SUCCEEDED"],
    ]);
  });

  it("frees the lane although its manager dies before it has cancelled the failed run", async () => {
    world.operator.answer = () => failed("down", false);
    await world.client.register(reading());
    await read(1);
    const { changeSchedules, listRuns } = world.store;
    world.store.changeSchedules = (changes) => {
      world.store.listRuns = () => Promise.reject(new Error("died"));
      return changeSchedules.call(world.store, changes);
    };
    await expect(world.client.rebase("g", { startAt: "latest" })).rejects.toThrow("died");
    Object.assign(world.store, { changeSchedules, listRuns });
    expect(await ranges()).toEqual([["0", "10", "FAILED"]]);
    await world.restart();
    expect(await ranges()).toEqual([["0", "10", "source-rebased"]]);
    world.operator.answer = () => SUCCEEDED;
    await read(1, 2);
    expect(await ranges()).toEqual([
      ["0", "10", "source-rebased"],
      ["20", "20", "source-empty"],
    ]);
  });

  it("frees the lane of a run that fails at another manager before that looks", async () => {
    const fleet = new Fleet();
    fleet.operator.answer = () => "runs";
    const dispatcher = { pollMs: 60_000, leaseMs: 240_000 };
    const [holder, other] = [0, 0].map(() => fleet.add(0, { offsetProviders: [source], dispatcher }));
    await fleet.start();
    const trigger = { type: "period", every: 10, unit: "second" } as const;
    await holder!.tidegate.client.register(reading({ maxAttempts: 1, trigger }));
    await fleet.pass(10_000);
    await holder!.engine.fire("g", T0 + 10_000);
    await fleet.pass(200);
    expect(fleet.operator.running).toHaveLength(1);
    await other!.tidegate.client.rebase("g", { startAt: "latest" });
    fleet.operator.endAll(failed("down", false));
    await fleet.pass(1_000);
    expect((await fleet.store.listRuns({}, {})).items).toMatchObject([
      { state: "CANCELLED", reason: "source-rebased", isBlocking: false },
    ]);
    for (const { tidegate } of fleet.managers) await tidegate.stop();
  });

  it("frees the lane as soon as the job of the failed run can be stopped", async () => {
    world.operator.answer = () => ({ throws: new Error("lost"), hasStarted: true });
    await world.client.register(reading({ maxAttempts: 1 }));
    await read(1);
    world.operator.cancelFailure = new Error("away");
    await world.client.rebase("g", { startAt: "latest" });
    world.operator.cancelFailure = undefined;
    await world.restart();
    expect(world.operator.running).toEqual([]);
    expect(await ranges()).toEqual([["0", "10", "source-rebased"]]);
  });

  it("has begun although the job of a failed run cannot be stopped", async () => {
    world.operator.answer = () => ({ throws: new Error("lost"), hasStarted: true });
    await world.client.register(reading({ maxAttempts: 1 }));
    await read(1);
    world.operator.cancelFailure = new Error("away");
    expect((await world.client.rebase("g", { startAt: "latest" })).offsets?.epoch).toBe(2);
    expect(world.eventsOf("trouble")).toContainEqual(
      expect.objectContaining({ error: expect.objectContaining({ code: "RUN_STATE_ILLEGAL" }) }),
    );
    expect(await ranges()).toEqual([["0", "10", "FAILED"]]);
  });

  it("ends the reading before: its runs are not read again", async () => {
    world.operator.answer = () => failed("down", false);
    await world.client.register(reading());
    await read(1);
    const [run] = await world.runs("g");
    await world.client.rebase("g", { startAt: "latest" });
    await expect(world.client.retryRun(run!.id)).rejects.toMatchObject({ code: "SOURCE_REPLACED" });
    expect(await world.client.retryRuns("g")).toEqual([]);
    const asked = { groupId: "g", from: T0, to: T0 + HOUR, select: "all" } as const;
    expect(await world.client.backfill(asked)).toMatchObject({ runs: 0 });
  });

  it("is not overtaken by a look that began before it", async () => {
    await world.client.register(reading());
    await read(1);
    let answer: () => void = () => {};
    source.until = new Promise((resolve) => {
      answer = resolve;
    });
    await world.clock.advanceTo(T0 + 2 * HOUR);
    const fired = world.engine.fire("g", T0 + 2 * HOUR);
    await world.settle();
    const rebased = world.client.rebase("g", { startAt: { offsets: { "0": "3" } } });
    answer();
    await Promise.all([fired, rebased]);
    await world.settle();
    await world.fireAt("g", T0 + 3 * HOUR);
    const { offsets } = await world.client.audit("g");
    expect(
      offsets.map(({ epoch, partitions }) => [epoch, partitions[0]!.lower, partitions[0]!.upper]),
    ).toContainEqual([2, "3", "20"]);
    expect(
      offsets.flatMap(({ partitions }) => partitions.flatMap(({ gaps, overlaps }) => [...gaps, ...overlaps])),
    ).toEqual([]);
  });

  it.each([
    [{ startAt: "newest" as "latest" }, "startAt"],
    [{ startAt: { offsets: { "0": "x" } } }, "startAt.offsets.0"],
    [{ startAt: { offsets: { "9": "1" } } }, "startAt.offsets.9"],
    [{ startAt: { time: T0 + HOUR } }, "startAt.time"],
    [{ startAt: "latest" as const, source: { type: "log" } }, "source.topic"],
    [{ startAt: "latest" as const, source: { type: "queue" } }, "source.type"],
    [{ startAt: "latest" as const, job: { isMalformed: true } }, "job.isMalformed"],
    [{ startAt: "latest" as const, job: { topic: () => "orders" } as unknown as JsonObject }, "job.topic"],
  ])("is refused for %j", async (request, field) => {
    await world.client.register(reading());
    await expect(world.client.rebase("g", request)).rejects.toMatchObject({ field });
    expect((await world.client.get("g")).version).toBe(1);
  });

  it("is refused for a group that is read by time", async () => {
    await world.client.register(hourly("g"));
    await expect(world.client.rebase("g", { startAt: "latest" })).rejects.toMatchObject({
      code: "SCHEDULE_INVALID",
      field: "groupId",
    });
  });
});

describe("what was read", () => {
  it("is released up to where everything before has succeeded", async () => {
    world.operator.answer = () => "runs";
    await world.client.register(reading({ overlap: "allow" }));
    await read(3);
    expect(source.released.at(-1) ?? { "0": "0" }).toEqual({ "0": "0" });
    const keys = world.operator.submissions.map(({ idempotencyKey }) => idempotencyKey);
    world.operator.end(keys[1]!, SUCCEEDED);
    await world.settle();
    expect(source.released.at(-1)).toEqual({ "0": "0" });
    world.operator.end(keys[0]!, SUCCEEDED);
    await world.settle();
    expect(source.released.at(-1)).toEqual({ "0": "20" });
    world.operator.end(keys[2]!, failed("down", false));
    await world.settle();
    expect(source.released.at(-1)).toEqual({ "0": "20" });
  });

  it("is released later, and never earlier, if the manager dies in between", async () => {
    source.releaseFailure = new Error("away");
    await world.client.register(reading());
    await read(2);
    expect(source.released).toEqual([]);
    expect(world.eventsOf("trouble")).toContainEqual(
      expect.objectContaining({ where: "source", groupId: "g" }),
    );
    await world.stop();
    source.releaseFailure = undefined;
    await world.start();
    expect(source.released).toEqual([{ "0": "20" }]);
  });

  it("is tried again if the source cannot be asked", async () => {
    source.releaseFailure = new Error("away");
    await world.client.register(reading());
    await read(1);
    source.releaseFailure = undefined;
    await world.advance(MINUTE);
    expect(source.released).toEqual([{ "0": "10" }]);
  });

  it("is kept readable from the time that it is planned on", async () => {
    await world.client.register(reading({ startAt: "latest" }));
    expect(source.held).toEqual([{ "0": "10" }]);
    await read(2);
    expect(source.held).toEqual([{ "0": "10" }, { "0": "10" }, { "0": "10" }]);
  });
});
