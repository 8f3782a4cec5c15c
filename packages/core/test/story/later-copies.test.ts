import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { RetryOptions } from "../../src/client/run-control.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { SplittingOperator } from "../support/splitting-operator.js";
import { World } from "../support/world.js";

let world: World;

beforeEach(async () => {
  world = await World.start();
  world.operator.writesOf = () => "replace";
  world.operator.replacesTarget = () => true;
});
afterEach(() => world.stop());

const full = (more: Partial<ScheduleInfo> = {}): ScheduleInfo =>
  hourly("g", { mode: "full", catchup: "each", overlap: "queue", onFailure: "continue", ...more });

/** The hours up to which jobs copied everything, in order. */
const copied = (): number[] =>
  world.operator.submissions.map(({ upperBound }) => (Number(upperBound) - T0) / HOUR);

/** Two copies: the one up to one hour has failed, and the one up to two hours has succeeded. */
async function firstFailed(more: Partial<ScheduleInfo> = {}): Promise<string> {
  world.operator.answer = ({ upperBound }) =>
    upperBound === String(T0 + HOUR) ? failed("disk full", false) : SUCCEEDED;
  await world.client.register(full(more));
  await world.fireAt("g", T0 + HOUR);
  await world.fireAt("g", T0 + 2 * HOUR);
  world.operator.answer = () => SUCCEEDED;
  return (await world.runs("g"))[0]!.id;
}

/** Two copies that have both failed, of which the first was retried. Returns the second. */
async function firstRetried(): Promise<string> {
  world.operator.answer = () => failed("disk full", false);
  await world.client.register(full());
  await world.fireAt("g", T0 + HOUR);
  await world.fireAt("g", T0 + 2 * HOUR);
  world.operator.answer = () => SUCCEEDED;
  const [first, second] = await world.runs("g");
  await world.client.retryRun(first!.id);
  await world.settle();
  return second!.id;
}

const stateOf = async (id: string) => {
  const { reason, state } = await world.client.getRun(id);
  return [state, reason];
};

