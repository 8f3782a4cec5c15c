import { describe, expect, it, jest } from "@jest/globals";
import { LOG_BYTES } from "../../src/job/job-log.js";
import type { JobOutcome } from "../../src/job/job-outcome.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { HOUR, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { SplittingOperator, shardsOf } from "../support/splitting-operator.js";
import { World, type WorldOptions } from "../support/world.js";

const logging = (outcome: JobOutcome, ...lines: string[]): JobOutcome => ({ ...outcome, log: { lines } });

/** Starts a manager, and has one run of `orders` claimed. */
async function aWorld(options: WorldOptions & { answer?: World["operator"]["answer"] } = {}, spec = {}) {
  const { answer, ...rest } = options;
  const world = await World.start(rest);
  if (answer !== undefined) world.operator.answer = answer;
  await world.client.register(hourly("orders", spec));
  await world.fireAt("orders", T0 + HOUR);
  const [run] = await world.runs("orders");
  return { world, id: run!.id, logs: world.client.logs.bind(world.client) };
}

describe("the log of an attempt", () => {
  it("is what its job's outcome had, and never changes", async () => {
    const { id, logs } = await aWorld({ answer: () => logging(SUCCEEDED, "read 3", "wrote 3") });
    expect(await logs(id)).toEqual({
      runId: id,
      attempt: 1,
      attempts: 1,
      lines: ["read 3", "wrote 3"],
      first: 0,
      next: 2,
      isEnded: true,
      isFinal: true,
    });
  });

  it("is read from a line on, and there is nothing behind the last one", async () => {
    const { id, logs } = await aWorld({ answer: () => logging(SUCCEEDED, "a", "b", "c") });
    expect(await logs(id, { after: 1 })).toMatchObject({ lines: ["b", "c"], first: 1, next: 3 });
    expect(await logs(id, { after: 3 })).toMatchObject({ lines: [], next: 3, isFinal: true });
    expect(await logs(id, { after: 9 })).toMatchObject({ lines: [], next: 9 });
  });

  it("belongs to that attempt, counted over all retries of the run", async () => {
    let attempts = 0;
    const answer = () => {
      attempts += 1;
      return logging(attempts < 3 ? failed("no") : SUCCEEDED, `attempt ${attempts}`);
    };
    const { world, id, logs } = await aWorld({ answer }, { maxAttempts: 2, backoff: { initialMs: 1_000 } });
    expect(await logs(id)).toMatchObject({ attempt: 1, lines: ["attempt 1"], isEnded: true, isFinal: true });
    await world.advance(HOUR / 2);
    expect(await logs(id)).toMatchObject({ attempt: 2, attempts: 2, lines: ["attempt 2"] });
    await world.client.retryRun(id);
    await world.settle();
    expect(await logs(id)).toMatchObject({ attempt: 3, attempts: 3, lines: ["attempt 3"] });
    for (const attempt of [1, 2, 3])
      expect(await logs(id, { attempt })).toMatchObject({
        attempt,
        lines: [`attempt ${attempt}`],
        isFinal: true,
      });
    await expect(logs(id, { attempt: 4 })).rejects.toMatchObject({
      code: "ARGUMENT_INVALID",
      field: "attempt",
      message: expect.stringContaining("3 attempts"),
    });
  });

  it.each([
    ["was cancelled", { state: "CANCELLED" }, "CANCELLED"],
    ["had succeeded before it was to stop", SUCCEEDED, "SUCCEEDED"],
  ] as const)("is kept as well if its job %s", async (_, outcome, state) => {
    const { world, id, logs } = await aWorld({ answer: () => "runs" });
    world.operator.onCancel = logging(outcome, "so far");
    await world.client.cancelRun(id);
    await world.settle();
    expect(await world.client.getRun(id)).toMatchObject({ state });
    expect(await logs(id)).toMatchObject({ lines: ["so far"], isFinal: true });
  });

  it("is kept as well if its job timed out", async () => {
    const { world, id, logs } = await aWorld({ answer: () => "runs" }, { timeoutMs: 60_000, maxAttempts: 1 });
    world.operator.onCancel = logging({ state: "CANCELLED" }, "so slow");
    await world.advance(60_000);
    expect(await world.client.getRun(id)).toMatchObject({ state: "FAILED" });
    expect(await logs(id)).toMatchObject({ lines: ["so slow"], isFinal: true });
  });

  it("is kept as well if it has too many bad rows", async () => {
    const { world, id, logs } = await aWorld(
      { answer: () => "runs" },
      { maxAttempts: 1, dirtyData: { maxRows: 0 } },
    );
    world.operator.endAll(logging({ state: "SUCCEEDED", metrics: { rowsDirty: 1 } }, "one was bad"));
    await world.settle();
    expect(await world.client.getRun(id)).toMatchObject({ state: "FAILED" });
    expect(await logs(id)).toMatchObject({ lines: ["one was bad"] });
  });

  it("has the last 256 kB, and says how much was before", async () => {
    const lines = Array.from({ length: 4_000 }, (_, n) => `${n}`.padEnd(99, "é"));
    const { id, logs } = await aWorld({ answer: () => logging(SUCCEEDED, ...lines) });
    const kept = await logs(id);
    expect(kept.next).toBe(4_000);
    expect(kept.lines).toEqual(lines.slice(kept.first));
    const bytes = (from: number) => Buffer.byteLength(lines.slice(from).join("\n")) + 1;
    expect(bytes(kept.first)).toBeLessThanOrEqual(LOG_BYTES);
    expect(bytes(kept.first - 1)).toBeGreaterThan(LOG_BYTES);
  });

  it("has each line in one line, and none of more than 8,000 characters", async () => {
    const { id, logs } = await aWorld({ answer: () => logging(SUCCEEDED, "a\r\nb\nc", "x".repeat(9_000)) });
    const { lines } = await logs(id);
    expect(lines[0]).toBe("a b c");
    expect(lines[1]).toMatch(/^x+ … \(9000 characters in all\)$/);
    expect(lines[1]).toHaveLength(8_000);
  });
});

