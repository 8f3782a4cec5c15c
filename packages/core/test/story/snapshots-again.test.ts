import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, MINUTE, SECOND, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { ScriptedSource } from "../support/scripted-source.js";
import { SplittingOperator } from "../support/splitting-operator.js";
import { World } from "../support/world.js";

let world: World;
let source: ScriptedSource;

beforeEach(async () => {
  source = new ScriptedSource("log", { "0": 10 });
  world = await World.start({ offsetProviders: [source], restateSettleMs: 10 * MINUTE });
});
afterEach(() => world.stop());

const DOUBLES = { code: "HANDOVER_WOULD_DOUBLE" };
const SEALED = { code: "SEALED" };
const NIGHTLY = { type: "cron", expression: "0 0 * * *" } as const;

const byTime = (more: Partial<ScheduleInfo> = {}): ScheduleInfo =>
  hourly("g", { mode: "full-then-incremental", ...more });

const byPositions = (more: Partial<ScheduleInfo> = {}): ScheduleInfo =>
  byTime({ boundaryType: "OFFSET", source: { type: "log", topic: "orders" }, ...more });

/** Has hours fire, each after the one before. */
async function fire(...hours: readonly number[]): Promise<void> {
  for (const hour of hours) await world.fireAt("g", T0 + hour * HOUR);
}

/** Makes another copy, half an hour later. */
async function copyAgain(): Promise<void> {
  await world.advance(30 * MINUTE);
  await world.client.resnapshot("g");
  await world.settle();
}

/** How the jobs were to read, in order. */
const submittedModes = (): string[] => world.operator.submissions.map(({ mode }) => mode);

/** The runs of the group: hours since T0, and the cause of a snapshot or the state. */
async function ledger(): Promise<[number, number, string][]> {
  const hours = (instant: number): number => (instant - T0) / HOUR;
  return (await world.runs("g")).map(({ lower, upper, snapshot, state }) => [
    hours(lower),
    hours(upper),
    snapshot === null ? state : `${snapshot.cause} ${state}`,
  ]);
}

/** Makes a first copy, and tries all ways to another one. */
async function expectOneCopyAlone(): Promise<void> {
  await world.client.register(byPositions());
  await fire(1, 2);
  await expect(world.client.resnapshot("g")).rejects.toMatchObject({ ...DOUBLES, field: "groupId" });
  await expect(world.client.rebase("g", { startAt: "earliest" })).rejects.toMatchObject({
    ...DOUBLES,
    field: "groupId",
  });
  expect(await ledger()).toHaveLength(2);
}

