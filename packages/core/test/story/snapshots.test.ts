import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { ScriptedSource } from "../support/scripted-source.js";
import { World } from "../support/world.js";

let world: World;
let source: ScriptedSource;

beforeEach(async () => {
  source = new ScriptedSource("log", { "0": 10, "1": 5 });
  world = await World.start({ offsetProviders: [source] });
});
afterEach(() => world.stop());

const byTime = (more: Partial<ScheduleInfo> = {}): ScheduleInfo =>
  hourly("g", { mode: "full-then-incremental", ...more });

const byPositions = (more: Partial<ScheduleInfo> = {}): ScheduleInfo =>
  byTime({ boundaryType: "OFFSET", source: { type: "log", topic: "orders" }, ...more });

/** The runs of the group: hours since T0, and the cause of a snapshot or the state. */
async function ledger(): Promise<[number, number, string][]> {
  const hours = (instant: number): number => (instant - T0) / HOUR;
  return (await world.runs("g")).map(({ lower, upper, snapshot, state }) => [
    hours(lower),
    hours(upper),
    snapshot === null ? state : `${snapshot.cause} ${state}`,
  ]);
}

/** Returns the bounds that the jobs were to read, in order. */
const submitted = (): [string, string, string][] =>
  world.operator.submissions.map(({ mode, lowerBound, upperBound }) => [mode, lowerBound, upperBound]);

