import { describe, expect, it } from "@jest/globals";
import { createTidegate, type JsonObject, OperatorError } from "@tidegate/core";
import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import {
  createFunctionOperator,
  type FunctionCall,
  functionOperator,
  type JobFunctions,
} from "../src/index.js";
import { aRequest } from "./request.js";

const START = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const untroubled = () => ({ signal: new AbortController().signal });

/** Submits a job and waits for its end. */
async function endOf(functions: JobFunctions, job: JsonObject = {}, overrides = {}) {
  const operator = createFunctionOperator(functions);
  const request = aRequest(job, overrides);
  const { jobId } = await operator.submit(request, untroubled());
  return operator.wait(jobId, request, untroubled());
}

describe("a function", () => {
  it("gets its interval as dates, its attempt, its key and its arguments", async () => {
    const calls: FunctionCall[] = [];
    const load = (call: FunctionCall) => void calls.push(call);
    await endOf({ load }, { function: "load", args: { table: "orders" } }, { attempt: 2 });
    expect(calls).toEqual([
      expect.objectContaining({
        groupId: "orders",
        lower: new Date("2026-01-01T00:00:00Z"),
        upper: new Date("2026-01-02T00:00:00Z"),
        attempt: 2,
        key: aRequest({}).idempotencyKey,
        args: { table: "orders" },
      }),
    ]);
  });

  it("needs no name where it is the only one", async () => {
    expect(await endOf({ load: () => {} })).toMatchObject({ state: "SUCCEEDED" });
  });

  it("may be synchronous", async () => {
    expect(await endOf({ load: () => ({ rowsRead: 3 }) })).toEqual({
      state: "SUCCEEDED",
      metrics: { rowsRead: 3 },
    });
  });

  it("reports figures as it goes on, and those it returns replace them", async () => {
    const outcome = await endOf({
      load: ({ progress }) => {
        progress({ rowsRead: 10 });
        progress({ rowsRead: 20, bytesWritten: 5 });
        return { rowsWritten: 19, bytesWritten: 6 };
      },
    });
    expect(outcome.metrics).toEqual({ rowsRead: 20, rowsWritten: 19, bytesWritten: 6 });
  });

  it("fails by what it throws, with the figures up to then", async () => {
    const outcome = await endOf({
      load: ({ progress }) => {
        progress({ rowsRead: 7 });
        throw new Error("The source is away.");
      },
    });
    expect(outcome).toEqual({
      state: "FAILED",
      metrics: { rowsRead: 7 },
      error: { code: "JOB_FAILED", message: "The source is away." },
    });
  });

  it("is not retried when it says that the job is invalid", async () => {
    const load = () => Promise.reject(new OperatorError("JOB_INVALID", "There is no table orders."));
    expect(await endOf({ load })).toMatchObject({
      state: "FAILED",
      error: { code: "JOB_INVALID" },
      isRetryable: false,
    });
  });

  it("has succeeded when it returns although it was asked to stop", async () => {
    const operator = createFunctionOperator({
      load: ({ signal }) => new Promise<void>((resolve) => (signal.onabort = () => resolve())),
    });
    const { jobId } = await operator.submit(aRequest({}), untroubled());
    await operator.cancel(jobId, aRequest({}));
    expect(await operator.wait(jobId, aRequest({}), untroubled())).toMatchObject({ state: "SUCCEEDED" });
  });

  it("is asked to stop when its attempt is aborted", async () => {
    const operator = createFunctionOperator({
      load: ({ signal }) => new Promise((_, reject) => (signal.onabort = () => reject(signal.reason))),
    });
    const attempt = new AbortController();
    const { jobId } = await operator.submit(aRequest({}), { signal: attempt.signal });
    attempt.abort(new OperatorError("JOB_TIMED_OUT", "Too long."));
    expect(await operator.wait(jobId, aRequest({}), untroubled())).toMatchObject({
      state: "CANCELLED",
      error: { code: "JOB_TIMED_OUT" },
    });
  });

  it("counts as running until it has returned, however often it is cancelled", async () => {
    let finish = () => {};
    const operator = createFunctionOperator({
      load: () => new Promise<void>((resolve) => (finish = resolve)),
    });
    const { jobId } = await operator.submit(aRequest({}), untroubled());
    let isStopped = false;
    const stopping = operator.cancel(jobId, aRequest({})).then(() => (isStopped = true));
    await new Promise(setImmediate);
    expect(isStopped).toBe(false);
    expect(await operator.find(aRequest({}).idempotencyKey, aRequest({}))).toEqual({ jobId });
    finish();
    await stopping;
  });
});

