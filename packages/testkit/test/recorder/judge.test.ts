import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type JobRecord, type JobRecordEvent, judgeRecording } from "../../src/recorder/index.js";

/** A recording that is written by hand: hours 0 to 24 of one group. */
class Script {
  readonly records: JobRecord[] = [];
  #calls = 0;

  say(event: JobRecordEvent, more: Partial<JobRecord> & { readonly hours: readonly [number, number] }): this {
    const { hours, ...rest } = more;
    const key = rest.key ?? `${hours.join("-")}`;
    this.records.push({
      event,
      at: this.records.length,
      writer: "a",
      call: this.#calls,
      operatorType: "test",
      groupId: "orders",
      runId: key,
      key,
      kind: "SCHEDULED",
      mode: "incremental",
      boundaryType: "TIME",
      lowerBound: String(hours[0]),
      upperBound: String(hours[1]),
      attempt: 1,
      ...rest,
    });
    return this;
  }

  /** A submission that is answered at once. */
  begins(jobId: string, hours: readonly [number, number], more: Partial<JobRecord> = {}): this {
    this.#calls += 1;
    return this.say("submit", { ...more, hours }).say("submitted", { ...more, hours, jobId });
  }

  ends(jobId: string, hours: readonly [number, number], state: JobRecord["state"] = "SUCCEEDED"): this {
    return this.asks("ended", hours, { jobId, state: state! });
  }

  runs(jobId: string, hours: readonly [number, number], more: Partial<JobRecord> = {}): this {
    return this.begins(jobId, hours, more).asks("ended", hours, { ...more, jobId, state: "SUCCEEDED" });
  }

  asks(event: JobRecordEvent, hours: readonly [number, number], more: Partial<JobRecord> = {}): this {
    this.#calls += 1;
    return this.say(event, { ...more, hours });
  }

  judge(upper: number, more: Partial<Parameters<typeof judgeRecording>[1]> = {}) {
    return judgeRecording(this.records, { groupId: "orders", range: { lower: 0, upper }, ...more });
  }
}

const script = (): Script => new Script();

describe("what a recording covers", () => {
  it("is exact when succeeded jobs tile the range", () => {
    const verdict = script().runs("j1", [0, 1]).runs("j2", [1, 3]).judge(3);
    expect(verdict).toMatchObject({ once: [{ lower: 0, upper: 3 }], isExact: true });
  });

  it("has gaps where no job has succeeded", () => {
    const verdict = script()
      .runs("j1", [0, 1])
      .begins("j2", [1, 2])
      .ends("j2", [1, 2], "FAILED")
      .runs("j3", [2, 3])
      .begins("j4", [3, 4])
      .judge(5);
    expect(verdict).toMatchObject({
      gaps: [
        { lower: 1, upper: 2 },
        { lower: 3, upper: 5 },
      ],
      isExact: false,
    });
  });

  it("has none where it was given up on purpose", () => {
    const verdict = script()
      .runs("j1", [2, 3])
      .judge(3, { givenUp: [{ lower: 0, upper: 2 }] });
    expect(verdict).toMatchObject({ gaps: [], givenUp: [{ lower: 0, upper: 2 }], isExact: true });
  });

  it("is doubled where two jobs have succeeded, also in part", () => {
    const verdict = script().runs("j1", [0, 2]).runs("j2", [1, 3]).judge(3);
    expect(verdict).toMatchObject({
      once: [
        { lower: 0, upper: 1 },
        { lower: 2, upper: 3 },
      ],
      doubled: [{ lower: 1, upper: 2, jobs: [{ jobId: "j1" }, { jobId: "j2" }] }],
      doubtful: [],
    });
  });

  it("is not doubled by a re-run on purpose, but by a second success under one key", () => {
    const repeated = [{ lower: 0, upper: 2 }];
    const again = script()
      .runs("j1", [0, 1], { key: "first" })
      .runs("j2", [0, 1], { key: "second" })
      .runs("j3", [1, 2], { key: "third" })
      .runs("j4", [1, 2], { key: "third" });
    expect(again.judge(2, { repeated }).doubled).toMatchObject([{ lower: 1, upper: 2 }]);
  });

  it("is not doubled by jobs that read everything each time", () => {
    const full = { mode: "full" } as const;
    const verdict = script().runs("j1", [-9e15, 1], full).runs("j2", [-9e15, 2], full).judge(2);
    expect(verdict).toMatchObject({ once: [{ lower: 0, upper: 2 }], isExact: true });
  });

  it("is that of one group", () => {
    const verdict = script().runs("j1", [0, 1], { groupId: "others" }).judge(1);
    expect(verdict.gaps).toEqual([{ lower: 0, upper: 1 }]);
  });

  it("equals a count of each hour, whatever the jobs", () => {
    const hours = fc.tuple(fc.nat(12), fc.nat(12)).filter(([lower, upper]) => lower < upper);
    fc.assert(
      fc.property(fc.array(hours, { maxLength: 8 }), fc.array(hours, { maxLength: 3 }), (jobs, dropped) => {
        const told = script();
        for (const [index, job] of jobs.entries()) told.runs(`j${index}`, job, { key: `k${index}` });
        const givenUp = dropped.map(([lower, upper]) => ({ lower, upper }));
        const { once, doubled, gaps, givenUp: missing } = told.judge(12, { givenUp });
        const has = (spans: readonly { lower: number; upper: number }[], at: number): boolean =>
          spans.some(({ lower, upper }) => lower <= at && at < upper);
        for (let hour = 0; hour < 12; hour += 1) {
          const count = jobs.filter(([lower, upper]) => lower <= hour && hour < upper).length;
          expect(has(once, hour)).toBe(count === 1);
          expect(has(doubled, hour)).toBe(count > 1);
          expect(has(gaps, hour)).toBe(count === 0 && !has(givenUp, hour));
          expect(has(missing, hour)).toBe(count === 0 && has(givenUp, hour));
        }
      }),
    );
  });
});

