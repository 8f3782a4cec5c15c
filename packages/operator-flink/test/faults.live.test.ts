import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import type { DefinedOperator } from "@tidegate/operator-kit";
import { FlinkServer, SHORT_HEARTBEATS, TcpProxy } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";
import { createFlinkOperator, type FlinkOperatorOptions } from "../src/index.js";
import { answerLength, cancelByHand, failuresOf, jobsOf } from "./support/cluster.js";
import { Readings } from "./support/readings.js";
import { aRequest, MIDNIGHT, untroubled } from "./support/requests.js";

jest.setTimeout(300_000);

let flink: FlinkServer;
let readings: Readings;
let operators: DefinedOperator[];

beforeAll(async () => {
  // By default its gateway tries for a minute to reach a JobManager.
  flink = await FlinkServer.start({
    ...SHORT_HEARTBEATS,
    "rest.retry.max-attempts": "1",
    "rest.retry.delay": "100",
  });
}, 900_000);

afterAll(() => flink.dispose());

beforeEach(() => {
  readings = new Readings(flink.dataFolder);
  operators = [];
});

afterEach(async () => {
  await Promise.all(operators.map((operator) => operator.stop()));
  await flink.startAgain();
  for (const [jobId, status] of await jobsOf(flink))
    if (status === "RUNNING") await cancelByHand(flink, jobId);
});

describe("a JobManager that is down", () => {
  it("takes no jar as it is submitted, and does when it is back", async () => {
    const operator = anOperator();
    const request = aRequest(wordCount());
    await flink.killJobManager();
    await expect(operator.submit(request, untroubled())).rejects.toMatchObject({
      name: "OperatorError",
      code: "JOB_FAILED",
      message: expect.stringContaining("ECONNREFUSED"),
    });
    await expect(operator.find(request.idempotencyKey, request)).rejects.toThrow("ECONNREFUSED");
    await flink.startAgain();
    expect(await carryOut(operator, request)).toMatchObject({ state: "SUCCEEDED" });
  });

  it("leaves open what became of SQL, which is found to be nothing when it is back", async () => {
    const operator = anOperator();
    await carryOut(operator, aRequest(readings.copy()));
    const request = aRequest(readings.copy());
    await flink.killJobManager();
    await expect(operator.submit(request, untroubled())).rejects.toThrow(
      /^Whether Flink took job .* is not known/,
    );
    await flink.startAgain();
    expect(await operator.find(request.idempotencyKey, request)).toBeUndefined();
    expect(await carryOut(operator, request)).toMatchObject({ state: "SUCCEEDED" });
    expect(readings.times(MIDNIGHT)).toBe(1);
  });

  it("gets no SQL from who has never reached it", async () => {
    const request = aRequest(readings.copy());
    await flink.killJobManager();
    await expect(anOperator().submit(request, untroubled())).rejects.toMatchObject({
      name: "OperatorError",
      code: "JOB_FAILED",
      message: expect.stringContaining("No job was submitted"),
    });
  });

  it("holds up a wait, and has then forgotten the job, which may be run again", async () => {
    const operator = anOperator();
    const request = aRequest(readings.dripping());
    const { jobId } = await operator.submit(request, untroubled());
    const end = operator.wait(jobId, request, untroubled());
    await flink.killJobManager();
    await flink.startAgain();
    expect(await end).toMatchObject({
      state: "FAILED",
      isRetryable: true,
      error: { code: "JOB_LOST", message: expect.stringContaining("no longer knows job") },
    });
    const again = await operator.submit({ ...request, attempt: 2 }, untroubled());
    expect((await jobsOf(flink)).get(again.jobId)).not.toBe("FAILED");
  });

  it("makes an interval that is not replaced wait for a person", async () => {
    const operator = anOperator();
    const job = readings.dripping();
    const request = aRequest({ sql: { ...(job.sql as JsonObject), rerun: "appends" } });
    const { jobId } = await operator.submit(request, untroubled());
    const end = operator.wait(jobId, request, untroubled());
    await flink.killJobManager();
    await flink.startAgain();
    expect(await end).toMatchObject({
      state: "FAILED",
      isRetryable: false,
      error: { message: expect.stringContaining("not run again by itself") },
    });
  });

  it("fails a wait once it has been away for too long", async () => {
    const operator = anOperator({ unreachableMs: 1_000 });
    const request = aRequest(readings.dripping());
    const { jobId } = await operator.submit(request, untroubled());
    const end = operator.wait(jobId, request, untroubled());
    const failed = expect(end).rejects.toThrow("Flink has not answered for 1 s");
    await flink.killJobManager();
    await failed;
  });
});

