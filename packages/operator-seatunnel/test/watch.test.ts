import { beforeEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "@tidegate/core/testing";
import { clusterWatch } from "../src/cluster/cluster-watch.js";
import type { WatchedEnd } from "../src/cluster/job-ending.js";
import { JobListing } from "../src/cluster/job-lists.js";
import { Refused, Unanswered } from "../src/rest/failure.js";
import type { ListedJob } from "../src/rest/listed-job.js";
import { rejectionOf } from "./support/jobs.js";

const SETTINGS = { pollIntervalMs: 1_000, unreachableMs: 60_000, lostAfterMs: 15_000 };

const listed = (jobId: string, jobStatus: string): ListedJob => ({
  jobId,
  jobName: `tidegate-${jobId}-1`,
  jobStatus,
});

/** Lists of jobs that the test writes, and a watch over them on a clock that the test moves. */
class Bed {
  readonly clock = new VirtualClock();
  readonly running = new Set<string>();
  readonly finished = new Map<string, string>();
  /** What the lists are answered with instead. */
  trouble: Error | undefined;
  looks = 0;
  looksAtFinished = 0;
  /** How long the list of those that ended takes. */
  slownessMs = 0;
  readonly lifetime = new AbortController();
  readonly listing = new JobListing(
    {
      runningJobs: async () => {
        this.looks += 1;
        if (this.trouble !== undefined) throw this.trouble;
        return [...this.running].map((jobId) => listed(jobId, "RUNNING"));
      },
      finishedJobs: async () => {
        this.looksAtFinished += 1;
        await new Promise<void>((done) => this.clock.wakeAt(this.clock.now() + this.slownessMs, done));
        return [...this.finished].map(([jobId, status]) => listed(jobId, status));
      },
    },
    this.clock,
  );
  readonly watch = clusterWatch(this.listing, { ...SETTINGS, clock: this.clock });

  /** Waits for a job; what became of that is in the record. */
  wait(jobId: string, signal = new AbortController().signal) {
    const record: { end?: WatchedEnd; error?: unknown } = {};
    this.watch.end(jobId, signal, this.lifetime.signal).then(
      (end) => {
        record.end = end;
      },
      (error: unknown) => {
        record.error = error;
      },
    );
    return record;
  }

  end(jobId: string, status = "FINISHED"): void {
    this.running.delete(jobId);
    this.finished.set(jobId, status);
  }
}

let bed: Bed;

beforeEach(() => {
  bed = new Bed();
});

describe("waiting for jobs", () => {
  it("asks the cluster as often for fifty jobs as for one", async () => {
    const ids = Array.from({ length: 50 }, (_, index) => `${index}`);
    for (const id of ids) bed.running.add(id);
    const records = ids.map((id) => bed.wait(id));
    await bed.clock.advance(10_500);
    expect(bed.looks).toBe(11);
    expect(bed.looksAtFinished).toBe(0);
    for (const id of ids) bed.end(id);
    await bed.clock.advance(1_000);
    expect(records.every(({ end }) => end !== "lost" && end?.jobStatus === "FINISHED")).toBe(true);
    expect(bed.looksAtFinished).toBe(1);
    await bed.clock.advance(60_000);
    expect(bed.looks).toBe(12);
  });

  it("gives up a job that is in no list for long, and no sooner", async () => {
    const record = bed.wait("1");
    await bed.clock.advance(14_000);
    expect(record).toEqual({});
    await bed.clock.advance(2_000);
    expect(record).toEqual({ end: "lost" });
  });

  it("does not give up a job that is back", async () => {
    const record = bed.wait("1");
    await bed.clock.advance(10_000);
    bed.running.add("1");
    await bed.clock.advance(10_000);
    bed.running.delete("1");
    await bed.clock.advance(10_000);
    expect(record).toEqual({});
    bed.end("1", "FAILED");
    await bed.clock.advance(1_000);
    expect(record.end).toMatchObject({ jobStatus: "FAILED" });
  });

  it("bears a cluster that is away, which is not the same as a job that is gone", async () => {
    bed.running.add("1");
    const record = bed.wait("1");
    bed.trouble = new Unanswered("away", { isSent: false });
    await bed.clock.advance(40_000);
    expect(record).toEqual({});
    bed.trouble = undefined;
    bed.end("1");
    await bed.clock.advance(1_000);
    expect(record.end).toMatchObject({ jobStatus: "FINISHED" });
  });

  it("fails when the cluster stays away, and can be taken up again", async () => {
    bed.running.add("1");
    bed.trouble = new Unanswered("away", { isSent: false });
    const record = bed.wait("1");
    await bed.clock.advance(62_000);
    expect((record.error as Error).message).toContain("is not known");
    bed.trouble = undefined;
    const again = bed.wait("1");
    bed.end("1");
    await bed.clock.advance(1_000);
    expect(again.end).toMatchObject({ jobStatus: "FINISHED" });
  });

  it("ends with its own signal, and leaves the others waiting", async () => {
    bed.running.add("1");
    const abort = new AbortController();
    const [one, other] = [bed.wait("1", abort.signal), bed.wait("1")];
    await bed.clock.advance(2_000);
    const reason = new Error("enough");
    abort.abort(reason);
    bed.end("1");
    await bed.clock.advance(1_000);
    expect(one).toEqual({ error: reason });
    expect(other.end).toMatchObject({ jobStatus: "FINISHED" });
  });

  it("ends with the operator", async () => {
    bed.running.add("1");
    const record = bed.wait("1");
    await bed.clock.advance(2_000);
    const reason = new Error("stopped");
    bed.lifetime.abort(reason);
    await bed.clock.settle();
    expect(record).toEqual({ error: reason });
  });
});

describe("a look at the lists", () => {
  it("is one for all who ask before it begins, and begins after they asked", async () => {
    const { signal } = bed.lifetime;
    await bed.listing.fresh(signal);
    bed.running.add("1");
    const all = [1, 2, 3].map(() => bed.listing.fresh(signal));
    await bed.clock.advance(1_000);
    for (const { running } of await Promise.all(all)) expect(running).toHaveLength(1);
    expect(bed.looks).toBe(2);
    bed.running.add("2");
    const later = bed.listing.fresh(signal);
    await bed.clock.advance(1_000);
    expect((await later).running).toHaveLength(2);
  });

  it("is taken again where SeaTunnel stumbles over a job that is being started", async () => {
    bed.trouble = new Refused(500, "physicalPlan is null");
    const look = bed.listing.fresh(bed.lifetime.signal);
    await bed.clock.advance(300);
    bed.trouble = undefined;
    bed.running.add("1");
    await bed.clock.advance(1_000);
    expect((await look).running).toHaveLength(1);
  });

  it("is followed by a rest where the lists are long", async () => {
    const { signal } = bed.lifetime;
    bed.slownessMs = 1_000;
    const finished = bed.listing.fresh(signal).then((lists) => lists.finished());
    await bed.clock.advance(1_000);
    await finished;
    const next = bed.listing.fresh(signal);
    await bed.clock.advance(2_900);
    expect(bed.looks).toBe(1);
    await bed.clock.advance(200);
    await next;
    expect(bed.looks).toBe(2);
  });

  it("fails where it is refused for good", async () => {
    bed.trouble = new Refused(401, "who are you");
    expect(await rejectionOf(bed.listing.fresh(bed.lifetime.signal))).toBe(bed.trouble);
    expect(bed.looks).toBe(1);
  });
});