describe("two jobs are doubtful", () => {
  it("when the second began before the first had ended", () => {
    const { doubtful } = script()
      .begins("j1", [0, 2])
      .begins("j2", [1, 3])
      .ends("j1", [0, 2], "FAILED")
      .ends("j2", [1, 3])
      .judge(3);
    expect(doubtful).toMatchObject([
      { lower: 1, upper: 2, why: "concurrent", jobs: [{ jobId: "j1" }, { jobId: "j2" }] },
    ]);
  });

  it("when nobody knows whether the first has stopped", () => {
    const { doubtful } = script()
      .begins("j1", [0, 1])
      .asks("cancel", [0, 1], { jobId: "j1" })
      .asks("cancel-failed", [0, 1], { jobId: "j1" })
      .runs("j2", [0, 1])
      .judge(1);
    expect(doubtful).toMatchObject([{ why: "unknown", jobs: [{ jobId: "j1" }, { jobId: "j2" }] }]);
  });

  it("when a submission was never answered, and may still arrive", () => {
    const { doubtful } = script().asks("submit", [0, 1]).asks("absent", [0, 1]).runs("j2", [0, 1]).judge(1);
    expect(doubtful).toMatchObject([{ why: "unknown", jobs: [{ jobId: undefined }, { jobId: "j2" }] }]);
  });

  it("when the answer to a submission came after another one was made", () => {
    const told = script().asks("submit", [0, 1], { writer: "killed" });
    const { call } = told.records[0]!;
    told.asks("absent", [0, 1]).begins("j2", [0, 1]);
    told.say("submitted", { hours: [0, 1], writer: "killed", call, jobId: "j1" });
    told.ends("j1", [0, 1]).ends("j2", [0, 1]);
    expect(told.judge(1)).toMatchObject({ doubtful: [{ why: "concurrent" }], doubled: [{ lower: 0 }] });
  });

  it("not when the first was stopped, refused, or never begun", () => {
    const stopped = script().begins("j1", [0, 1]).asks("stopped", [0, 1], { jobId: "j1" });
    const refused = script().asks("submit", [0, 1]);
    refused.say("refused", { hours: [0, 1] });
    const unclear = script().asks("submit", [0, 1]);
    unclear.say("unclear", { hours: [0, 1] }).asks("absent", [0, 1]);
    const killed = script().asks("submit", [0, 1], { writer: "killed" }).asks("absent", [0, 1]);
    for (const told of [stopped, refused, unclear, killed]) {
      expect(told.runs("j2", [0, 1]).judge(1)).toMatchObject({ isExact: true });
    }
  });

  it("not when the data of each is its own", () => {
    const told = script().begins("j1", [0, 1]).begins("j2", [1, 2]).ends("j1", [0, 1]).ends("j2", [1, 2]);
    expect(told.judge(2).isExact).toBe(true);
  });
});

