import { beforeEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "@tidegate/core/testing";
import { clusterWatch } from "../src/cluster/cluster-watch.js";
import { JobEnding } from "../src/cluster/job-ending.js";
import { JobListing } from "../src/cluster/job-lists.js";
import { listedJobsIn } from "../src/rest/listed-job.js";

const NOW = Date.UTC(2026, 0, 1);

let clock: VirtualClock;

beforeEach(() => {
  clock = new VirtualClock({ start: NOW });
});

/**
 * When a job is first told to stop, ms from now.
 *
 * @param submittedAgoMs - `undefined` for a job that does not say
 * @param statusAfter - its status so long from now
 */
async function toldAfter(
  submittedAgoMs: number | undefined,
  rowsRead: number,
  statusAfter: (ms: number) => string,
): Promise<number> {
  let toldAt: number | undefined;
  const job = (jobStatus: string) => {
    const metrics = { SourceReceivedCount: String(rowsRead), SinkWriteCount: "0" };
    const envOptions =
      submittedAgoMs === undefined ? {} : { "tidegate.submitted-at": String(NOW - submittedAgoMs) };
    return listedJobsIn([{ jobId: "1", jobName: "tidegate-1-1", jobStatus, metrics, envOptions }]);
  };
  const listing = new JobListing(
    {
      runningJobs: async () => (toldAt === undefined ? job(statusAfter(clock.now() - NOW)) : []),
      finishedJobs: async () => (toldAt === undefined ? [] : job("CANCELED")),
    },
    clock,
  );
  const stopper = {
    stop: async () => {
      toldAt ??= clock.now();
    },
  };
  const settings = { pollIntervalMs: 100, unreachableMs: 60_000, lostAfterMs: 15_000, clock };
  const ending = new JobEnding(stopper, listing, clusterWatch(listing, settings), clock);
  const { signal } = new AbortController();
  const end = ending.stop("1", { signal, lifetime: signal });
  await clock.advance(60_000);
  expect(await end).toMatchObject({ jobStatus: "CANCELED" });
  return toldAt! - NOW;
}

const startedAfter = (limitMs: number) => (ms: number) => (ms < limitMs ? "SCHEDULED" : "RUNNING");

/** Between two looks at the list, ms. */
const LOOK_MS = 250;

describe("a job is told to stop", () => {
  it.each<[string, number | undefined, number, (ms: number) => string, number]>([
    ["at once when it has read", 0, 1, () => "RUNNING", 0],
    ["at once when it was submitted long ago", 60_000, 0, () => "RUNNING", 0],
    ["at once when nobody knows since when it runs", undefined, 0, () => "RUNNING", 0],
    ["at once when it waits for room on the cluster", 0, 0, () => "PENDING", 0],
    ["at once when it ends already", 0, 0, () => "FAILING", 0],
    ["when it has run for seconds and read nothing", 0, 0, () => "RUNNING", 5_000],
    ["also where a clock was ahead", -3_600_000, 0, () => "RUNNING", 5_000],
    ["when it has run for seconds, however long ago it was submitted", 10_000, 0, () => "RUNNING", 5_000],
    ["seconds after it was started", 60_000, 0, startedAfter(2_000), 7_000],
    ["at once when it was started and has read", 60_000, 1, startedAfter(2_000), 2_000],
    ["seconds after it was started at last", 60_000, 0, startedAfter(29_000), 34_000],
    ["in the end although it does not start", 60_000, 0, () => "CREATED", 30_000],
  ])("%s", async (_, submittedAgoMs, rowsRead, statusAfter, expectedMs) => {
    const ms = await toldAfter(submittedAgoMs, rowsRead, statusAfter);
    expect(ms).toBeGreaterThanOrEqual(expectedMs);
    expect(ms).toBeLessThanOrEqual(expectedMs + 2 * LOOK_MS);
  });
});