describe("a gateway that is down", () => {
  it("takes nothing as SQL is submitted", async () => {
    const operator = anOperator();
    const request = aRequest(readings.copy());
    await flink.killGateway();
    await expect(operator.submit(request, untroubled())).rejects.toMatchObject({
      name: "OperatorError",
      code: "JOB_FAILED",
    });
    await flink.startAgain();
    expect(await carryOut(operator, request)).toMatchObject({ state: "SUCCEEDED" });
  });

  it("is not waited for by an attempt that is given up", async () => {
    const operator = anOperator();
    const request = aRequest(readings.copy());
    await flink.killGateway();
    const abort = new AbortController();
    const submission = operator.submit(request, { signal: abort.signal });
    const reason = new Error("given up");
    abort.abort(reason);
    await expect(submission).rejects.toBe(reason);
    expect(await operator.find(request.idempotencyKey, request)).toBeUndefined();
  });

  it("does not matter to a job that runs, and its lost sessions are opened again", async () => {
    const operator = anOperator();
    expect(await carryOut(operator, aRequest(readings.copy()))).toMatchObject({ state: "SUCCEEDED" });
    const running = aRequest(readings.dripping());
    const { jobId } = await operator.submit(running, untroubled());
    const end = operator.wait(jobId, running, untroubled());
    await flink.killGateway();
    await flink.startAgain();
    await until(async () => (await jobsOf(flink)).get(jobId) === "RUNNING", { what: "the job to run" });
    expect(await carryOut(operator, aRequest(readings.copy()))).toMatchObject({ state: "SUCCEEDED" });
    await operator.cancel(jobId, running);
    expect(await end).toMatchObject({ state: "CANCELLED" });
  });
});

describe("an answer that is lost after the submission", () => {
  it("is made good for SQL: the job is adopted by its id", async () => {
    const proxy = await TcpProxy.start(flink.gatewayPort);
    const operator = anOperator({ gatewayUrl: `http://127.0.0.1:${proxy.port}` });
    await carryOut(operator, aRequest(readings.copy()));
    const before = (await jobsOf(flink)).size;
    const cut = proxy.cutAfter(0, "to-client");
    const request = aRequest(readings.copy());
    const outcome = carryOut(operator, request);
    await cut;
    expect(await outcome).toMatchObject({ state: "SUCCEEDED" });
    const jobs = await jobsOf(flink);
    expect(jobs.get(request.idempotencyKey)).toBe("FINISHED");
    expect(jobs.size).toBe(before + 1);
    expect(readings.times(MIDNIGHT)).toBe(1);
    await operator.stop();
    await proxy.dispose();
  });

  it("is made good for a jar", async () => {
    const proxy = await TcpProxy.start(flink.restPort);
    const operator = anOperator({ url: `http://127.0.0.1:${proxy.port}` });
    await carryOut(operator, aRequest(wordCount()));
    const before = (await jobsOf(flink)).size;
    // The list of jars comes through whole, the answer to the run does not.
    const cut = proxy.cutAfter((await answerLength(`${flink.url}/jars`)) + 10, "to-client");
    const request = aRequest(wordCount());
    const outcome = carryOut(operator, request);
    await cut;
    expect(await outcome).toMatchObject({ state: "SUCCEEDED" });
    const jobs = await jobsOf(flink);
    expect(jobs.get(request.idempotencyKey)).toBe("FINISHED");
    expect(jobs.size).toBe(before + 1);
    await operator.stop();
    await proxy.dispose();
  });
});

describe("a job that is submitted twice", () => {
  it("is one job, by one operator or by two", async () => {
    const before = (await jobsOf(flink)).size;
    const request = aRequest(readings.copy());
    const [one, other] = [anOperator(), anOperator()];
    const jobs = await Promise.all(
      [one, one, other].map((operator) => operator.submit(request, untroubled())),
    );
    const repeated = await one.submit(request, untroubled());
    expect(new Set([...jobs, repeated].map(({ jobId }) => jobId))).toEqual(new Set([request.idempotencyKey]));
    expect(await one.wait(repeated.jobId, request, untroubled())).toMatchObject({ state: "SUCCEEDED" });
    expect((await jobsOf(flink)).size).toBe(before + 1);
  });

  it("is joined by the next attempt while it runs", async () => {
    const operator = anOperator();
    const request = aRequest(readings.dripping());
    const { jobId } = await operator.submit(request, untroubled());
    expect(await operator.submit({ ...request, attempt: 2 }, untroubled())).toMatchObject({ jobId });
    expect(await operator.find(request.idempotencyKey, { ...request, attempt: 3 })).toMatchObject({ jobId });
  });
});

