import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { QuickStore } from "../support/quick-store.js";
import { hourly } from "../support/schedules.js";
import { closed, ScriptedGate } from "../support/scripted-gate.js";
import { failed, ScriptedOperator, SUCCEEDED } from "../support/scripted-operator.js";
import { ScriptedSource } from "../support/scripted-source.js";
import { World } from "../support/world.js";

const withSnapshots = (more: Partial<ScheduleInfo> = {}): ScheduleInfo =>
  hourly("g", { mode: "full-then-incremental", ...more });

/** The runs of the group: hours since T0, and the cause of a snapshot or the state. */
async function ledger(world: World): Promise<[number, number, string][]> {
  const hours = (instant: number): number => (instant - T0) / HOUR;
  return (await world.runs("g")).map(({ lower, upper, snapshot, state }) => [
    hours(lower),
    hours(upper),
    snapshot === null ? state : `${snapshot.cause} ${state}`,
  ]);
}

describe("of two managers, one that makes snapshots", () => {
  let first: World;
  let second: World;

  beforeEach(async () => {
    const clock = new VirtualClock({ start: T0 });
    const store = new QuickStore({ clock });
    first = new World({ store, clock });
    await first.start();
    second = new World({ store, clock, operator: new ScriptedOperator("other") });
    await second.start();
    await first.client.register(
      withSnapshots({
        operator: "scripted",
        trigger: { type: "period", every: 1, unit: "minute" },
        fullEvery: { type: "cron", expression: "*/3 * * * *" },
      }),
    );
    for (const minute of [1, 2]) await first.fireAt("g", T0 + minute * MINUTE);
  });
  afterEach(async () => {
    await first.stop();
    await second.stop();
  });

  it("the other one plans no increments while a snapshot has not succeeded", async () => {
    await second.fireAt("g", T0 + 2 * MINUTE);
    first.operator.answer = ({ mode }) => (mode === "full" ? "runs" : SUCCEEDED);
    await first.fireAt("g", T0 + 3 * MINUTE);
    await second.fireAt("g", T0 + 4 * MINUTE);
    expect((await ledger(first)).slice(2).map(([, , what]) => what)).toEqual(["recurring RUNNING"]);
  });

  it("increments follow at once when the snapshot has succeeded", async () => {
    first.operator.answer = ({ mode }) => (mode === "full" ? "runs" : SUCCEEDED);
    for (const minute of [3, 4]) await first.fireAt("g", T0 + minute * MINUTE);
    expect(await ledger(first)).toHaveLength(3);
    first.operator.endAll(SUCCEEDED);
    await first.settle();
    expect((await ledger(first)).slice(2).map(([, , what]) => what)).toEqual([
      "recurring SUCCEEDED",
      "SUCCEEDED",
    ]);
  });
});

