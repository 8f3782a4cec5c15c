import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { OperatorError } from "@tidegate/core";
import { SystemClock } from "@tidegate/core/clock";
import type { DefinedOperator } from "@tidegate/operator-kit";
import { freePort, SeaTunnelServer, TcpProxy } from "@tidegate/test-servers";
import { aRequest, until, untroubled } from "@tidegate/testkit";
import { createSeaTunnelOperator, type SeaTunnelOperatorOptions } from "../src/index.js";
import { bytesOfLists, isIdle, jobsNamed, untilItReads } from "./support/cluster.js";
import { rejectionOf, Warehouse } from "./support/jobs.js";

// A job takes one or two seconds, on a busy machine many more.
jest.setTimeout(300_000);

/** Past the operator's usual deadline. */
const LATER_MS = 2 * 3_600_000;

const ROWS = ["1,ann,2026-01-01 00:00:00", "2,bob,2026-01-01 00:59:59", "3,eve,2026-01-01 01:00:00"];

let server: SeaTunnelServer;
let proxy: TcpProxy;
let warehouse: Warehouse;
let key: string;
let count = 0;
const operators: DefinedOperator[] = [];

beforeAll(async () => {
  server = await SeaTunnelServer.start();
}, 900_000);

afterAll(() => server.dispose());

beforeEach(async () => {
  count += 1;
  key = count.toString(16).padStart(32, "f");
  warehouse = new Warehouse(server.directory, `faults-${count}`);
  warehouse.put(ROWS);
  proxy = await TcpProxy.start(server.port);
});

afterEach(async () => {
  await Promise.all(operators.splice(0).map((operator) => operator.stop()));
  await proxy.dispose();
});

/** An operator that reaches the server through the proxy. */
function anOperator(options: Partial<SeaTunnelOperatorOptions> = {}): DefinedOperator {
  const url = `http://127.0.0.1:${proxy.port}`;
  const operator = createSeaTunnelOperator({ url, api: "v1", pollIntervalMs: 200, ...options });
  operators.push(operator);
  return operator;
}

const aCopy = (overrides = {}) =>
  aRequest(warehouse.copy(), { runId: key, idempotencyKey: key, ...overrides });
const aSlowJob = () => aRequest(warehouse.slow(), { runId: key, idempotencyKey: key });

describe("a server that is away", () => {
  it("takes no job, and that is certain", async () => {
    const operator = anOperator({ url: `http://127.0.0.1:${await freePort()}` });
    const error = await rejectionOf(operator.submit(aCopy(), untroubled()));
    expect(error).toBeInstanceOf(OperatorError);
    expect(error).toMatchObject({ code: "JOB_FAILED", message: expect.stringContaining("ECONNREFUSED") });
  });

  it("is borne while a job is waited for", async () => {
    const operator = anOperator();
    const request = aCopy();
    const { jobId } = await operator.submit(request, untroubled());
    proxy.sever();
    const outcome = operator.wait(jobId, request, untroubled());
    await until(async () => (await jobsNamed(server, key))[0]?.jobStatus === "FINISHED", { what: "the end" });
    proxy.mend();
    expect(await outcome).toMatchObject({ state: "SUCCEEDED", metrics: { rowsRead: 3, rowsWritten: 2 } });
  });

  it("fails an attempt when it stays away, and leaves its end open", async () => {
    const operator = anOperator({ unreachableMs: 300 });
    const request = aCopy();
    const { jobId } = await operator.submit(request, untroubled());
    proxy.sever();
    const error = await rejectionOf(operator.wait(jobId, request, untroubled()));
    expect(error).not.toBeInstanceOf(OperatorError);
    expect(error).toMatchObject({ message: expect.stringContaining("is not known") });
    expect(await rejectionOf(operator.find(key, request))).toBeInstanceOf(Error);
    proxy.mend();
    const found = await operator.find(key, request);
    expect(found?.jobId).toBe(jobId);
  });
});

