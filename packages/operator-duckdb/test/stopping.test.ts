import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { OperatorError } from "@tidegate/core";
import { untroubled } from "@tidegate/testkit";
import { Bed, HOUR, requestOf } from "./bed.js";

const START = Date.UTC(2026, 0, 1);
const FIRST = { lower: START, upper: START + HOUR };
const SECOND = { lower: START + HOUR, upper: START + 2 * HOUR };

/** Would take hours. */
const SLOW =
  "SELECT sum(a.range * b.range)::DOUBLE AS x FROM range(10_000_000) a, range(1_000_000) b WHERE $lower < $upper";
const QUICK = "SELECT 1 AS x WHERE $lower < $upper";

describe("a job that is stopped", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed({ threads: 1, maxParallelJobs: 1 });
  });
  afterEach(() => bed.dispose());

  const specOf = (sql: string, interval = FIRST) => ({
    job: { sql, target: { path: bed.target } },
    ...interval,
  });

  /** Waits until the statement of a job runs, so that stopping it has something to interrupt. */
  async function untilRunning(): Promise<void> {
    while (!existsSync(join(bed.target, ".tidegate"))) await sleep(5);
    // DuckDB does not tell when it has begun: the statement follows the directory by some milliseconds.
    await sleep(200);
  }

  async function abortedWith(reason: OperatorError) {
    const abort = new AbortController();
    const request = requestOf(specOf(SLOW));
    const { jobId } = await bed.operator.submit(request, { signal: abort.signal });
    const end = bed.operator.wait(jobId, request, untroubled());
    await untilRunning();
    abort.abort(reason);
    return end;
  }

  it("ends in the middle of its statement as cancelled, and leaves nothing behind", async () => {
    expect(await abortedWith(new OperatorError("JOB_CANCELLED", "The run was cancelled."))).toEqual({
      state: "CANCELLED",
      error: { code: "JOB_CANCELLED", message: "The run was cancelled." },
      log: { first: 0, lines: expect.arrayContaining(["JOB_CANCELLED: The run was cancelled."]) },
    });
    expect(bed.files()).toEqual([]);
  });

  it("ends as failed when its time was up", async () => {
    expect(await abortedWith(new OperatorError("JOB_TIMED_OUT", "The job took longer than 200 ms."))).toEqual(
      {
        state: "FAILED",
        error: { code: "JOB_TIMED_OUT", message: "The job took longer than 200 ms." },
        log: { first: 0, lines: expect.arrayContaining(["JOB_TIMED_OUT: The job took longer than 200 ms."]) },
      },
    );
  });

  it("ends when it is cancelled by its id, as does one that waits for its turn", async () => {
    const [running, waiting] = [requestOf(specOf(SLOW)), requestOf(specOf(QUICK, SECOND))];
    const context = untroubled();
    const jobs = [await bed.operator.submit(running, context), await bed.operator.submit(waiting, context)];
    await untilRunning();
    const ends = [
      bed.operator.wait(jobs[0]!.jobId, running, context),
      bed.operator.wait(jobs[1]!.jobId, waiting, context),
    ];
    await bed.operator.cancel(jobs[1]!.jobId, waiting);
    expect(await ends[1]).toMatchObject({ state: "CANCELLED" });
    await bed.operator.cancel(jobs[0]!.jobId, running);
    expect(await ends[0]).toMatchObject({ state: "CANCELLED" });
    expect(bed.files()).toEqual([]);
  });

  it("makes way for the next attempt, which waits until it has ended", async () => {
    const abort = new AbortController();
    await bed.operator.submit(requestOf(specOf(SLOW)), { signal: abort.signal });
    await untilRunning();
    const next = bed.run({ ...specOf(QUICK), attempt: 2 });
    abort.abort();
    expect(await next).toMatchObject({ state: "SUCCEEDED" });
    expect(await bed.rows()).toEqual([{ x: 1 }]);
  });

  it("is found as such while the process lasts, and not after", async () => {
    await abortedWith(new OperatorError("JOB_CANCELLED", "Enough."));
    const request = requestOf(specOf(SLOW));
    expect(await bed.operator.find(request.idempotencyKey, request)).toMatchObject({
      outcome: { state: "CANCELLED" },
    });
    expect(await bed.restart().find(request.idempotencyKey, request)).toBeUndefined();
  });

  it("is one that the operator's stop ends; later ones are not taken", async () => {
    const request = requestOf(specOf(SLOW));
    const context = untroubled();
    const { jobId } = await bed.operator.submit(request, context);
    await untilRunning();
    await bed.operator.stop();
    expect(await bed.operator.wait(jobId, request, context)).toMatchObject({ state: "CANCELLED" });
    await expect(bed.operator.submit(request, context)).rejects.toMatchObject({ code: "NOT_RUNNING" });
    await bed.operator.start();
    expect(await bed.run(specOf(QUICK))).toMatchObject({ state: "SUCCEEDED" });
  });
});

describe("a job", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  it("that is submitted twice while it runs, runs once", async () => {
    const request = requestOf({ job: { sql: SLOW, target: { path: bed.target } }, ...FIRST });
    const context = untroubled();
    const [first, second] = await Promise.all([
      bed.operator.submit(request, context),
      bed.operator.submit(request, context),
    ]);
    expect(second).toEqual(first);
    expect(await bed.operator.find(request.idempotencyKey, request)).toEqual(first);
    await bed.operator.cancel(first.jobId, request);
  });

  it("that died with its process has no outcome to wait for", async () => {
    const request = requestOf({ job: { sql: QUICK, target: { path: bed.target } }, ...FIRST });
    const wait = bed.operator.wait("dead-1", request, untroubled());
    await expect(wait).rejects.toMatchObject({ code: "JOB_FAILED" });
  });
});