describe("the lines that a function logs", () => {
  it("come with its outcome, each of a text that has several", async () => {
    const load = ({ log }: FunctionCall) => {
      log("read\r\nwritten\n");
      log("");
      log("done");
    };
    expect(await endOf({ load })).toMatchObject({
      log: { lines: ["read", "written", "", "done"], first: 0 },
    });
  });

  it("come with a failure as well, and with a call that was stopped", async () => {
    const fail = ({ log }: FunctionCall) => {
      log("so far");
      throw new Error("The source is away.");
    };
    expect(await endOf({ load: fail })).toMatchObject({ state: "FAILED", log: { lines: ["so far"] } });
  });

  it("are none if it logs nothing", async () => {
    expect(await endOf({ load: () => {} })).not.toHaveProperty("log");
  });

  it("are shown while it runs, by the numbers that they keep", async () => {
    let finish = () => {};
    const ended = new Promise<void>((resolve) => (finish = resolve));
    const load = async ({ log }: FunctionCall) => {
      log("one");
      log("two");
      await ended;
      log("three");
    };
    const operator = createFunctionOperator({ load });
    const { jobId } = await operator.submit(aRequest({}), untroubled());
    await new Promise(setImmediate);
    const shown = async (after: number) => operator.logs!(jobId, aRequest({}), { ...untroubled(), after });
    expect(await shown(0)).toEqual({ lines: ["one", "two"], first: 0 });
    expect(await shown(2)).toEqual({ lines: [], first: 2 });
    finish();
    await operator.wait(jobId, aRequest({}), untroubled());
    expect(await shown(2)).toEqual({ lines: ["three"], first: 2 });
  });

  it("are the last 256 kB of all that it has logged", async () => {
    const load = ({ log }: FunctionCall) => {
      for (let n = 0; n < 100_000; n += 1) log(`${n}`.padEnd(63, "."));
    };
    const { log } = await endOf({ load });
    expect(log).toMatchObject({ first: 100_000 - 4_096 });
    expect(log!.lines).toHaveLength(4_096);
    expect(log!.lines.at(-1)).toMatch(/^99999\.+$/);
  });

  it("are kept with the run, and read by whoever has its id", async () => {
    const store = new MemoryStore();
    const clock = new VirtualClock({ start: START });
    const load = ({ log, lower }: FunctionCall) => log(`from ${lower.toISOString()}`);
    const tidegate = createTidegate({
      store,
      clock,
      engines: [embeddedEngine()],
      operators: [functionOperator({ load })],
    });
    await tidegate.start();
    await tidegate.client.register({
      groupId: "orders",
      trigger: { type: "period", every: 1, unit: "hour" },
      job: {},
    });
    await clock.advance(HOUR);
    for (let turn = 0; turn < 5; turn += 1) await clock.advance(0);
    const { items } = await tidegate.client.runs({ groupId: "orders" });
    expect(await tidegate.client.logs(items[0]!.id)).toMatchObject({
      lines: ["from 2026-01-01T00:00:00.000Z"],
      isFinal: true,
    });
    await tidegate.stop();
  });
});

describe("a second submission under one key", () => {
  it("joins the call that runs", async () => {
    const keys: string[] = [];
    const operator = createFunctionOperator({ load: async ({ key }) => void keys.push(key) });
    const [first, second] = await Promise.all([
      operator.submit(aRequest({}), untroubled()),
      operator.submit(aRequest({}, { attempt: 2 }), untroubled()),
    ]);
    expect(second).toEqual(first);
    await operator.wait(first.jobId, aRequest({}), untroubled());
    expect(keys).toHaveLength(1);
  });

  it("calls the function anew after a failure", async () => {
    const attempts: number[] = [];
    const load = ({ attempt }: FunctionCall) => {
      attempts.push(attempt);
      if (attempt === 1) throw new Error("Not yet.");
    };
    const operator = createFunctionOperator({ load });
    for (const attempt of [1, 2]) {
      const { jobId } = await operator.submit(aRequest({}, { attempt }), untroubled());
      await operator.wait(jobId, aRequest({}), untroubled());
    }
    expect(attempts).toEqual([1, 2]);
  });
});

describe("a set of functions", () => {
  it.each([
    ["nothing", undefined, "must be an object of functions by name"],
    ["an empty object", {}, "must name at least one function"],
    ["a value that is no function", { load: "load" }, "must be a function, but is string"],
    ["a malformed name", { "lo ad": () => {} }, "the name must be"],
  ])("is refused when it is %s", (_, functions, problem) => {
    expect(() => functionOperator(functions as JobFunctions)).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", message: expect.stringContaining(problem) }),
    );
  });

  it.each([
    ["an unknown function", { function: "lod" }, "job.function"],
    ["a field that does not exist", { function: "load", argz: {} }, "job.argz"],
    ["arguments that are no object", { function: "load", args: 1 }, "job.args"],
    ["no name among several", {}, "job.function"],
  ])("refuses a job with %s", (_, job, field) => {
    const operator = createFunctionOperator({ load: () => {}, store: () => {} });
    expect(() => operator.validate(job)).toThrow(expect.objectContaining({ code: "JOB_INVALID", field }));
  });
});