describe("another copy into a target that has rows", () => {
  it("is refused if its job replaces the rows of one interval alone, whoever asks for it", async () => {
    world.operator.writesOf = () => "replace";
    await expect(world.client.register(byTime({ fullEvery: NIGHTLY }))).rejects.toMatchObject({
      ...DOUBLES,
      field: "fullEvery",
    });
    await expect(world.client.register(byPositions({ onLoss: "resnapshot" }))).rejects.toMatchObject({
      ...DOUBLES,
      field: "onLoss",
    });
    await expectOneCopyAlone();
  });

  it.each([
    ["a full copy replaces the target as a whole", "replace", true],
    ["its job upserts", "upsert", false],
  ] as const)("is made if %s", async (_, writes, replacesTarget) => {
    world.operator.writesOf = () => writes;
    world.operator.replacesTarget = () => replacesTarget;
    await world.client.register(byPositions({ fullEvery: NIGHTLY }));
    await fire(1);
    await world.client.rebase("g", { startAt: "earliest" });
    await fire(2);
    await copyAgain();
    expect((await world.runs("g")).map(({ snapshot }) => snapshot?.cause)).toEqual([
      "first",
      "rebased",
      "requested",
    ]);
  });

  it("is refused of a job that nobody says anything of, since it may append", async () => {
    world.operator.writesOf = () => undefined;
    await expect(world.client.register(byTime({ fullEvery: NIGHTLY }))).rejects.toMatchObject({
      ...DOUBLES,
      field: "fullEvery",
      message: expect.stringContaining("resnapshotBy"),
    });
    delete world.operator.writesOf;
    await expect(world.client.register(byPositions({ onLoss: "resnapshot" }))).rejects.toMatchObject({
      ...DOUBLES,
      field: "onLoss",
    });
    await expectOneCopyAlone();
  });

  it.each([
    ["upsert", true],
    ["replace", false],
  ] as const)("is made of such a job if the schedule says: %s", async (resnapshotBy, leavesRows) => {
    delete world.operator.writesOf;
    await world.client.register(byPositions({ fullEvery: NIGHTLY, resnapshotBy }));
    await fire(1);
    await copyAgain();
    expect((await world.runs("g")).map(({ snapshot }) => snapshot?.cause)).toEqual(["first", "requested"]);
    await world.advance(30 * MINUTE);
    const swapped = world.client.resnapshot("g", { swap: true });
    if (leavesRows) await expect(swapped).rejects.toMatchObject({ ...DOUBLES, field: "swap" });
    else expect(await swapped).toMatchObject({ snapshot: { cause: "requested" } });
  });

  it("is refused whatever the schedule says, if the operator knows that its job appends", async () => {
    world.operator.writesOf = () => "append";
    await expect(
      world.client.register(byTime({ fullEvery: NIGHTLY, resnapshotBy: "replace" })),
    ).rejects.toMatchObject(DOUBLES);
    await expect(
      world.client.register({ ...byTime(), mode: "incremental", resnapshotBy: "upsert" }),
    ).rejects.toMatchObject({ code: "SCHEDULE_INVALID", field: "resnapshotBy" });
  });

  it("takes the place of deleted rows with swap, which an upsert cannot", async () => {
    await world.client.register(byTime());
    await fire(1, 2);
    await world.advance(30 * MINUTE);
    world.operator.writesOf = () => "upsert";
    await expect(world.client.resnapshot("g", { swap: true })).rejects.toMatchObject({
      ...DOUBLES,
      field: "swap",
    });
    world.operator.writesOf = () => "replace";
    world.operator.replacesTarget = () => true;
    expect(await world.client.resnapshot("g", { swap: true })).toMatchObject({
      snapshot: { cause: "requested" },
    });
  });

  it("is refused of a job that appends after a rebase too, but not of the first copy", async () => {
    world.operator.writesOf = () => "append";
    await world.client.register(byPositions());
    await world.client.rebase("g", { startAt: "earliest" });
    await fire(1);
    await expect(world.client.rebase("g", { startAt: "earliest" })).rejects.toMatchObject(DOUBLES);
    await expect(world.client.rebase("g", { startAt: "earliest", job: { to: "b" } })).rejects.toMatchObject({
      ...DOUBLES,
      field: "job",
    });
    expect((await world.client.get("g")).version).toBe(2);
  });

  it("is refused after a rebase while the first one is made, which may succeed before it is stopped", async () => {
    world.operator.writesOf = () => "append";
    world.operator.answer = () => "runs";
    await world.client.register(byPositions());
    await fire(1);
    await expect(world.client.rebase("g", { startAt: "earliest" })).rejects.toMatchObject(DOUBLES);
    const [first] = await world.runs("g");
    await world.client.cancelRun(first!.id);
    await world.settle();
    await world.client.rebase("g", { startAt: "earliest" });
    await fire(2);
    expect((await world.runs("g")).map(({ state }) => state)).toEqual(["CANCELLED", "RUNNING"]);
  });

  it("is refused after a rebase to a job that cannot end at its upper bound", async () => {
    world.operator.canReadAt = (job) => job.isBlurred !== true;
    delete world.operator.writesOf;
    await world.client.register(byPositions());
    await fire(1);
    await expect(
      world.client.rebase("g", { startAt: "earliest", job: { isBlurred: true } }),
    ).rejects.toMatchObject({ ...DOUBLES, field: "mode" });
  });
});