describe("a submission", () => {
  it("whose answer is lost is adopted, and not made twice", async () => {
    const operator = anOperator();
    const request = aCopy();
    await until(() => isIdle(server), { what: "the jobs of earlier tests" });
    const cut = proxy.cutAfter((await bytesOfLists(server)) + 10, "to-client");
    const job = await operator.submit(request, untroubled());
    await cut;
    expect((job.outcome ?? (await operator.wait(job.jobId, request, untroubled()))).state).toBe("SUCCEEDED");
    expect(await jobsNamed(server, key)).toEqual([expect.objectContaining({ jobId: job.jobId })]);
    expect(warehouse.rows()).toEqual(ROWS.slice(0, 2));
  });

  it("that was lost itself leaves open what became of it, and the next attempt makes it", async () => {
    const operator = anOperator();
    // The two questions before it have some 500 bytes together, and it has a thousand more.
    const cutAtSubmission = proxy.cutAfter(800, "to-server");
    const error = await rejectionOf(operator.submit(aCopy(), untroubled()));
    await cutAtSubmission;
    expect(error).not.toBeInstanceOf(OperatorError);
    expect(await jobsNamed(server, key)).toEqual([]);
    const retry = aCopy({ attempt: 2 });
    expect(await operator.find(key, retry)).toBeUndefined();
    const { jobId } = await operator.submit(retry, untroubled());
    expect((await operator.wait(jobId, retry, untroubled())).state).toBe("SUCCEEDED");
    expect(await jobsNamed(server, key)).toHaveLength(1);
  });

  it("that another process made is adopted", async () => {
    const first = await anOperator().submit(aSlowJob(), untroubled());
    const second = await anOperator().submit(aSlowJob(), untroubled());
    expect(second.jobId).toBe(first.jobId);
    expect(await jobsNamed(server, key)).toHaveLength(1);
    await anOperator().cancel(first.jobId, aSlowJob());
  });

  it("is not given up half-way: a job that comes of it after all is stopped", async () => {
    const abort = new AbortController();
    const submitted = anOperator().submit(aSlowJob(), { signal: abort.signal });
    await until(async () => (await jobsNamed(server, key)).length === 1, { what: "the job" });
    abort.abort(new OperatorError("JOB_CANCELLED", "Aborted by the test."));
    // The answer may have come before the abortion did.
    const taken = await submitted.catch(() => undefined);
    if (taken !== undefined) await anOperator().cancel(taken.jobId, aSlowJob());
    await until(async () => (await jobsNamed(server, key))[0]?.jobStatus === "CANCELED", { what: "its end" });
  });
});

describe("a job that runs for too long", () => {
  /** The machine's clock, two hours later. */
  class LaterClock extends SystemClock {
    override now(): number {
      return super.now() + LATER_MS;
    }

    override wakeAt(at: number, callback: () => void) {
      return super.wakeAt(at - LATER_MS, callback);
    }
  }

  it("is stopped by a manager that was started after its deadline", async () => {
    const request = aSlowJob();
    const { jobId } = await anOperator().submit(request, untroubled());
    // To who thinks that it is hours old, it may be told to stop at once.
    await untilItReads(server, key);
    const later = anOperator({ clock: new LaterClock() });
    expect(await later.wait(jobId, request, untroubled())).toMatchObject({
      state: "FAILED",
      error: { code: "JOB_TIMED_OUT" },
    });
    expect(await jobsNamed(server, key)).toEqual([expect.objectContaining({ jobStatus: "CANCELED" })]);
  });
});

describe("a server that was restarted", () => {
  it.each([
    ["is run again where its sinks replace", {}, true],
    ["is not run again where they append", { rerun: "appends" }, false],
  ])("has lost its jobs, and such a job %s", async (_, rerun, isRetryable) => {
    const operator = anOperator({ lostAfterMs: 500 });
    const job = { ...warehouse.slow(), ...rerun };
    const request = aRequest(job, { runId: key, idempotencyKey: key });
    const { jobId } = await operator.submit(request, untroubled());
    const outcome = operator.wait(jobId, request, untroubled());
    await server.kill();
    await server.startAgain();
    expect(await outcome).toMatchObject({ state: "FAILED", error: { code: "JOB_LOST" }, isRetryable });
    expect(await operator.find(key, request)).toBeUndefined();
  });
});