describe("a schedule of a function", () => {
  it("calls it once for each interval, in order", async () => {
    const clock = new VirtualClock({ start: START });
    const intervals: string[] = [];
    const tidegate = createTidegate({
      store: new MemoryStore(),
      engines: [embeddedEngine()],
      operators: [
        functionOperator({
          load: async ({ lower, upper }) =>
            void intervals.push(`${lower.toISOString()} ${upper.toISOString()}`),
        }),
      ],
      clock,
    });
    await tidegate.start();
    await tidegate.client.register({
      groupId: "orders",
      trigger: { type: "period", every: 1, unit: "hour" },
      job: {},
    });
    await clock.advance(3 * HOUR);
    expect(intervals).toEqual([
      "2026-01-01T00:00:00.000Z 2026-01-01T01:00:00.000Z",
      "2026-01-01T01:00:00.000Z 2026-01-01T02:00:00.000Z",
      "2026-01-01T02:00:00.000Z 2026-01-01T03:00:00.000Z",
    ]);
    expect((await tidegate.client.audit("orders")).isSound).toBe(true);
    await tidegate.stop();
  });
});

describe("a function that can be split", () => {
  const staged = new Map<string, number[]>();
  const published = new Map<string, number[]>();
  /** Copies the hours of its interval; the rows of each shard are seen once all are there. */
  const copy: JobFunctions = {
    copy: {
      split: ({ lower, upper, target }) => ({
        shards: Array.from({ length: target }, (_, n) => {
          const width = (Number(upper) - Number(lower)) / target;
          const from = Number(lower) + n * width;
          return { key: `[${from}, ${from + width})`, args: { from, to: from + width } };
        }),
      }),
      run: ({ shard, key }) => {
        const { from, to } = shard!.args as { from: number; to: number };
        const rows = [];
        for (let hour = from; hour < to; hour += HOUR) rows.push(hour);
        staged.set(key, rows);
        return { rowsRead: rows.length };
      },
      merge: ({ key }, results) => {
        published.set(key, [...staged.values()].flat());
        expect(results).toHaveLength(4);
      },
    },
    whole: () => undefined,
  };

  it("works on each shard, and publishes all of them together", async () => {
    const clock = new VirtualClock({ start: START });
    const tidegate = createTidegate({
      store: new MemoryStore(),
      engines: [embeddedEngine()],
      operators: [functionOperator(copy)],
      clock,
    });
    await tidegate.start();
    await tidegate.client.register({
      groupId: "orders",
      trigger: { type: "period", every: 1, unit: "day" },
      startTime: START,
      job: { function: "copy" },
      shards: { target: 4 },
    });
    await clock.advance(25 * HOUR);
    const { items } = await tidegate.client.runs({ groupId: "orders" });
    expect(items).toMatchObject([{ state: "SUCCEEDED", metrics: { rowsRead: 24 } }]);
    const hours = Array.from({ length: 24 }, (_, n) => START + n * HOUR);
    expect(published.get(items[0]!.id)).toEqual(hours);
    await tidegate.stop();
  });

  it("may be there beside one that cannot", () => {
    const operator = createFunctionOperator(copy);
    expect(operator.canSplit({ function: "copy" })).toBe(true);
    expect(operator.canSplit({ function: "whole" })).toBe(false);
  });

  it.each<[string, unknown]>([
    ["load.split", { load: { run: () => undefined } }],
    ["load.run", { load: { split: () => ({ shards: [] }) } }],
    ["load.merge", { load: { run: () => undefined, split: () => ({ shards: [] }), merge: 1 } }],
  ])("is refused without %s", (field, functions) => {
    expect(() => createFunctionOperator(functions as never)).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", field: expect.stringContaining(field) }),
    );
  });
});

describe("positions", () => {
  const OFFSET = {
    boundaryType: "OFFSET",
    lowerBound: '{"0":"3"}',
    upperBound: '{"0":"9","1":"2"}',
    interval: { lower: START, upper: START + HOUR },
  } as const;

  it("come by partition, beside the time that the run stands for", async () => {
    const calls: FunctionCall[] = [];
    await endOf({ load: (call) => void calls.push(call) }, {}, OFFSET);
    await endOf({ load: (call) => void calls.push(call) }, {}, { ...OFFSET, lowerBound: "beginning" });
    await endOf({ load: (call) => void calls.push(call) });
    expect(calls.map(({ offsets }) => offsets)).toEqual([
      { lower: { "0": "3" }, upper: { "0": "9", "1": "2" } },
      { lower: {}, upper: { "0": "9", "1": "2" } },
      null,
    ]);
    expect(calls[0]).toMatchObject({ lower: new Date(START), upper: new Date(START + HOUR) });
  });

  it("that are none are refused", async () => {
    await expect(endOf({ load: () => {} }, {}, { ...OFFSET, upperBound: "9" })).rejects.toMatchObject({
      code: "JOB_INVALID",
      field: "upperBound",
    });
  });
});