describe("a full copy, then increments", () => {
  it("by time: the first run reads everything, and the next begins exactly where it ends", async () => {
    await world.client.register(byTime());
    await world.fireAt("g", T0 + HOUR);
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(submitted()).toEqual([
      ["full", "beginning", String(T0 + HOUR)],
      ["incremental", String(T0 + HOUR), String(T0 + 2 * HOUR)],
    ]);
    expect(await ledger()).toEqual([
      [0, 1, "first SUCCEEDED"],
      [1, 2, "SUCCEEDED"],
    ]);
  });

  it("by positions: the first run reads up to where the source ended before it began", async () => {
    await world.client.register(byPositions());
    world.operator.answer = () => {
      source.write("0", 3);
      return SUCCEEDED;
    };
    await world.fireAt("g", T0 + HOUR);
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(submitted()).toEqual([
      ["full", "beginning", '{"0":"10","1":"5"}'],
      ["incremental", '{"0":"10","1":"5"}', '{"0":"13","1":"5"}'],
    ]);
    const audit = await world.client.audit("g");
    expect(audit.isComplete).toBe(true);
    const [first, second] = await world.runs("g");
    expect(audit.snapshots).toEqual([
      {
        runId: first!.id,
        state: "SUCCEEDED",
        cause: "first",
        upTo: T0 + HOUR,
        positions: { "0": "10", "1": "5" },
        nextRunId: second!.id,
        isSeamless: true,
        consistentFrom: T0 + HOUR,
        drift: null,
      },
    ]);
  });

  it("begins at once, with the interval that is over when it is registered", async () => {
    await world.clock.advanceTo(T0 + 90 * MINUTE);
    const { startTime: _, ...info } = byTime();
    await world.client.register(info);
    await world.client.trigger("g");
    await world.settle();
    expect(await ledger()).toEqual([[0, 1, "first SUCCEEDED"]]);
  });

  it("makes one copy of all that is owed, and does not cut it where a limit cuts increments", async () => {
    await world.client.register(byPositions({ limit: { records: 4 } }));
    await world.fireAt("g", T0 + 5 * HOUR);
    expect(submitted()).toEqual([["full", "beginning", '{"0":"10","1":"5"}']]);
    expect(await ledger()).toEqual([[0, 5, "first SUCCEEDED"]]);
    source.write("0", 8);
    await world.fireAt("g", T0 + 6 * HOUR);
    expect((await world.runs("g")).length).toBeGreaterThan(2);
  });

  it("copies a source that has nothing yet, once", async () => {
    source.replace("empty", { "0": 0 });
    await world.client.register(byPositions());
    await world.fireAt("g", T0 + HOUR);
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(submitted()).toEqual([["full", "beginning", '{"0":"0"}']]);
    const runs = await world.runs("g");
    expect(runs.map(({ snapshot, reason }) => [snapshot?.cause, reason])).toEqual([
      ["first", null],
      [undefined, "source-empty"],
    ]);
  });

  it.each(["queue", "allow", "coalesce-pending", "cancel-running"] as const)(
    "has increments wait until it has succeeded, with overlap %s",
    async (overlap) => {
      world.operator.answer = ({ mode }) => (mode === "full" ? "runs" : SUCCEEDED);
      await world.client.register(byTime({ overlap }));
      await world.fireAt("g", T0 + HOUR);
      for (const hour of [2, 3]) await world.fireAt("g", T0 + hour * HOUR);
      expect(await ledger()).toEqual([[0, 1, "first RUNNING"]]);
      const [snapshot] = await world.runs("g");
      world.operator.end(snapshot!.id, SUCCEEDED);
      await world.advance(2 * MINUTE);
      expect((await world.client.audit("g")).isComplete).toBe(true);
      expect(submitted().slice(0, 2)).toEqual([
        ["full", "beginning", String(T0 + HOUR)],
        ["incremental", String(T0 + HOUR), expect.any(String)],
      ]);
      expect((await world.client.get("g")).watermark).toBe(T0 + 3 * HOUR);
    },
  );

  it("holds increments while it has failed, whatever onFailure says, until it is retried", async () => {
    world.operator.answer = ({ mode }) => (mode === "full" ? failed("disk full") : SUCCEEDED);
    await world.client.register(byTime({ maxAttempts: 1, onFailure: "continue" }));
    await world.fireAt("g", T0 + HOUR);
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(await ledger()).toEqual([[0, 1, "first FAILED"]]);
    world.operator.answer = () => SUCCEEDED;
    const [snapshot] = await world.runs("g");
    await world.client.retryRun(snapshot!.id);
    await world.advance(2 * MINUTE);
    expect(submitted().map(([mode]) => mode)).toEqual(["full", "full", "incremental"]);
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });

  it("survives managers: another one goes on with the same snapshot", async () => {
    world.operator.answer = ({ mode }) => (mode === "full" ? "runs" : SUCCEEDED);
    await world.client.register(byPositions());
    await world.fireAt("g", T0 + HOUR);
    source.write("0", 7);
    await world.restart();
    const [snapshot] = await world.runs("g");
    world.operator.end(snapshot!.id, SUCCEEDED);
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(submitted()).toEqual([
      ["full", "beginning", '{"0":"10","1":"5"}'],
      ["incremental", '{"0":"10","1":"5"}', '{"0":"17","1":"5"}'],
    ]);
    expect(world.operator.doubles).toEqual([]);
  });

  it("is not made again by a re-run, since it would take the place of the increments behind it", async () => {
    await world.client.register(byTime());
    await world.fireAt("g", T0 + HOUR);
    await world.fireAt("g", T0 + 2 * HOUR);
    await expect(world.client.trigger("g", { lower: T0, upper: T0 + HOUR })).rejects.toMatchObject({
      code: "INTERVAL_INVALID",
      message: expect.stringContaining("client.resnapshot"),
    });
    const backfill = {
      groupId: "g",
      from: T0,
      to: T0 + 2 * HOUR,
      select: "all",
      isDryRun: true,
    } as const;
    expect(await world.client.backfill(backfill)).toMatchObject({ runs: 1 });
  });

  it("that was cancelled is made by the next run, and not retried behind that", async () => {
    world.operator.answer = ({ upperBound }) => (upperBound === String(T0 + HOUR) ? "runs" : SUCCEEDED);
    await world.client.register(byTime());
    await world.fireAt("g", T0 + HOUR);
    const [snapshot] = await world.runs("g");
    await world.client.cancelRun(snapshot!.id);
    await world.settle();
    await world.fireAt("g", T0 + 2 * HOUR);
    await world.fireAt("g", T0 + 3 * HOUR);
    expect(await ledger()).toEqual([
      [0, 1, "first CANCELLED"],
      [1, 2, "first SUCCEEDED"],
      [2, 3, "SUCCEEDED"],
    ]);
    await expect(world.client.retryRun(snapshot!.id)).rejects.toMatchObject({ code: "RUN_STATE_ILLEGAL" });
  });

  it("begins anew with a rebase, which reads other data", async () => {
    await world.client.register(byPositions());
    await world.fireAt("g", T0 + HOUR);
    source.replace("second", { "0": 4 });
    await world.fireAt("g", T0 + 2 * HOUR);
    expect((await world.client.get("g")).status).toBe("FAILED");
    await world.client.rebase("g", { startAt: "earliest" });
    await world.fireAt("g", T0 + 3 * HOUR);
    source.write("0", 1);
    await world.fireAt("g", T0 + 4 * HOUR);
    expect(submitted().slice(1)).toEqual([
      ["full", "beginning", '{"0":"4"}'],
      ["incremental", '{"0":"4"}', '{"0":"5"}'],
    ]);
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });
});

