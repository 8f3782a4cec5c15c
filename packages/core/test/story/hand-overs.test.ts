import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

let world: World;

beforeEach(async () => {
  world = await World.start();
});
afterEach(() => world.stop());

const loads = (more: Partial<ScheduleInfo> = {}): ScheduleInfo =>
  hourly("loads", { mode: "full-then-incremental", job: { name: "loads" }, ...more });

const report = (more: Partial<ScheduleInfo> = {}): ScheduleInfo =>
  hourly("report", { dependsOn: { groupId: "loads" }, ...more });

const statesOf = async (groupId: string): Promise<string[]> =>
  (await world.runs(groupId)).map(({ state, place }) => (place === "none" ? state : `${state} ${place}`));

const lastOf = async (groupId: string) => (await world.runs(groupId)).at(-1)!;

/** Has the copy of the loads read until a person ends it; all other jobs succeed at once. */
function copySlowly(): void {
  world.operator.answer = ({ mode }) => (mode === "full" ? "runs" : SUCCEEDED);
}

/** A copy of the loads that ends 90 minutes behind its upper bound. */
async function copyBlurred(): Promise<void> {
  world.operator.canReadAt = () => false;
  copySlowly();
  await world.client.register(loads());
  await world.client.register(report());
  await world.fireAt("loads", T0 + HOUR);
  await world.fireAt("report", T0 + HOUR);
  await world.clock.advanceTo(T0 + 2.5 * HOUR);
  world.operator.endAll();
  await world.settle();
}

