import { beforeEach, describe, expect, it } from "@jest/globals";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed } from "../support/scripted-operator.js";
import { SplittingOperator, shardsOf } from "../support/splitting-operator.js";
import { World } from "../support/world.js";

let world: World;
let operator: SplittingOperator;
let runId: string;

beforeEach(async () => {
  operator = new SplittingOperator();
  operator.answerSplit = () => ({
    shards: shardsOf(["a", 1], ["b", 2], ["c", 5], ["d", 2]),
    snapshotToken: "v7",
  });
  operator.answer = ({ shard }) => {
    if (shard?.key === "c") return { state: "SUCCEEDED", metrics: { rowsRead: 50, rowsWritten: 49 } };
    return shard?.key === "b" ? failed("malformed", false) : "runs";
  };
  world = await World.start({ operator });
  await world.client.register(hourly("orders", { shards: { concurrency: 3 }, maxAttempts: 1 }));
  await world.fireAt("orders", T0 + HOUR);
  runId = (await world.runs("orders"))[0]!.id;
});

describe("the shards of a run", () => {
  it("are listed in the order of the split, with what each has done", async () => {
    const { items, next } = await world.client.shards(runId);
    expect(next).toBeUndefined();
    expect(items).toMatchObject([
      { key: "a", args: { part: "a" }, weight: 1, state: "RUNNING", openMldbState: "RUNNING", attempt: 1 },
      { key: "b", state: "FAILED", openMldbState: "FAILED", error: { message: "malformed" } },
      { key: "c", state: "SUCCEEDED", openMldbState: "SUCCESS", metrics: { rowsRead: 50 } },
      { key: "d", state: "RUNNING", jobAddress: expect.stringContaining("test://") },
    ]);
  });

  it("are listed by their state, a page at a time", async () => {
    const filter = { states: ["RUNNING", "SUCCEEDED"] } as const;
    const first = await world.client.shards(runId, filter, { limit: 2 });
    expect(first.items.map(({ key }) => key)).toEqual(["a", "c"]);
    const second = await world.client.shards(runId, filter, { limit: 2, cursor: first.next! });
    expect(second.items.map(({ key }) => key)).toEqual(["d"]);
    expect(second.next).toBeUndefined();
  });

  it("are counted, weighed, and said to end at the rate so far", async () => {
    await world.advance(10 * MINUTE);
    const { summary } = await world.client.shards(runId, {}, { limit: 1 });
    expect(summary).toEqual({
      plannedAt: T0 + HOUR,
      snapshotToken: "v7",
      mergingAt: null,
      count: 4,
      states: { RUNNING: 2, SUCCEEDED: 1, FAILED: 1 },
      metrics: { rowsRead: 50, rowsWritten: 49 },
      rowsPerSecond: 0.08,
      done: 0.5,
      expectedEndAt: T0 + HOUR + 20 * MINUTE,
      slowest: "a",
    });
  });

  it("are said to end at the rate of the latest attempt, however long ago an earlier one was", async () => {
    operator.endAll({ state: "FAILED", error: { code: "JOB_FAILED", message: "full" }, isRetryable: false });
    await world.settle();
    await world.advance(7 * 24 * HOUR);
    operator.answer = ({ shard }) =>
      shard?.key === "b" ? { state: "SUCCEEDED", metrics: { rowsRead: 6_000 } } : "runs";
    await world.client.retryRun(runId);
    await world.settle();
    const begun = world.clock.now();
    await world.advance(10 * MINUTE);
    const { summary } = await world.client.shards(runId);
    expect(summary).toMatchObject({
      states: { RUNNING: 2, SUCCEEDED: 2 },
      rowsPerSecond: 10,
      done: 0.7,
      expectedEndAt: begun + 25 * MINUTE,
    });
  });

  it("are being reassigned once their manager is gone", async () => {
    await world.stop();
    const split = await reopened(async () => world.client.shards(runId));
    expect(split.items.map(({ state }) => state)).toEqual([
      "REASSIGNING",
      "FAILED",
      "SUCCEEDED",
      "REASSIGNING",
    ]);
    expect(split.items[0]).toMatchObject({ openMldbState: "REASSIGNING" });
  });

  it("are none of a run that is not split", async () => {
    await world.client.register(hourly("whole"));
    await world.fireAt("whole", T0 + 2 * HOUR);
    const [run] = await world.runs("whole");
    expect(await world.client.shards(run!.id)).toEqual({ items: [], summary: null });
  });

  it("are refused for a run that is unknown, and to a cursor of something else", async () => {
    await expect(world.client.shards("nobody")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
    const { next } = await world.client.runs({}, { limit: 1 });
    await expect(world.client.shards(runId, {}, { cursor: next ?? "x" })).rejects.toMatchObject({
      code: "ARGUMENT_INVALID",
      field: "cursor",
    });
  });
});

/** Reads the store, which has no manager at the moment. */
async function reopened<T>(read: () => Promise<T>): Promise<T> {
  await world.store.open();
  try {
    return await read();
  } finally {
    await world.store.close();
  }
}