describe("an older full copy", () => {
  it("yields to a later one that has succeeded, when it is retried", async () => {
    const id = await firstFailed();
    await world.client.retryRun(id);
    await world.settle();
    expect(copied()).toEqual([1, 2]);
    expect(await stateOf(id)).toEqual(["SUCCEEDED", "snapshot-covered"]);
    expect((await world.client.audit("g")).isComplete).toBe(true);
    expect((await world.client.explain(id)).reasons[0]).toContain("snapshot-covered");
  });

  it("yields with the shards that it has, whose jobs are stopped", async () => {
    const operator = new SplittingOperator();
    const sharded = await World.start({ operator });
    operator.writesOf = () => "replace";
    operator.replacesTarget = () => true;
    operator.answer = ({ shard, upperBound }) => {
      if (upperBound !== String(T0 + HOUR) || shard?.key === "a") return SUCCEEDED;
      return shard?.key === "b"
        ? failed("disk full", false)
        : { throws: new Error("lost"), hasStarted: true };
    };
    await sharded.client.register(full({ maxAttempts: 1, shards: { maxAttempts: 1 } }));
    await sharded.fireAt("g", T0 + HOUR);
    await sharded.fireAt("g", T0 + 2 * HOUR);
    const { id } = (await sharded.runs("g"))[0]!;
    const before = operator.submissions.length;
    operator.answer = () => SUCCEEDED;
    await sharded.client.retryRun(id);
    await sharded.advance(MINUTE);
    expect(operator.submissions.slice(before)).toEqual([]);
    expect(operator.merged).toHaveLength(1);
    expect(operator.running).toEqual([]);
    expect(await sharded.client.getRun(id)).toMatchObject({ state: "SUCCEEDED", reason: "snapshot-covered" });
    await sharded.stop();
  });

  it.each(["retryRun", "cancelRun"] as const)(
    "has succeeded if a later one had to finish its merge: %s is refused, and nothing is merged again",
    async (command) => {
      const operator = new SplittingOperator();
      const sharded = await World.start({ operator });
      operator.writesOf = () => "replace";
      operator.replacesTarget = () => true;
      operator.mergeFailure = new Error("disk full");
      await sharded.client.register(full({ maxAttempts: 1, shards: {} }));
      await sharded.fireAt("g", T0 + HOUR);
      operator.mergeFailure = undefined;
      const { id, state } = (await sharded.runs("g"))[0]!;
      expect(state).toBe("FAILED");
      await sharded.fireAt("g", T0 + 2 * HOUR);
      const merges = operator.merged.length;
      await expect(sharded.client[command](id)).rejects.toMatchObject({ code: "RUN_STATE_ILLEGAL" });
      await sharded.settle();
      expect(operator.merged).toHaveLength(merges);
      expect(await sharded.client.getRun(id)).toMatchObject({ state: "SUCCEEDED", isJobOpen: false });
      await sharded.stop();
    },
  );

  it("is stopped before a later one begins, if its run has failed and its job may still end", async () => {
    world.operator.answer = ({ upperBound }) =>
      upperBound === String(T0 + HOUR) ? { throws: new Error("lost"), hasStarted: true } : SUCCEEDED;
    world.operator.cancelFailure = new Error("away");
    await world.client.register(full({ maxAttempts: 1 }));
    await world.fireAt("g", T0 + HOUR);
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(copied()).toEqual([1]);
    world.operator.cancelFailure = undefined;
    await world.advance(MINUTE);
    expect(copied()).toEqual([1, 2]);
    expect(world.operator.running).toEqual([]);
    expect((await world.runs("g")).map(({ state, isJobOpen }) => [state, isJobOpen])).toEqual([
      ["FAILED", false],
      ["SUCCEEDED", false],
    ]);
  });

  it("yields in a backfill, of which only the newest copy is made", async () => {
    await firstFailed();
    await world.client.backfill({ groupId: "g", from: T0 - 2 * HOUR, to: T0 + 2 * HOUR, select: "all" });
    await world.advance(HOUR / 2);
    expect(copied()).toEqual([1, 2, 2]);
  });

  it("yields when a person runs its interval again, and the newest one does not", async () => {
    await firstFailed();
    await world.client.trigger("g", { lower: T0, upper: T0 + HOUR });
    await world.settle();
    expect(copied()).toEqual([1, 2]);
    await world.client.trigger("g", { lower: T0 + HOUR, upper: T0 + 2 * HOUR });
    await world.settle();
    expect(copied()).toEqual([1, 2, 2]);
  });

  it("yields at its next attempt, if a later one went past it meanwhile", async () => {
    let attempts = 0;
    world.operator.answer = ({ upperBound }) => {
      if (upperBound !== String(T0 + HOUR)) return SUCCEEDED;
      attempts += 1;
      return failed("disk full");
    };
    await world.client.register(
      full({ overlap: "allow", maxActiveRuns: 2, backoff: { initialMs: 4 * HOUR, maxMs: 4 * HOUR } }),
    );
    await world.fireAt("g", T0 + HOUR);
    await world.fireAt("g", T0 + 2 * HOUR);
    await world.advance(4 * HOUR);
    expect(attempts).toBe(1);
    expect((await world.runs("g"))[0]).toMatchObject({ state: "SUCCEEDED", reason: "snapshot-covered" });
  });

  it("is made if no later one has: one that failed or was skipped takes nothing", async () => {
    await firstRetried();
    expect(copied()).toEqual([1, 2, 1]);
  });

  it("is not made if increments follow it, which it would remove: retried with the latest version, it is one itself", async () => {
    const id = await firstRetried();
    const { version } = await world.client.get("g");
    await world.client.update({ ...full(), mode: "incremental" }, { version });
    await world.fireAt("g", T0 + 3 * HOUR);
    const retried = async (options?: RetryOptions) => {
      await world.client.retryRun(id, options);
      await world.settle();
      const { error, state } = await world.client.getRun(id);
      return [state, error?.code];
    };
    expect(await retried()).toEqual(["FAILED", "RUN_STATE_ILLEGAL"]);
    expect(await retried({ version: "latest" })).toEqual(["SUCCEEDED", undefined]);
    expect(copied()).toEqual([1, 2, 1, 3, 2]);
    expect(world.operator.submissions.at(-1)).toMatchObject({ mode: "incremental" });
    expect((await world.client.audit("g")).isComplete).toBe(true);
  });

  it("yields to a later one also behind increments", async () => {
    const id = await firstFailed();
    const { version } = await world.client.get("g");
    await world.client.update({ ...full(), mode: "incremental" }, { version });
    await world.fireAt("g", T0 + 3 * HOUR);
    await world.client.retryRun(id);
    await world.settle();
    expect(await stateOf(id)).toEqual(["SUCCEEDED", "snapshot-covered"]);
    expect(copied()).toEqual([1, 2, 3]);
  });

  it("asks the ledger for later ones once for each copy, and never in another mode", async () => {
    const listed: unknown[] = [];
    const { listRuns } = world.store;
    world.store.listRuns = (filter, page) => {
      if (filter.states?.[0] === "SUCCEEDED" && filter.order === "descending") listed.push(filter);
      return listRuns.call(world.store, filter, page);
    };
    const id = await firstFailed();
    expect(listed).toHaveLength(2);
    await world.client.retryRun(id);
    await world.settle();
    expect(listed).toHaveLength(3);
    await world.client.register({ ...hourly("other"), onFailure: "continue" });
    await world.fireAt("other", T0 + 2 * HOUR);
    await world.client.trigger("other", { lower: T0, upper: T0 + HOUR });
    await world.settle();
    expect(listed).toHaveLength(3);
  });
});

it("a schedule of full copies that seals time is told that they write it again", async () => {
  const { notes } = await world.client.register(full({ seal: { afterMs: HOUR } }));
  expect(notes).toContainEqual(expect.stringMatching(/^mode: .*sealed/));
});

describe("a full copy whose effect the operator does not know", () => {
  beforeEach(() => {
    world.operator.writesOf = () => undefined;
  });

  const note = expect.stringContaining("may put an older copy over a later one");

  it("is made again whatever came later, which registration notes", async () => {
    expect((await world.client.register(full())).notes).toContainEqual(note);
    await world.fireAt("g", T0 + 2 * HOUR);
    await world.client.trigger("g", { lower: T0, upper: T0 + HOUR });
    await world.settle();
    expect(copied()).toEqual([1, 2, 1]);
  });

  it.each(["replace", "upsert"] as const)("follows what the schedule says: %s", async (resnapshotBy) => {
    expect((await world.client.register(full({ resnapshotBy }))).notes).not.toContainEqual(note);
    await world.fireAt("g", T0 + 2 * HOUR);
    await world.client.trigger("g", { lower: T0, upper: T0 + HOUR });
    await world.settle();
    // An upsert of older rows leaves those of the later copy.
    expect(copied()).toEqual(resnapshotBy === "replace" ? [1, 2] : [1, 2, 1]);
  });
});