describe("a snapshot is alone", () => {
  let world: World;
  let gate: ScriptedGate;

  beforeEach(async () => {
    gate = new ScriptedGate("approval");
    world = await World.start({ gates: [gate] });
  });
  afterEach(() => world.stop());

  /** Has a snapshot, and an increment whose job goes on. */
  async function withIncrement(more: Partial<ScheduleInfo> = {}): Promise<void> {
    world.operator.answer = ({ mode }) => (mode === "full" ? SUCCEEDED : "runs");
    await world.client.register(withSnapshots(more));
    for (const hour of [1, 2]) await world.fireAt("g", T0 + hour * HOUR);
  }

  it("also if a person has it made while the schedule is paused", async () => {
    await withIncrement({ fullEvery: { type: "cron", expression: "0 */3 * * *" } });
    await world.client.pause("g");
    await world.clock.advanceTo(T0 + 3 * HOUR);
    await expect(world.client.trigger("g")).rejects.toMatchObject({ code: "RUN_STATE_ILLEGAL" });
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    await world.client.trigger("g");
    await world.settle();
    expect((await ledger(world)).at(-1)).toEqual([2, 3, "recurring SUCCEEDED"]);
    expect((await world.runs("g")).at(-1)!.kind).toBe("MANUAL");
  });

  it("is not overtaken by an increment that was planned without it: that is retried once it has succeeded", async () => {
    world.operator.answer = () => failed("disk full", false);
    world.operator.writesOf = () => "replace";
    const change = async (more: Partial<ScheduleInfo>) => {
      const { version } = await world.client.get("g");
      await world.client.update(withSnapshots({ onFailure: "continue", ...more }), { version });
    };
    await world.client.register(withSnapshots({ onFailure: "continue" }));
    await world.fireAt("g", T0 + HOUR);
    await change({ mode: "incremental" });
    await world.fireAt("g", T0 + 2 * HOUR);
    await change({ overlap: "allow", maxActiveRuns: 2 });
    expect(await ledger(world)).toEqual([
      [0, 1, "first FAILED"],
      [1, 2, "FAILED"],
    ]);
    const [snapshot, increment] = await world.runs("g");
    world.operator.answer = ({ mode }) => (mode === "full" ? "runs" : SUCCEEDED);
    expect(await world.client.retryRuns("g")).toEqual([snapshot!.id]);
    await world.settle();
    const refused = { code: "RUN_STATE_ILLEGAL", message: expect.stringContaining(snapshot!.id) };
    await expect(world.client.retryRun(increment!.id)).rejects.toMatchObject(refused);
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    await world.client.retryRun(increment!.id);
    await world.settle();
    expect(await ledger(world)).toEqual([
      [0, 1, "first SUCCEEDED"],
      [1, 2, "SUCCEEDED"],
    ]);
  });

  it("does not overtake older increments that wait for their gates", async () => {
    world.operator.answer = () => SUCCEEDED;
    gate.answer = ({ interval }) => (interval.lower === T0 + HOUR ? closed() : { isOpen: true });
    const gates = { approval: {} };
    await world.client.register(
      withSnapshots({ gates, canOvertake: true, fullEvery: { type: "cron", expression: "0 */3 * * *" } }),
    );
    for (const hour of [1, 2, 3]) await world.fireAt("g", T0 + hour * HOUR);
    expect(await ledger(world)).toEqual([
      [0, 1, "first SUCCEEDED"],
      [1, 2, "PLANNED"],
    ]);
    const [, held] = await world.runs("g");
    await world.client.markReady(held!.id);
    await world.advance(2 * MINUTE);
    expect((await ledger(world)).at(-1)).toEqual([2, 3, "recurring SUCCEEDED"]);
  });

  it("is refused to a person while earlier intervals are run again", async () => {
    world.operator.answer = () => SUCCEEDED;
    await world.client.register(withSnapshots());
    for (const hour of [1, 2]) await world.fireAt("g", T0 + hour * HOUR);
    world.operator.answer = ({ mode }) => (mode === "full" ? SUCCEEDED : "runs");
    await world.client.trigger("g", { lower: T0 + HOUR, upper: T0 + 2 * HOUR });
    await world.settle();
    await world.advance(MINUTE);
    await expect(world.client.resnapshot("g")).rejects.toMatchObject({ code: "INTERVAL_OPEN" });
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    expect(await world.client.resnapshot("g")).toMatchObject({ snapshot: { cause: "requested" } });
  });

  it("is planned as soon as the re-runs before it have ended", async () => {
    world.operator.answer = () => SUCCEEDED;
    await world.client.register(withSnapshots({ fullEvery: { type: "cron", expression: "0 */3 * * *" } }));
    for (const hour of [1, 2]) await world.fireAt("g", T0 + hour * HOUR);
    world.operator.answer = ({ mode }) => (mode === "full" ? SUCCEEDED : "runs");
    await world.client.trigger("g", { lower: T0 + HOUR, upper: T0 + 2 * HOUR });
    await world.settle();
    await world.fireAt("g", T0 + 3 * HOUR);
    expect((await world.runs("g")).filter(({ snapshot }) => snapshot !== null)).toHaveLength(1);
    const rerun = (await world.runs("g")).find(({ kind }) => kind === "MANUAL");
    expect((await world.client.describe("g")).notes[0]).toContain(`it waits for run ${rerun!.id}`);
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    expect((await ledger(world)).at(-1)).toEqual([2, 3, "recurring SUCCEEDED"]);
  });
});

describe("a lane that begins several runs at once", () => {
  const WIDE = { overlap: "allow" } as const;
  const REFUSED = { code: "SCHEDULE_INVALID", field: "overlap" };
  let world: World;

  beforeEach(async () => {
    world = await World.start();
    await world.client.register(withSnapshots());
    for (const hour of [1, 2]) await world.fireAt("g", T0 + hour * HOUR);
    world.operator.answer = () => "runs";
  });
  afterEach(() => world.stop());

  async function update(more: Partial<ScheduleInfo>): Promise<unknown> {
    const { version } = await world.client.get("g");
    return world.client.update(withSnapshots(more), { version });
  }

  /** Has a snapshot wait behind an increment whose job goes on. */
  async function waiting(): Promise<void> {
    await world.fireAt("g", T0 + 3 * HOUR);
    await world.advance(30 * MINUTE);
    await world.client.resnapshot("g");
  }

  it("is refused while a snapshot waits for its turn in one that begins one", async () => {
    await waiting();
    await expect(update(WIDE)).rejects.toMatchObject(REFUSED);
    await expect(update({ canOvertake: true, gates: {} })).rejects.toMatchObject({
      code: "SCHEDULE_INVALID",
    });
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    await update(WIDE);
    expect((await ledger(world)).at(-1)).toEqual([3, 3.5, "requested RUNNING"]);
  });

  it("is refused to a mode whose runs would not wait for it", async () => {
    await world.advance(30 * MINUTE);
    await world.client.resnapshot("g");
    await world.settle();
    await expect(update({ ...WIDE, mode: "incremental" })).rejects.toMatchObject(REFUSED);
    await update({ mode: "incremental" });
    await expect(update({ ...WIDE, mode: "incremental" })).rejects.toMatchObject(REFUSED);
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    await update({ ...WIDE, mode: "incremental" });
  });

  it("is refused to a group that is registered again, and whose snapshot waited when it was not", async () => {
    await waiting();
    await world.client.unregister("g");
    await world.settle();
    await expect(world.client.register(withSnapshots(WIDE))).rejects.toMatchObject(REFUSED);
    await world.client.register(withSnapshots());
    expect((await ledger(world)).slice(2)).toEqual([
      [2, 3, "RUNNING"],
      [3, 3.5, "requested PLANNED"],
    ]);
  });
});