describe("a run before a copy", () => {
  async function toIncremental(): Promise<void> {
    const { version } = await world.client.get("g");
    const info = hourly("g", { mode: "incremental", maxAttempts: 1, onFailure: "continue" });
    await world.client.update(info, { version });
  }

  it("is not retried beside it: the copy has its rows", async () => {
    world.operator.answer = ({ mode, upperBound }) =>
      mode === "incremental" && upperBound === String(T0 + 2 * HOUR) ? failed("no space left") : SUCCEEDED;
    await world.client.register(byTime({ maxAttempts: 1, onFailure: "continue" }));
    await fire(1, 2);
    await copyAgain();
    expect(await ledger()).toEqual([
      [0, 1, "first SUCCEEDED"],
      [1, 2, "FAILED"],
      [2, 2.5, "requested SUCCEEDED"],
    ]);
    const [, increment, copy] = await world.runs("g");
    world.operator.answer = () => SUCCEEDED;
    expect(await world.client.retryRuns("g")).toEqual([]);
    await expect(world.client.retryRun(increment!.id)).rejects.toMatchObject({
      code: "RUN_STATE_ILLEGAL",
      message: expect.stringContaining(copy!.id),
    });
    expect(world.operator.submissions).toHaveLength(3);
  });

  it("counts as done in the audit once the copy is: it has its rows", async () => {
    world.operator.answer = ({ mode }) => (mode === "incremental" ? failed("no space left") : SUCCEEDED);
    await world.client.register(byPositions({ maxAttempts: 1, onFailure: "continue" }));
    await fire(1);
    source.write("0", 5);
    await fire(2);
    const unread = [{ lower: "10", upper: "15" }];
    const before = await world.client.audit("g");
    expect(before).toMatchObject({ isComplete: false, failed: { ms: HOUR } });
    expect(before.offsets[0]!.partitions[0]).toMatchObject({ unread });
    world.operator.answer = ({ mode }) => (mode === "full" ? "runs" : SUCCEEDED);
    await copyAgain();
    expect(await world.client.audit("g")).toMatchObject({ isComplete: false, failed: { ms: HOUR } });
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    const after = await world.client.audit("g");
    expect(after).toMatchObject({ isSound: true, isComplete: true, failed: { runs: 1, ms: 0 } });
    expect(after.offsets[0]!.partitions[0]).toMatchObject({ unread: [], gaps: [], overlaps: [] });
    const second = await world.client.audit("g", { lower: T0 + HOUR, upper: T0 + 2 * HOUR });
    expect(second).toMatchObject({ isComplete: true, succeeded: { runs: 0, ms: HOUR } });
  });

  it("is retried while the copy waits behind it, which it blocks", async () => {
    world.operator.answer = ({ mode }) => (mode === "incremental" ? failed("no space left") : SUCCEEDED);
    await world.client.register(byTime({ maxAttempts: 1 }));
    await fire(1, 2);
    await copyAgain();
    expect((await ledger()).slice(1)).toEqual([
      [1, 2, "FAILED"],
      [2, 2.5, "requested PLANNED"],
    ]);
    world.operator.answer = () => SUCCEEDED;
    expect(await world.client.retryRuns("g")).toHaveLength(1);
    await world.settle();
    expect(submittedModes()).toEqual(["full", "incremental", "incremental", "full"]);
    expect(await world.client.audit("g")).toMatchObject({ isSound: true, isComplete: true });
  });

  it("is retried if it lies behind the copy", async () => {
    await world.client.register(byTime({ maxAttempts: 1, onFailure: "continue" }));
    await fire(1);
    world.operator.answer = () => failed("no space left");
    await fire(2);
    world.operator.answer = () => SUCCEEDED;
    expect(await world.client.retryRuns("g")).toHaveLength(1);
    await world.settle();
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });

  it("is not retried after an update to another mode: the copy is still there", async () => {
    world.operator.answer = ({ mode }) => (mode === "incremental" ? failed("no space left") : SUCCEEDED);
    await world.client.register(byTime({ maxAttempts: 1, onFailure: "continue" }));
    await fire(1, 2);
    await copyAgain();
    await toIncremental();
    expect(await world.client.retryRuns("g")).toEqual([]);
    const again = { groupId: "g", from: T0, to: T0 + 2 * HOUR, select: "all" } as const;
    expect(await world.client.backfill(again)).toMatchObject({ runs: 0 });
  });

  it("that is a copy is not made behind increments, which it would delete", async () => {
    world.operator.answer = ({ mode }) => (mode === "full" ? failed("no space left") : SUCCEEDED);
    await world.client.register(byTime({ maxAttempts: 1, onFailure: "continue" }));
    await fire(1);
    await toIncremental();
    await fire(2);
    expect(await ledger()).toEqual([
      [0, 1, "first FAILED"],
      [1, 2, "SUCCEEDED"],
    ]);
    world.operator.answer = () => SUCCEEDED;
    expect(await world.client.retryRuns("g")).toEqual([]);
    const [copy] = await world.runs("g");
    await expect(world.client.retryRun(copy!.id)).rejects.toMatchObject({ code: "RUN_STATE_ILLEGAL" });
    await world.client.cancelRun(copy!.id);
    const missing = { groupId: "g", from: T0, to: T0 + 2 * HOUR, select: "missing" } as const;
    expect(await world.client.backfill(missing)).toMatchObject({ runs: 1, notes: [] });
    await world.settle();
    expect(submittedModes()).toEqual(["full", "incremental", "incremental"]);
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });

  it.each([
    ["continue", false],
    ["pause", false],
    ["pause", true],
  ] as const)(
    "that is a copy holds increments as long as its job may end, whatever the mode is (onFailure: %s, split: %s)",
    async (onFailure, isSplit) => {
      const operator = new SplittingOperator();
      const split = await World.start({ operator });
      operator.answer = ({ mode }) =>
        mode === "full" && !isSplit ? { throws: new Error("lost"), hasStarted: true } : SUCCEEDED;
      operator.mergeFailure = new Error("disk full");
      const copied = byTime({ maxAttempts: 1, onFailure, ...(isSplit ? { shards: {} } : {}) });
      await split.client.register(copied);
      await split.fireAt("g", T0 + HOUR);
      const [copy] = await split.runs("g");
      expect(copy).toMatchObject({ state: "FAILED", isJobOpen: true });
      const { version } = await split.client.get("g");
      await split.client.update({ ...copied, mode: "incremental" }, { version });
      await split.client.resume("g");
      await split.fireAt("g", T0 + 2 * HOUR);
      operator.mergeFailure = undefined;
      expect(operator.submissions.filter(({ mode }) => mode === "incremental")).toEqual([]);
      await split.client.cancelRun(copy!.id).catch(() => undefined);
      await split.settle();
      expect(operator.running).toEqual([]);
      expect((await split.runs("g")).map(({ state }) => state)).toEqual([
        isSplit ? "SUCCEEDED" : "CANCELLED",
        "SUCCEEDED",
      ]);
      await split.stop();
    },
  );

  it("is not left out of a trigger in silence", async () => {
    await world.client.register(byTime());
    await fire(1, 2, 3);
    await expect(world.client.trigger("g", { lower: T0, upper: T0 + 3 * HOUR })).rejects.toMatchObject({
      code: "INTERVAL_INVALID",
      message: expect.stringContaining("client.resnapshot"),
    });
    expect(await world.client.trigger("g", { lower: T0 + HOUR, upper: T0 + 3 * HOUR })).toHaveLength(2);
  });

  it("has no backfill, which says so", async () => {
    await world.client.register(byTime());
    await fire(1, 2);
    await copyAgain();
    const [, , copy] = await world.runs("g");
    const before = { groupId: "g", from: T0, to: T0 + 2 * HOUR, select: "all" } as const;
    expect(await world.client.backfill(before)).toMatchObject({
      runs: 0,
      notes: [expect.stringContaining(`the snapshot of run ${copy!.id} stands for all time before`)],
    });
    expect(await world.client.restate({ groupId: "g", from: T0, to: T0 + 2 * HOUR })).toMatchObject({
      runs: 0,
      groups: [{ groupId: "g", intervals: [] }],
    });
  });

  it("is marked, and not restated, by late data", async () => {
    await world.client.register(byTime({ onLate: "restate" }));
    await world.client.register(hourly("loader"));
    await fire(1, 2, 3);
    const late = (hour: number) => ({ lower: T0 + hour * HOUR, upper: T0 + (hour + 1) * HOUR });
    world.operator.answer = ({ groupId }) =>
      groupId === "loader"
        ? { state: "SUCCEEDED", touched: [{ groupId: "g", intervals: [late(0), late(2)] }] }
        : SUCCEEDED;
    await world.fireAt("loader", T0 + 4 * HOUR);
    world.operator.answer = () => SUCCEEDED;
    await world.advance(11 * MINUTE + SECOND);
    const { items } = await world.client.lateData({ groupId: "g" });
    expect(items.map(({ lower, state, backfillId }) => [(lower - T0) / HOUR, state, backfillId])).toEqual([
      [0, "MARKED", null],
      [2, "RESTATED", expect.any(String)],
    ]);
  });
});

