import { beforeEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "@tidegate/core/testing";
import { JobWatch, type Sighting } from "../src/index.js";

class Away extends Error {}

/** A cluster that the test writes, and a watch over it on a clock that the test moves. */
class Bed {
  readonly clock = new VirtualClock();
  readonly jobs = new Map<string, Sighting<string>>();
  readonly lifetime = new AbortController();
  looks = 0;
  trouble: Error | undefined;
  slownessMs = 0;
  readonly watch = new JobWatch<string>({
    clock: this.clock,
    pollIntervalMs: 1_000,
    unreachableMs: 60_000,
    service: "The cluster",
    look: async () => {
      this.looks += 1;
      if (this.slownessMs > 0) await new Promise<void>((done) => this.clock.wakeAfter(this.slownessMs, done));
      if (this.trouble !== undefined) throw this.trouble;
      const jobs = new Map(this.jobs);
      return (jobId) => jobs.get(jobId) ?? "missing";
    },
    isAway: (error) => error instanceof Away,
    isLost: ({ looks, ms }) => looks >= 4 && ms >= 3_000,
  });

  wait(jobId: string, signal = new AbortController().signal) {
    const record: { end?: string; error?: unknown } = {};
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
}

let bed: Bed;

beforeEach(() => {
  bed = new Bed();
});

describe("a watch over the jobs of a cluster", () => {
  it("looks as often for fifty jobs as for one, and not at all while nobody waits", async () => {
    const ids = Array.from({ length: 50 }, (_, index) => `${index}`);
    for (const id of ids) bed.jobs.set(id, "running");
    const records = ids.map((id) => bed.wait(id));
    await bed.clock.advance(10_500);
    expect(bed.looks).toBe(11);
    for (const id of ids) bed.jobs.set(id, { end: `end of ${id}` });
    await bed.clock.advance(1_000);
    expect(records.map(({ end }) => end)).toEqual(ids.map((id) => `end of ${id}`));
    await bed.clock.advance(60_000);
    expect(bed.looks).toBe(12);
  });

  it("tells all who wait for a job the same end", async () => {
    const records = [bed.wait("1"), bed.wait("1")];
    bed.jobs.set("1", { end: "done" });
    await bed.clock.advance(2_000);
    expect(records).toEqual([{ end: "done" }, { end: "done" }]);
  });

  it("rests three times as long as a slow look took", async () => {
    bed.slownessMs = 2_000;
    bed.jobs.set("1", "running");
    bed.wait("1");
    await bed.clock.advance(7_900);
    expect(bed.looks).toBe(1);
    await bed.clock.advance(200);
    expect(bed.looks).toBe(2);
  });

  it("takes a job for lost after enough looks without it, and no sooner", async () => {
    const record = bed.wait("1");
    await bed.clock.advance(2_900);
    expect(record).toEqual({});
    await bed.clock.advance(200);
    expect(record).toEqual({ end: "lost" });
  });

  it("counts anew for a job that is back", async () => {
    const record = bed.wait("1");
    await bed.clock.advance(2_500);
    bed.jobs.set("1", "running");
    await bed.clock.advance(1_000);
    bed.jobs.delete("1");
    await bed.clock.advance(2_500);
    expect(record).toEqual({});
  });

  it("asks how a job ended once, beside its looks, and again if nobody answers", async () => {
    let asked = 0;
    let answer: (end: string) => void = () => undefined;
    bed.jobs.set("1", {
      conclude: () => {
        asked += 1;
        return asked === 1
          ? Promise.reject(new Away())
          : new Promise((resolve) => {
              answer = resolve;
            });
      },
    });
    const record = bed.wait("1");
    await bed.clock.advance(5_500);
    expect({ asked, looks: bed.looks, record }).toEqual({ asked: 2, looks: 6, record: {} });
    answer("failed");
    await bed.clock.settle();
    expect(record).toEqual({ end: "failed" });
  });

  it("goes on with a job that had not ended after all", async () => {
    bed.jobs.set("1", { conclude: async () => undefined });
    const record = bed.wait("1");
    await bed.clock.advance(1_500);
    bed.jobs.set("1", { end: "done" });
    await bed.clock.advance(1_000);
    expect(record).toEqual({ end: "done" });
  });

  it("bears a cluster that is away for a while, and fails when it stays away", async () => {
    bed.jobs.set("1", "running");
    bed.trouble = new Away("no route");
    const record = bed.wait("1");
    await bed.clock.advance(59_000);
    expect(record).toEqual({});
    await bed.clock.advance(2_000);
    expect(record.error).toMatchObject({
      message: "The job's end is not known: The cluster has not answered for 60 s. no route",
    });
    bed.trouble = undefined;
    const again = bed.wait("1");
    bed.jobs.set("1", { end: "done" });
    await bed.clock.advance(1_000);
    expect(again).toEqual({ end: "done" });
  });

  it("fails at once with an error that no wait could mend", async () => {
    bed.trouble = new Error("a mistake");
    const record = bed.wait("1");
    await bed.clock.settle();
    expect(record).toEqual({ error: bed.trouble });
  });

  it("ends one wait with its own signal, and all with the lifetime", async () => {
    bed.jobs.set("1", "running");
    const abort = new AbortController();
    const [one, other] = [bed.wait("1", abort.signal), bed.wait("1")];
    await bed.clock.advance(1_500);
    const [enough, stopped] = [new Error("enough"), new Error("stopped")];
    abort.abort(enough);
    await bed.clock.settle();
    expect([one, other]).toEqual([{ error: enough }, {}]);
    bed.lifetime.abort(stopped);
    await bed.clock.settle();
    expect(other).toEqual({ error: stopped });
    expect(bed.wait("1")).toEqual({});
  });
});
