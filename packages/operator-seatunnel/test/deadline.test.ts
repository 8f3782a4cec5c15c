import { beforeEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "@tidegate/core/testing";
import { clusterWatch } from "../src/cluster/cluster-watch.js";
import { JobEnding } from "../src/cluster/job-ending.js";
import { JobListing } from "../src/cluster/job-lists.js";
import { Unanswered } from "../src/rest/failure.js";
import { listedJobsIn } from "../src/rest/listed-job.js";

const DEADLINE_MS = 60_000;
const NOW = Date.UTC(2026, 0, 1);

let clock: VirtualClock;
let isRunning: boolean;
let env: unknown;
/** For how many more questions the cluster is away. */
let away: number;

beforeEach(() => {
  clock = new VirtualClock({ start: NOW });
  isRunning = true;
  env = undefined;
  away = 0;
});

/** When a wait that begins now ends, ms from now. */
async function endsAfter(): Promise<number> {
  const job = (jobStatus: string) =>
    listedJobsIn([{ jobId: "1", jobName: "tidegate-1-1", jobStatus, metrics: {}, envOptions: env }]);
  const lists = {
    runningJobs: async () => {
      away -= 1;
      if (away >= 0) throw new Unanswered("away", { isSent: false });
      return isRunning ? job("RUNNING") : [];
    },
    finishedJobs: async () => (isRunning ? [] : job("CANCELED")),
  };
  const stopper = {
    stop: async () => {
      isRunning = false;
    },
  };
  const listing = new JobListing(lists, clock);
  const settings = { pollIntervalMs: 100, unreachableMs: 60_000, lostAfterMs: 15_000, clock };
  const ending = new JobEnding(stopper, listing, clusterWatch(listing, settings), clock);
  const { signal } = new AbortController();
  let endedAt: number | undefined;
  const end = ending.within("1", DEADLINE_MS, { signal, lifetime: signal }).then((ended) => {
    endedAt = clock.now();
    return ended;
  });
  await clock.advance(2 * DEADLINE_MS);
  expect(await end).toMatchObject({ isLate: true, ended: { jobStatus: "CANCELED" } });
  return endedAt! - NOW;
}

const submittedAgo = (ms: number) => ({ "job.mode": "BATCH", "tidegate.submitted-at": String(NOW - ms) });

/** Beyond the time itself, for the looks that tell the end, ms. */
const LOOKS_MS = 2_000;

describe("a deadline", () => {
  it.each<[string, unknown, number]>([
    ["counts from the submission, whoever waits now", submittedAgo(40_000), 20_000],
    ["that has passed long ago ends the job at once", submittedAgo(3_600_000), 0],
    ["is not put off by a clock that was ahead", submittedAgo(-3_600_000), DEADLINE_MS],
    ["counts from now for a job that does not say", { "job.mode": "BATCH" }, DEADLINE_MS],
    ["counts from now where there is no env", undefined, DEADLINE_MS],
    ["counts from now where that is no time", { "tidegate.submitted-at": "soon" }, DEADLINE_MS],
  ])("%s", async (_, envOptions, expectedMs) => {
    env = envOptions;
    const ms = await endsAfter();
    expect(ms).toBeGreaterThanOrEqual(expectedMs);
    expect(ms).toBeLessThan(expectedMs + LOOKS_MS);
  });

  it("counts from now while the cluster is away", async () => {
    env = submittedAgo(40_000);
    away = 1;
    expect(await endsAfter()).toBeGreaterThanOrEqual(DEADLINE_MS);
  });
});