describe("sealed time", () => {
  it("is not written again by a copy without force", async () => {
    await world.client.register(byPositions());
    await fire(1, 2);
    await world.client.seal("g", T0 + HOUR);
    await world.advance(30 * MINUTE);
    await expect(world.client.resnapshot("g")).rejects.toMatchObject({ ...SEALED, field: "groupId" });
    await expect(world.client.rebase("g", { startAt: "earliest" })).rejects.toMatchObject(SEALED);
    await world.client.resnapshot("g", { force: true });
    await world.settle();
    await world.client.rebase("g", { startAt: "earliest", force: true });
    await fire(3);
    expect((await ledger()).map(([, , what]) => what)).toEqual([
      "first SUCCEEDED",
      "SUCCEEDED",
      "requested SUCCEEDED",
      "rebased SUCCEEDED",
    ]);
  });

  it("is written again by fullEvery, which registration notes", async () => {
    const seal = { afterMs: 24 * HOUR };
    const { notes } = await world.client.register(byTime({ fullEvery: NIGHTLY, seal }));
    expect(notes).toContainEqual(expect.stringMatching(/^fullEvery: .*sealed/));
    const plain = await world.client.register({ ...byTime({ seal }), groupId: "plain" });
    expect(plain.notes.join()).not.toContain("sealed");
  });
});