describe("a run that depends on a group whose full copy could not end at its upper bound", () => {
  beforeEach(copyBlurred);

  const copied = { lower: T0, upper: T0 + HOUR };
  const handOver = { lower: T0 + HOUR, upper: T0 + 2.5 * HOUR };

  it("waits until increments have passed the end of the copy, and begins at once then", async () => {
    expect((await world.runs("loads"))[0]!.snapshot).toEqual({
      cause: "first",
      note: "",
      consistentFrom: T0 + 2.5 * HOUR,
    });
    await world.fireAt("loads", T0 + 2.5 * HOUR);
    expect(await lastOf("report")).toMatchObject({
      place: "gated",
      wait: {
        reason: "not covered yet by loads, whose full copy is not consistent yet (dependsOn)",
        unmet: [{ groupId: "loads", missing: [copied], missingMs: HOUR, handOver }],
      },
    });
    await world.fireAt("loads", T0 + 3 * HOUR);
    expect(await lastOf("report")).toMatchObject({ state: "SUCCEEDED", submittedAt: T0 + 3 * HOUR });
  });

  it("explains which copy that is, and what is still to be read", async () => {
    await world.fireAt("report", T0 + 2.5 * HOUR);
    const { reasons } = await world.client.explain((await world.runs("report"))[0]!.id);
    expect(reasons).toEqual(
      expect.arrayContaining([
        "The full copy of loads could not end at 2026-01-01T01:00:00.000Z and may hold rows up to 2026-01-01T02:30:00.000Z, when its job ended: time before that counts once increments have passed it.",
        expect.stringMatching(/^loads \[2026-01-01T01:00.*not planned yet; its next run is due/),
      ]),
    );
  });

  it("waits for an increment that has failed, until that is retried", async () => {
    world.operator.answer = ({ upperBound }) =>
      upperBound === String(T0 + 3 * HOUR) ? failed("disk full", false) : SUCCEEDED;
    await world.fireAt("loads", T0 + 4 * HOUR);
    expect((await statesOf("report"))[0]).toBe("PLANNED gated");
    world.operator.answer = () => SUCCEEDED;
    await world.client.retryRun((await world.runs("loads")).find(({ state }) => state === "FAILED")!.id);
    await world.settle();
    expect((await statesOf("report"))[0]).toBe("SUCCEEDED");
  });

  it("takes an increment that was given up on purpose, if it asks for no more", async () => {
    const settled = { groupId: "loads", satisfiedBy: "settled" } as const;
    await world.client.register({ ...report({ dependsOn: settled }), groupId: "totals" });
    await world.fireAt("totals", T0 + 2.5 * HOUR);
    expect((await statesOf("totals"))[0]).toBe("PLANNED gated");
    world.operator.answer = ({ upperBound }) => (upperBound === String(T0 + 3 * HOUR) ? "runs" : SUCCEEDED);
    await world.fireAt("loads", T0 + 3 * HOUR);
    await world.client.cancelRun((await lastOf("loads")).id);
    await world.settle();
    expect((await statesOf("totals"))[0]).toBe("SUCCEEDED");
    expect((await statesOf("report"))[0]).toBe("PLANNED gated");
  });

  it("waits on in the hands of another manager", async () => {
    await world.restart();
    await world.fireAt("report", T0 + 2.5 * HOUR);
    expect((await statesOf("report"))[0]).toBe("PLANNED gated");
    await world.fireAt("loads", T0 + 3 * HOUR);
    expect((await statesOf("report"))[0]).toBe("SUCCEEDED");
  });

  it("may be opened by hand", async () => {
    await world.client.markReady((await world.runs("report"))[0]!.id, "the report only needs totals");
    await world.settle();
    expect((await statesOf("report"))[0]).toBe("SUCCEEDED");
  });

  it("is answered like whoever asks for the coverage of the time", async () => {
    expect(await world.client.coverage("loads", copied)).toMatchObject({
      isCovered: false,
      missing: [copied],
    });
    await world.fireAt("loads", T0 + 3 * HOUR);
    expect(await world.client.coverage("loads", copied)).toMatchObject({ isCovered: true, missing: [] });
    expect((await world.client.audit("loads")).snapshots).toMatchObject([
      { consistentFrom: T0 + 2.5 * HOUR },
    ]);
  });

  it("waits as well if the copy was found to have succeeded when somebody cancelled it", async () => {
    world.operator.answer = () => ({ throws: new Error("connection reset"), hasStarted: true });
    await world.client.register(loads({ groupId: "lost", maxAttempts: 1 }));
    await world.fireAt("lost", T0 + 2.5 * HOUR);
    const [lost] = await world.runs("lost");
    expect(lost).toMatchObject({ state: "FAILED", isJobOpen: true });
    world.operator.end(lost!.id, SUCCEEDED);
    await expect(world.client.cancelRun(lost!.id)).rejects.toMatchObject({ code: "RUN_STATE_ILLEGAL" });
    expect((await world.runs("lost"))[0]).toMatchObject({
      state: "SUCCEEDED",
      snapshot: { consistentFrom: T0 + 2.5 * HOUR },
    });
  });
});

describe("a copy beside which nothing has to be waited for", () => {
  it("is one whose job ends at its upper bound: dependents begin when it has succeeded", async () => {
    copySlowly();
    await world.client.register(loads());
    await world.client.register(report());
    await world.fireAt("loads", T0 + HOUR);
    await world.fireAt("report", T0 + HOUR);
    await world.advance(HOUR);
    expect(await statesOf("report")).toEqual(["PLANNED gated"]);
    world.operator.endAll();
    await world.settle();
    expect(await statesOf("report")).toEqual(["SUCCEEDED"]);
    expect((await world.runs("loads"))[0]!.snapshot).toEqual({ cause: "first", note: "" });
  });

  it("is the last run of a schedule that has ended, since nothing can pass it", async () => {
    world.operator.canReadAt = () => false;
    copySlowly();
    await world.client.register(loads({ endTime: T0 + HOUR }));
    await world.client.register(report());
    await world.fireAt("loads", T0 + HOUR);
    await world.fireAt("report", T0 + HOUR);
    await world.advance(30 * MINUTE);
    world.operator.endAll();
    await world.settle();
    expect(await statesOf("report")).toEqual(["SUCCEEDED"]);
  });

  it("is its group's own: increments that depend on their past go on", async () => {
    world.operator.canReadAt = () => false;
    const own = { groupId: "loads", window: { from: "-1 interval", to: "-1 interval" } } as const;
    await world.client.register(loads({ dependsOnPast: true, dependsOn: own }));
    copySlowly();
    await world.fireAt("loads", T0 + HOUR);
    await world.advance(90 * MINUTE);
    world.operator.endAll();
    await world.settle();
    for (const hour of [3, 4]) await world.fireAt("loads", T0 + hour * HOUR);
    expect(new Set(await statesOf("loads"))).toEqual(new Set(["SUCCEEDED"]));
  });
});

describe("time before the ledger of a group that is copied in full", () => {
  const early = { startTime: T0 - 2 * HOUR };

  it("is in the copy: dependents wait for it like for the rest", async () => {
    copySlowly();
    await world.client.register(loads());
    await world.client.register(report(early));
    await world.fireAt("loads", T0 + HOUR);
    await world.fireAt("report", T0 + HOUR);
    const [run] = await world.runs("report");
    expect(run).toMatchObject({
      place: "gated",
      wait: { missing: [{ lower: T0 - 2 * HOUR, upper: T0 - HOUR }] },
    });
    expect((await world.client.explain(run!.id)).reasons).toEqual(
      expect.arrayContaining([expect.stringContaining("is in its full copy, which has not succeeded yet")]),
    );
    world.operator.endAll();
    await world.settle();
    expect((await world.runs("report"))[0]).toMatchObject({ state: "SUCCEEDED" });
  });

  it("is covered by it for those who await it in any case, and not awaited by those who said so", async () => {
    copySlowly();
    await world.client.register(loads());
    const waiting = { groupId: "loads", beforeOrigin: "wait" } as const;
    await world.client.register({ ...report({ ...early, dependsOn: waiting }), groupId: "waiting" });
    const hasty = { groupId: "loads", beforeOrigin: "ignore" } as const;
    await world.client.register({ ...report({ ...early, dependsOn: hasty }), groupId: "hasty" });
    await world.fireAt("loads", T0 + HOUR);
    for (const groupId of ["waiting", "hasty"]) await world.fireAt(groupId, T0 + HOUR);
    expect((await statesOf("hasty"))[0]).toBe("SUCCEEDED");
    expect((await statesOf("waiting"))[0]).toBe("PLANNED gated");
    world.operator.endAll();
    await world.settle();
    expect((await statesOf("waiting"))[0]).toBe("SUCCEEDED");
  });
});

describe("the audit of a later copy", () => {
  /** Has each job write as many rows as are listed here, in order. */
  const write = (rows: readonly number[]): void => {
    const left = [...rows];
    world.operator.answer = () => ({ state: "SUCCEEDED", metrics: { rowsWritten: left.shift()! } });
  };

  const driftOf = async () => (await world.client.audit("loads")).snapshots.map(({ drift }) => drift);

  it("compares its rows with those of the copy before it and the increments between the two", async () => {
    write([1_000, 10, 20, 1_025, 7, 1_040]);
    await world.client.register(loads());
    for (const hour of [1, 2, 3]) await world.fireAt("loads", T0 + hour * HOUR);
    await world.advance(30 * MINUTE);
    await world.client.resnapshot("loads");
    await world.settle();
    await world.fireAt("loads", T0 + 4 * HOUR);
    await world.advance(30 * MINUTE);
    await world.client.resnapshot("loads");
    await world.settle();
    const second = { rowsBefore: 1_030, rowsCopied: 1_025 };
    const third = { rowsBefore: 1_032, rowsCopied: 1_040 };
    expect(await driftOf()).toEqual([null, second, third]);
    const [copy] = (await world.runs("loads")).filter(({ snapshot }) => snapshot?.cause === "requested");
    const ofOne = await world.client.audit("loads", { lower: copy!.lower, upper: copy!.upper });
    expect(ofOne.snapshots).toMatchObject([{ runId: copy!.id, drift: second }]);
  });

  it("compares nothing until it has succeeded, or if its job counts no rows", async () => {
    await world.client.register(loads());
    for (const hour of [1, 2]) await world.fireAt("loads", T0 + hour * HOUR);
    await world.advance(30 * MINUTE);
    copySlowly();
    await world.client.resnapshot("loads");
    await world.settle();
    expect(await driftOf()).toEqual([null, null]);
    world.operator.endAll();
    await world.settle();
    expect(await driftOf()).toEqual([null, null]);
  });
});