describe("another full copy", () => {
  beforeEach(async () => {
    await world.client.register(byPositions());
    await world.fireAt("g", T0 + HOUR);
    source.write("0", 2);
    await world.fireAt("g", T0 + 2 * HOUR);
    source.write("0", 3);
  });

  it("is made at once if a person asks for it, and increments continue where it ends", async () => {
    await world.advance(30 * MINUTE);
    const run = await world.client.resnapshot("g", { note: "the target was lost" });
    expect(run.snapshot).toEqual({ cause: "requested", note: "the target was lost" });
    source.write("1", 1);
    await world.fireAt("g", T0 + 3 * HOUR);
    expect(await ledger()).toEqual([
      [0, 1, "first SUCCEEDED"],
      [1, 2, "SUCCEEDED"],
      [2, 2.5, "requested SUCCEEDED"],
      [2.5, 3, "SUCCEEDED"],
    ]);
    expect(submitted().slice(2)).toEqual([
      ["full", "beginning", '{"0":"15","1":"5"}'],
      ["incremental", '{"0":"15","1":"5"}', '{"0":"15","1":"6"}'],
    ]);
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });

  it("is refused while one has not succeeded, while the schedule is paused, and in another mode", async () => {
    world.operator.answer = () => "runs";
    await world.advance(30 * MINUTE);
    const first = await world.client.resnapshot("g");
    await expect(world.client.resnapshot("g")).rejects.toMatchObject({ code: "RUN_STATE_ILLEGAL" });
    await world.client.pause("g");
    await expect(world.client.resnapshot("g")).rejects.toMatchObject({ code: "SCHEDULE_STATUS_ILLEGAL" });
    world.operator.end(first.id, SUCCEEDED);
    await world.client.register({ ...hourly("other") });
    await expect(world.client.resnapshot("other")).rejects.toMatchObject({
      code: "SCHEDULE_INVALID",
      field: "mode",
    });
  });

  it("takes the place of the old one as a whole only if its job replaces", async () => {
    await world.advance(MINUTE);
    for (const writes of ["upsert", "append", undefined] as const) {
      world.operator.writesOf = () => writes;
      await expect(world.client.resnapshot("g", { swap: true })).rejects.toMatchObject({
        code: "HANDOVER_WOULD_DOUBLE",
      });
    }
    world.operator.writesOf = () => "replace";
    world.operator.replacesTarget = () => true;
    expect(await world.client.resnapshot("g", { swap: true })).toMatchObject({ generation: 0 });
  });

  it("is the way out if positions were lost, and stands for them", async () => {
    source.expire("0", 14);
    await world.fireAt("g", T0 + 3 * HOUR);
    expect((await world.client.get("g")).statusReason).toMatch(/OFFSETS_EXPIRED|resnapshot/);
    await world.advance(HOUR);
    await world.client.resnapshot("g");
    await world.settle();
    const audit = await world.client.audit("g");
    expect(audit.offsets).toMatchObject([
      {
        partitions: [
          { lost: [], gaps: [] },
          { lost: [], gaps: [] },
        ],
      },
    ]);
    expect(audit.isComplete).toBe(true);
  });
});

describe("a full copy that nobody asks for", () => {
  it("follows positions that were lost, with onLoss resnapshot", async () => {
    await world.client.register(byPositions({ onLoss: "resnapshot" }));
    await world.fireAt("g", T0 + HOUR);
    source.write("0", 10);
    source.expire("0", 15);
    await world.fireAt("g", T0 + 2 * HOUR);
    source.write("0", 1);
    await world.fireAt("g", T0 + 3 * HOUR);
    expect(await ledger()).toEqual([
      [0, 1, "first SUCCEEDED"],
      [1, 2, "loss SUCCEEDED"],
      [2, 3, "SUCCEEDED"],
    ]);
    expect(submitted()[1]).toEqual(["full", "beginning", '{"0":"20","1":"5"}']);
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });

  it("records positions that went with their partition as lost: no copy has them", async () => {
    await world.client.register(byPositions({ onLoss: "resnapshot", limit: { records: 2, maxRuns: 1 } }));
    await world.fireAt("g", T0 + HOUR);
    source.write("1", 9);
    await world.fireAt("g", T0 + 2 * HOUR);
    source.partitions.delete("1");
    await world.fireAt("g", T0 + 3 * HOUR);
    const { offsets, snapshots, isSound } = await world.client.audit("g");
    expect(offsets[0]!.partitions[1]!.lost).toEqual([{ lower: "7", upper: "14" }]);
    expect(snapshots.map(({ cause }) => cause)).toEqual(["first", "loss"]);
    expect(isSound).toBe(true);
  });

  it("is made at the times of fullEvery, and the times between them are increments", async () => {
    await world.client.register(byTime({ fullEvery: { type: "cron", expression: "0 */3 * * *" } }));
    for (let hour = 1; hour <= 6; hour += 1) await world.fireAt("g", T0 + hour * HOUR);
    expect((await ledger()).map(([, , what]) => what.split(" ")[0])).toEqual([
      "first",
      "SUCCEEDED",
      "recurring",
      "SUCCEEDED",
      "SUCCEEDED",
      "recurring",
    ]);
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });
});