describe("a snapshot for positions that were lost", () => {
  it("waits for re-runs as well", async () => {
    const source = new ScriptedSource("log", { "0": 10 });
    const world = await World.start({ offsetProviders: [source] });
    const onSource = { boundaryType: "OFFSET", source: { type: "log", topic: "orders" } } as const;
    await world.client.register(withSnapshots({ ...onSource, onLoss: "resnapshot" }));
    for (const hour of [1, 2]) {
      await world.fireAt("g", T0 + hour * HOUR);
      source.write("0", 5);
    }
    await world.fireAt("g", T0 + 3 * HOUR);
    world.operator.answer = ({ mode }) => (mode === "full" ? SUCCEEDED : "runs");
    await world.client.trigger("g", { lower: T0 + 2 * HOUR, upper: T0 + 3 * HOUR });
    source.write("0", 10);
    source.expire("0", 25);
    await world.fireAt("g", T0 + 4 * HOUR);
    expect((await world.client.get("g")).watermark).toBe(T0 + 3 * HOUR);
    world.operator.endAll(SUCCEEDED);
    await world.settle();
    expect((await ledger(world)).at(-1)).toEqual([3, 4, "loss SUCCEEDED"]);
    await world.stop();
  });
});

describe("increments always have a copy that they continue", () => {
  let world: World;

  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());

  /** Replaces the schedule of the group. */
  async function update(info: ScheduleInfo): Promise<unknown> {
    const { version } = await world.client.get("g");
    return world.client.update(info, { version });
  }

  it("also a group that had increments alone before", async () => {
    await world.client.register(hourly("g"));
    await world.fireAt("g", T0 + HOUR);
    await update(withSnapshots());
    for (const hour of [2, 3]) await world.fireAt("g", T0 + hour * HOUR);
    expect(await ledger(world)).toEqual([
      [0, 1, "SUCCEEDED"],
      [1, 2, "first SUCCEEDED"],
      [2, 3, "SUCCEEDED"],
    ]);
  });

  it("unless its job appends, so that the copy would write again what is there", async () => {
    world.operator.writesOf = () => "append";
    await world.client.register(hourly("g"));
    await world.fireAt("g", T0 + HOUR);
    await expect(update(withSnapshots())).rejects.toMatchObject({
      code: "HANDOVER_WOULD_DOUBLE",
      field: "mode",
    });
  });

  describe("unless its job appends and a run may still write rows that the copy has as well", () => {
    const refusal = {
      code: "HANDOVER_WOULD_DOUBLE",
      field: "mode",
      message: expect.stringContaining("Cancel it"),
    };
    const modes = (): string[] => world.operator.submissions.map(({ mode }) => mode);

    beforeEach(() => {
      world.operator.writesOf = () => "append";
    });

    it("one that is running", async () => {
      world.operator.answer = () => "runs";
      await world.client.register(hourly("g"));
      await world.fireAt("g", T0 + HOUR);
      await expect(update(withSnapshots())).rejects.toMatchObject(refusal);
      const [first] = await world.runs("g");
      await world.client.cancelRun(first!.id);
      await world.settle();
      world.operator.answer = () => SUCCEEDED;
      await update(withSnapshots());
      await world.fireAt("g", T0 + 2 * HOUR);
      expect(modes()).toEqual(["incremental", "full"]);
    });

    it("one that is to be attempted again", async () => {
      world.operator.answer = () => failed("away");
      await world.client.register(hourly("g"));
      await world.fireAt("g", T0 + HOUR);
      await expect(update(withSnapshots())).rejects.toMatchObject(refusal);
    });

    it("one that the registration of its group plans again", async () => {
      world.operator.answer = () => failed("away");
      await world.client.register(hourly("g"));
      await world.fireAt("g", T0 + HOUR);
      await world.client.unregister("g");
      await world.settle();
      await expect(world.client.register(withSnapshots())).rejects.toMatchObject(refusal);
      await world.client.register(withSnapshots({ startTime: T0 + 2 * HOUR }));
      expect((await world.runs("g")).map(({ state }) => state)).toEqual(["CANCELLED"]);
    });

    it("one that has failed: it is not retried before the copy, which waits for it to be cancelled", async () => {
      world.operator.answer = () => failed("no space left", false);
      await world.client.register(hourly("g"));
      await world.fireAt("g", T0 + HOUR);
      await update(withSnapshots());
      await world.fireAt("g", T0 + 2 * HOUR);
      world.operator.answer = () => SUCCEEDED;
      const [first] = await world.runs("g");
      await expect(world.client.retryRun(first!.id)).rejects.toMatchObject({
        code: "RUN_STATE_ILLEGAL",
        message: expect.stringContaining("Cancel it"),
      });
      expect(await world.client.retryRuns("g")).toEqual([]);
      await world.client.cancelRun(first!.id);
      await world.settle();
      expect(modes()).toEqual(["incremental", "full"]);
    });
  });

  it("also a group registered again with a later start while its snapshot waited", async () => {
    await world.client.register(withSnapshots());
    await world.client.pause("g");
    await world.clock.advanceTo(T0 + HOUR);
    await world.client.resume("g");
    world.operator.answer = () => failed("away");
    await world.fireAt("g", T0 + HOUR);
    expect(await ledger(world)).toEqual([[0, 1, "first PLANNED"]]);
    await world.client.unregister("g");
    await world.settle();
    world.operator.answer = () => SUCCEEDED;
    await world.client.register(withSnapshots({ startTime: T0 + 2 * HOUR }));
    for (const hour of [3, 4]) await world.fireAt("g", T0 + hour * HOUR);
    expect(await ledger(world)).toEqual([
      [0, 1, "first CANCELLED"],
      [1, 2, "SKIPPED"],
      [2, 3, "first SUCCEEDED"],
      [3, 4, "SUCCEEDED"],
    ]);
  });

  it("and a job that appends makes its first copy again as long as nothing has succeeded", async () => {
    world.operator.writesOf = () => "append";
    world.operator.answer = () => "runs";
    await world.client.register(withSnapshots());
    await world.fireAt("g", T0 + HOUR);
    const [first] = await world.runs("g");
    await world.client.cancelRun(first!.id);
    await world.settle();
    world.operator.answer = () => SUCCEEDED;
    await world.advance(30 * MINUTE);
    expect(await world.client.resnapshot("g")).toMatchObject({ lower: T0 + HOUR });
    await world.settle();
    await expect(world.client.resnapshot("g")).rejects.toMatchObject({ code: "HANDOVER_WOULD_DOUBLE" });
  });
});