describe("a job that ends badly", () => {
  it("tells Flink's innermost cause", async () => {
    const outcome = await carryOut(anOperator(), aRequest(readings.failing()));
    expect(outcome).toEqual({
      state: "FAILED",
      error: { code: "JOB_FAILED", message: "ArithmeticException: / by zero" },
      log: {
        first: 0,
        lines: expect.arrayContaining([
          expect.stringMatching(/^Caused by: java\.lang\.ArithmeticException: \/ by zero/),
        ]),
      },
    });
  });

  it("tells it of each job, however many have failed at once", async () => {
    const requests = Array.from({ length: 20 }, () => aRequest(readings.failing()));
    const submitting = anOperator();
    await Promise.all(requests.map((request) => submitting.submit(request, untroubled())));
    const hasFailed = async () => {
      const jobs = await jobsOf(flink);
      return requests.every(({ idempotencyKey }) => jobs.get(idempotencyKey) === "FAILED");
    };
    await until(hasFailed, { what: "all failures" });
    const waiting = anOperator();
    const outcomes = await Promise.all(
      requests.map((request) => waiting.wait(request.idempotencyKey, request, untroubled())),
    );
    const told = outcomes.map(({ error }) => error?.message);
    expect(told).toEqual(requests.map(() => "ArithmeticException: / by zero"));
  });

  it("is waited for while Flink restarts it", async () => {
    const operator = anOperator();
    const flinkConfiguration = {
      "restart-strategy.type": "fixed-delay",
      "restart-strategy.fixed-delay.attempts": "1",
      "restart-strategy.fixed-delay.delay": "1 s",
    };
    const request = aRequest({ sql: { ...(readings.failing().sql as JsonObject), flinkConfiguration } });
    const { jobId } = await operator.submit(request, untroubled());
    expect(await operator.wait(jobId, request, untroubled())).toMatchObject({
      state: "FAILED",
      error: { message: "ArithmeticException: / by zero" },
    });
    expect((await jobsOf(flink)).get(jobId)).toBe("FAILED");
    await until(async () => (await failuresOf(flink, jobId)) === 2, { what: "both failures" });
  });

  it("is not told again when its run is retried by hand, which begins with a first attempt", async () => {
    const operator = anOperator();
    const request = aRequest(readings.failing());
    expect(await carryOut(operator, request)).toMatchObject({ state: "FAILED" });
    const before = (await jobsOf(flink)).size;
    const { jobId } = await operator.submit(request, untroubled());
    expect(jobId).not.toBe(request.idempotencyKey);
    expect((await jobsOf(flink)).size).toBe(before + 1);
  });

  it("is a cancelled one when somebody stops it on Flink, and the next attempt is another job", async () => {
    const operator = anOperator();
    const request = aRequest(readings.dripping());
    const { jobId } = await operator.submit(request, untroubled());
    const end = operator.wait(jobId, request, untroubled());
    await until(async () => (await jobsOf(flink)).get(jobId) === "RUNNING", { what: "the job" });
    await cancelByHand(flink, jobId);
    expect(await end).toMatchObject({ state: "CANCELLED" });
    const next = await operator.submit({ ...request, attempt: 2 }, untroubled());
    expect(next.jobId).not.toBe(jobId);
  });
});

function anOperator(options: Partial<FlinkOperatorOptions> = {}): DefinedOperator {
  const { url, gatewayUrl, examplesJar } = flink;
  const operator = createFlinkOperator({ url, gatewayUrl, jarFolders: [dirname(examplesJar)], ...options });
  operators.push(operator);
  return operator;
}

async function carryOut(operator: DefinedOperator, request: OfflineJobRequest) {
  const { jobId } = await operator.submit(request, untroubled());
  return operator.wait(jobId, request, untroubled());
}

function wordCount(): JsonObject {
  return {
    jar: {
      path: flink.examplesJar,
      entryClass: "org.apache.flink.streaming.examples.wordcount.WordCount",
      programArgs: [
        ...["--execution-mode", "BATCH", "--input", pathToFileURL(readings.source).href],
        ...["--output", `${pathToFileURL(readings.target).href}/{{lower.epochMs}}`],
      ],
    },
  };
}