describe("what registration refuses and notes", () => {
  const refusal = (info: ScheduleInfo) => world.client.register(info);

  it("refuses a hand-over that would write rows twice", async () => {
    world.operator.canReadAt = () => false;
    for (const writes of ["append", "replace", undefined] as const) {
      world.operator.writesOf = () => writes;
      await expect(refusal(byTime())).rejects.toMatchObject({ code: "HANDOVER_WOULD_DOUBLE", field: "mode" });
    }
    world.operator.writesOf = () => "upsert";
    const { notes } = await world.client.register(byTime());
    expect(notes).toEqual(
      expect.arrayContaining([expect.stringContaining("consistent once increments have passed its end")]),
    );
    await world.fireAt("g", T0 + HOUR);
    const [snapshot] = await world.runs("g");
    expect((await world.client.audit("g")).snapshots).toMatchObject([{ consistentFrom: snapshot!.endedAt }]);
  });

  it("takes a job that appends if it ends at its upper bound, but no second copy of it", async () => {
    world.operator.writesOf = () => "append";
    const often = { fullEvery: { type: "cron", expression: "0 0 * * *" } } as const;
    await expect(refusal(byTime(often))).rejects.toMatchObject({
      code: "HANDOVER_WOULD_DOUBLE",
      field: "fullEvery",
    });
    await expect(refusal(byPositions({ onLoss: "resnapshot" }))).rejects.toMatchObject({
      code: "HANDOVER_WOULD_DOUBLE",
      field: "onLoss",
    });
    await refusal(byTime());
    await world.fireAt("g", T0 + HOUR);
    await expect(world.client.resnapshot("g")).rejects.toMatchObject({ code: "HANDOVER_WOULD_DOUBLE" });
  });

  it.each<[string, Partial<ScheduleInfo>]>([
    ["fireAt", { fireAt: "interval-start" }],
    ["catchup", { catchup: "drop" }],
    ["catchupWindowMs", { catchupWindowMs: HOUR }],
    ["onLoss", { mode: "incremental", onLoss: "resnapshot" }],
    ["fullEvery", { mode: "full", fullEvery: { type: "cron", expression: "0 0 * * *" } }],
  ])("refuses %s where it would give up increments, or means nothing", async (field, more) => {
    await expect(refusal(byTime(more))).rejects.toMatchObject({ code: "SCHEDULE_INVALID", field });
  });

  it("refuses a beginning elsewhere: the first run reads everything", async () => {
    await expect(refusal(byPositions({ startAt: "latest" }))).rejects.toMatchObject({ field: "startAt" });
  });

  it("notes that increments by time do not see deleted rows", async () => {
    const { notes } = await world.client.register(byTime());
    expect(notes.join()).toContain("increments do not see rows that are deleted");
  });
});

describe("full copies alone", () => {
  it("coalesce by nature: only the newest is worth making", async () => {
    world.operator.answer = ({ attempt, upperBound }) =>
      attempt === 1 && upperBound === String(T0 + 3 * HOUR) ? "runs" : SUCCEEDED;
    await world.client.register(hourly("g", { mode: "full" }));
    await world.fireAt("g", T0 + 3 * HOUR);
    for (const hour of [4, 5, 6]) await world.fireAt("g", T0 + hour * HOUR);
    expect(await ledger()).toEqual([[0, 3, "RUNNING"]]);
    const [first] = await world.runs("g");
    world.operator.end(first!.id, SUCCEEDED);
    await world.advance(2 * MINUTE);
    expect(await ledger()).toEqual([
      [0, 3, "SUCCEEDED"],
      [3, 6, "SUCCEEDED"],
    ]);
  });

  it("run one after the other where the schedule says so", async () => {
    await world.client.register(hourly("g", { mode: "full", catchup: "each", overlap: "queue" }));
    await world.fireAt("g", T0 + 3 * HOUR);
    expect(await ledger()).toHaveLength(3);
  });
});