describe("a snapshot that holds increments", () => {
  it("is named by the description of its group, and says so itself", async () => {
    const world = await World.start();
    world.operator.answer = () => failed("disk full");
    await world.client.register(withSnapshots({ maxAttempts: 1, onFailure: "continue" }));
    for (const hour of [1, 2]) await world.fireAt("g", T0 + hour * HOUR);
    const [snapshot] = await world.runs("g");
    const { notes } = await world.client.describe("g");
    expect(notes[0]).toMatch(
      new RegExp(`No increments are planned until the snapshot of run ${snapshot!.id} .* disk full`),
    );
    const { reasons } = await world.client.explain(snapshot!.id);
    expect(reasons.join(" ")).toMatch(/plans no increments until this snapshot has succeeded: it is FAILED/);
    world.operator.answer = () => SUCCEEDED;
    await world.client.retryRun(snapshot!.id);
    await world.advance(2 * MINUTE);
    expect((await world.client.describe("g")).notes.join()).not.toContain("No increments");
    await world.stop();
  });

  it("holds them no longer if a rebase has ended its reading", async () => {
    const source = new ScriptedSource("log", { "0": 10 });
    const world = await World.start({ offsetProviders: [source] });
    world.operator.answer = () => failed("disk full");
    const onSource = { boundaryType: "OFFSET", source: { type: "log", topic: "orders" } } as const;
    await world.client.register(withSnapshots({ ...onSource, maxAttempts: 1, onFailure: "continue" }));
    await world.fireAt("g", T0 + HOUR);
    await world.client.rebase("g", { startAt: "earliest" });
    world.operator.answer = () => SUCCEEDED;
    for (const hour of [2, 3]) {
      source.write("0", 1);
      await world.fireAt("g", T0 + hour * HOUR);
    }
    expect(await ledger(world)).toEqual([
      [0, 1, "first FAILED"],
      [1, 2, "rebased SUCCEEDED"],
      [2, 3, "SUCCEEDED"],
    ]);
    await world.stop();
  });
});