describe("a run without a log", () => {
  it.each([
    ["its job has logged nothing", SUCCEEDED],
    ["its log is empty", logging(SUCCEEDED)],
    ["its log is malformed", { ...SUCCEEDED, log: { lines: [7] } } as unknown as JobOutcome],
  ])("costs the store nothing, and has no lines, if %s", async (_, outcome) => {
    const store = new MemoryStore();
    const keepLogs = jest.spyOn(store, "keepLogs");
    const { world, id, logs } = await aWorld({ store, answer: () => outcome });
    expect(await world.client.getRun(id)).toMatchObject({ state: "SUCCEEDED" });
    expect(keepLogs).not.toHaveBeenCalled();
    expect(await logs(id)).toMatchObject({ attempt: 1, lines: [], isEnded: true, isFinal: false });
  });

  it("has ended all the same if its log could not be kept", async () => {
    const store = new MemoryStore();
    jest.spyOn(store, "keepLogs").mockRejectedValue(new Error("The disk is full."));
    const { world, id, logs } = await aWorld({ store, answer: () => logging(SUCCEEDED, "lost") });
    expect(await world.client.getRun(id)).toMatchObject({ state: "SUCCEEDED", isJobOpen: false });
    expect(await logs(id)).toMatchObject({ lines: [], isEnded: true, isFinal: false });
    expect(world.eventsOf("trouble")).toMatchObject([{ error: { message: "The disk is full." } }]);
  });

  it("has no attempt before it is claimed", async () => {
    const { world } = await aWorld({ answer: () => "runs" });
    await world.fireAt("orders", T0 + 2 * HOUR);
    const waiting = (await world.runs("orders"))[1]!.id;
    expect(await world.client.logs(waiting)).toMatchObject({
      attempt: 0,
      attempts: 0,
      lines: [],
      isEnded: false,
    });
    await expect(world.client.logs(waiting, { attempt: 1 })).rejects.toMatchObject({
      code: "ARGUMENT_INVALID",
    });
    await world.client.cancelRun(waiting);
    expect(await world.client.logs(waiting)).toMatchObject({ attempt: 0, attempts: 0, isEnded: false });
  });

  it("is told from a run that does not exist", async () => {
    const { logs } = await aWorld();
    await expect(logs("nobody")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  });
});

describe("a run that is cancelled between two attempts", () => {
  it("has had only those that have begun", async () => {
    const answer = () => logging(failed("no"), "tried");
    const { world, id, logs } = await aWorld({ answer }, { maxAttempts: 3 });
    await world.client.cancelRun(id);
    expect(await world.client.getRun(id)).toMatchObject({ state: "CANCELLED" });
    expect(await logs(id)).toMatchObject({ attempt: 1, attempts: 1, lines: ["tried"], isFinal: true });
  });
});

describe("the log of a running job", () => {
  it("is what its operator shows, and goes on in what is kept of it", async () => {
    const { world, id, logs } = await aWorld({ answer: () => "runs" });
    const asked: unknown[] = [];
    world.operator.logs = async (jobId, request, { after }) => {
      asked.push([jobId, request.runId, after]);
      return { lines: ["a", "b", "c"].slice(after), first: after };
    };
    const live = await logs(id, { after: 1 });
    expect(live).toMatchObject({
      attempt: 1,
      lines: ["b", "c"],
      first: 1,
      next: 3,
      isEnded: false,
      isFinal: false,
    });
    expect(asked).toEqual([["job-1", id, 1]]);
    world.operator.endAll(logging(SUCCEEDED, "a", "b", "c", "d"));
    await world.settle();
    expect(await logs(id, { after: live.next })).toMatchObject({
      lines: ["d"],
      first: 3,
      next: 4,
      isFinal: true,
    });
    expect(asked).toHaveLength(1);
  });

  it("is empty if its operator shows none, or another manager has the job", async () => {
    const { world, id, logs } = await aWorld({ answer: () => "runs" });
    expect(await logs(id, { after: 4 })).toMatchObject({ lines: [], next: 4, isEnded: false });
    world.operator.logs = async () => ({ lines: [] });
    expect(await logs(id, { after: 4 })).toMatchObject({ lines: [], next: 4, isEnded: false });
  });

  it.each([
    [
      "fails",
      async () => Promise.reject(new Error("away")),
      { code: "JOB_FAILED", message: /cannot be read now: away/ },
    ],
    [
      "breaks the contract",
      async () => ({ lines: "a" }),
      { code: "OPERATOR_ANSWER_INVALID", field: "lines" },
    ],
  ])("is refused if its operator %s, which does nothing to the run", async (_, answer, refusal) => {
    const { world, id, logs } = await aWorld({ answer: () => "runs" });
    world.operator.logs = answer as never;
    const { message, ...rest } = { message: /./, ...refusal };
    await expect(logs(id)).rejects.toMatchObject({ ...rest, message: expect.stringMatching(message) });
    expect(await world.client.getRun(id)).toMatchObject({ state: "RUNNING" });
  });

  it("is waited for 10 s", async () => {
    const { world, id, logs } = await aWorld({ answer: () => "runs" });
    let signal: AbortSignal | undefined;
    world.operator.logs = (_jobId, _request, context) => {
      signal = context.signal;
      return new Promise(() => undefined);
    };
    const reading = expect(logs(id)).rejects.toMatchObject({ code: "JOB_FAILED" });
    await world.advance(10_000);
    await reading;
    expect(signal?.aborted).toBe(true);
  });
});

describe("a manager that ends in between", () => {
  it("has kept every log by the time it has stopped", async () => {
    const store = new MemoryStore();
    const { world, id } = await aWorld({ store, answer: () => "runs" });
    const keep = store.keepLogs.bind(store);
    jest.spyOn(store, "keepLogs").mockImplementation(async (logs) => {
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
      return keep(logs);
    });
    world.operator.endAll(logging(SUCCEEDED, "done"));
    await world.restart();
    expect(await world.client.logs(id)).toMatchObject({ lines: ["done"], isFinal: true });
  });

  it("leaves the log of its attempt to the next one, which goes on with it", async () => {
    const { world, id } = await aWorld({ answer: () => "runs" });
    await world.stop();
    await world.start();
    world.operator.endAll(logging(SUCCEEDED, "whole"));
    await world.settle();
    expect(await world.client.logs(id)).toMatchObject({ attempt: 1, lines: ["whole"], isFinal: true });
  });
});

describe("a run that is split", () => {
  it("has the lines of its shards, each behind the shard's key", async () => {
    const operator = new SplittingOperator();
    operator.answerSplit = () => ({ shards: shardsOf(["a", 2], ["b", 1]) });
    operator.answer = ({ shard, attempt }) =>
      logging(shard!.key === "b" && attempt === 1 ? failed("no") : SUCCEEDED, `try ${attempt}`, "end");
    const { world, id, logs } = await aWorld({ operator }, { shards: { concurrency: 1 } });
    await world.advance(HOUR / 2);
    expect(await world.client.getRun(id)).toMatchObject({ state: "SUCCEEDED" });
    const { lines, isFinal } = await logs(id);
    expect(lines).toEqual(["a: try 1", "a: end", "b: try 1", "b: end", "b: try 2", "b: end"]);
    expect(isFinal).toBe(true);
  });

  it("has them as well if a shard has failed for good", async () => {
    const operator = new SplittingOperator();
    operator.answerSplit = () => ({ shards: shardsOf(["a", 1]) });
    operator.answer = () => logging({ ...failed("no"), isRetryable: false }, "no table");
    const { world, id, logs } = await aWorld({ operator }, { shards: {} });
    await world.settle();
    expect(await world.client.getRun(id)).toMatchObject({ state: "FAILED" });
    expect(await logs(id)).toMatchObject({ lines: ["a: no table"], isFinal: true });
  });

  it("shows no lines while it runs: its job is not the operator's", async () => {
    const operator = new SplittingOperator();
    operator.answerSplit = () => ({ shards: shardsOf(["a", 1], ["b", 2]) });
    operator.answer = () => "runs";
    operator.logs = () => Promise.reject(new Error("There is no such job."));
    const { id, logs } = await aWorld({ operator }, { shards: {} });
    expect(await logs(id)).toMatchObject({ attempt: 1, lines: [], isEnded: false });
  });
});