describe("one job", () => {
  it("is found again after its submission was not answered", () => {
    const told = script().asks("submit", [0, 1], { writer: "killed" });
    told.asks("found", [0, 1], { jobId: "j1" }).ends("j1", [0, 1]);
    expect(told.judge(1)).toMatchObject({ isExact: true, once: [{ lower: 0, upper: 1 }] });
  });

  it("is the same when the answer to its submission comes after it was found", () => {
    const told = script().runs("j1", [0, 2]).asks("submit", [1, 3], { writer: "stopped" });
    const { call } = told.records.at(-1)!;
    told.asks("found", [1, 3], { jobId: "j2" }).ends("j2", [1, 3]);
    told.say("submitted", { hours: [1, 3], writer: "stopped", call, jobId: "j2" });
    expect(told.judge(3).doubtful).toEqual([]);
  });

  it("is meant by two submissions that are answered with its id", () => {
    const told = script().begins("j1", [0, 1]).begins("j1", [0, 1]).ends("j1", [0, 1]).runs("j1", [0, 1]);
    expect(told.judge(1)).toMatchObject({ isExact: true });
  });

  it("begins anew when it had failed and is submitted again under its id", () => {
    const told = script().begins("j1", [0, 1]).ends("j1", [0, 1], "FAILED").begins("j1", [0, 1]);
    expect(told.judge(1)).toMatchObject({ gaps: [{ lower: 0, upper: 1 }], doubtful: [] });
    expect(told.ends("j1", [0, 1]).judge(1)).toMatchObject({ isExact: true });
  });

  it("that was stopped too late has succeeded all the same", () => {
    const told = script().begins("j1", [0, 1]).asks("stopped", [0, 1], { jobId: "j1" }).ends("j1", [0, 1]);
    expect(told.judge(1)).toMatchObject({ isExact: true });
  });
});

describe("the shards of a run", () => {
  const shard = (key: string, count = 2): Partial<JobRecord> => ({
    runId: "run",
    key: `run-${key}`,
    shard: { key, count },
  });

  it("cover its interval together, side by side", () => {
    const told = script().begins("j1", [0, 1], shard("a")).runs("j2", [0, 1], shard("b"));
    told.asks("ended", [0, 1], { ...shard("a"), jobId: "j1", state: "SUCCEEDED" });
    expect(told.judge(1)).toMatchObject({ isExact: true, once: [{ lower: 0, upper: 1 }] });
  });

  it("cover nothing while one is missing", () => {
    const told = script().runs("j1", [0, 1], shard("a"));
    expect(told.judge(1)).toMatchObject({ gaps: [{ lower: 0, upper: 1 }], isExact: false });
  });

  it("double the interval if one of them has succeeded twice", () => {
    const told = script().runs("j1", [0, 1], shard("a")).runs("j2", [0, 1], shard("b"));
    told.runs("j3", [0, 1], shard("b"));
    expect(told.judge(1).doubled).toMatchObject([{ lower: 0, upper: 1 }]);
  });

  it("are doubtful if two jobs of one shard may have worked at the same time", () => {
    const told = script().begins("j1", [0, 1], shard("a")).runs("j2", [0, 1], shard("a"));
    expect(told.judge(1).doubtful).toMatchObject([{ why: "unknown" }]);
  });

  it("double the interval beside a job for the whole of it", () => {
    const told = script().runs("j1", [0, 1], shard("a", 1)).runs("j2", [0, 1], { runId: "run" });
    expect(told.judge(1).doubled).toMatchObject([{ lower: 0, upper: 1 }]);
  });
});
