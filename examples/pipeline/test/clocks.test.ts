import { afterEach, describe, expect, it } from "@jest/globals";
import { createTidegate, type Run, type Tidegate } from "@tidegate/core";
import type { JobContext, JobOutcome, OfflineJobRequest, ScheduleOperator } from "@tidegate/core/operator";
import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import type { Grid } from "../src/grid.js";
import { Lake } from "../src/lake.js";
import { reportsOf } from "../src/ledger.js";
import { EXPORT, LOAD, pipelineOf } from "../src/pipeline.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How long the jobs of each operator take. */
const TAKES = { seatunnel: 10 * MINUTE, flink: 5 * MINUTE, duckdb: MINUTE } as const;

/** The operator of a kind of job that takes its time, on the virtual clock. */
class Jobs implements ScheduleOperator {
  constructor(
    readonly operatorType: keyof typeof TAKES,
    readonly clock: VirtualClock,
  ) {}

  async submit({ runId }: OfflineJobRequest): Promise<{ jobId: string }> {
    return { jobId: runId };
  }

  async find(): Promise<undefined> {
    return undefined;
  }

  wait(_jobId: string, _request: OfflineJobRequest, _context: JobContext): Promise<JobOutcome> {
    return new Promise((resolve) => {
      this.clock.wakeAfter(TAKES[this.operatorType], () => resolve({ state: "SUCCEEDED" }));
    });
  }

  async cancel(): Promise<void> {}
}

const HOURS: Grid = {
  load: { type: "period", every: 1, unit: "hour" },
  tax: { type: "period", every: 2, unit: "hour" },
  totals: { type: "period", every: 3, unit: "hour" },
  export: { type: "period", every: 1, unit: "day" },
};

const MINUTES: Grid = {
  load: { type: "period", every: 10, unit: "minute" },
  tax: { type: "period", every: 20, unit: "minute" },
  totals: { type: "period", every: 30, unit: "minute" },
  export: { type: "cron", expression: "0 * * * *" },
};

describe("the pipeline when Berlin's clocks change", () => {
  let tidegate: Tidegate;
  afterEach(() => tidegate.stop());

  /** All runs of a pipeline from one instant to another. */
  async function played(grid: Grid, from: string, to: string): Promise<Record<string, readonly Run[]>> {
    const [startTime, endTime] = [Date.parse(from), Date.parse(to)];
    const clock = new VirtualClock({ start: startTime });
    tidegate = createTidegate({
      store: new MemoryStore({ clock }),
      clock,
      engines: [embeddedEngine()],
      operators: (["seatunnel", "flink", "duckdb"] as const).map((type) => new Jobs(type, clock)),
    });
    await tidegate.start();
    const lake = new Lake("/lake");
    await tidegate.client.registerMany(
      pipelineOf({ lake, grid, startTime, endTime, timezone: "Europe/Berlin" }),
    );
    for (let at = startTime; at < endTime + HOUR; at += MINUTE) await clock.advance(MINUTE);
    const reports = await reportsOf(tidegate.client);
    for (const { audit, tooEarly } of reports) expect([audit.isComplete, tooEarly]).toEqual([true, 0]);
    return Object.fromEntries(reports.map(({ groupId, runs }) => [groupId, runs]));
  }

  const iso = (at: number | null): string => new Date(at!).toISOString();

  /** Each export: its interval, how many loads that has, and when it began. */
  const exportsOf = ({ [EXPORT]: exports = [], [LOAD]: loads = [] }: Record<string, readonly Run[]>) =>
    [...exports]
      .sort((a, b) => a.lower - b.lower)
      .map(({ lower, upper, submittedAt }) => {
        const within = loads.filter((load) => load.lower >= lower && load.upper <= upper);
        return [iso(lower), within.length, iso(submittedAt)];
      });

  it("exports a day of 25 hours after all of them, and after the last runs that reach into it", async () => {
    // Two and three hours do not divide the day: the last totals of it end two hours later.
    expect(exportsOf(await played(HOURS, "2026-10-23T22:00Z", "2026-10-26T23:00Z"))).toEqual([
      ["2026-10-23T22:00:00.000Z", 24, "2026-10-24T22:15:00.000Z"],
      ["2026-10-24T22:00:00.000Z", 25, "2026-10-26T01:15:00.000Z"],
      ["2026-10-25T23:00:00.000Z", 24, "2026-10-26T23:15:00.000Z"],
    ]);
  });

  it("exports a day of 23 hours without waiting for a 24th load", async () => {
    expect(exportsOf(await played(HOURS, "2027-03-26T23:00Z", "2027-03-29T22:00Z"))).toEqual([
      ["2027-03-26T23:00:00.000Z", 24, "2027-03-27T23:15:00.000Z"],
      ["2027-03-27T23:00:00.000Z", 23, "2027-03-28T23:15:00.000Z"],
      ["2027-03-28T22:00:00.000Z", 24, "2027-03-29T22:15:00.000Z"],
    ]);
  });

  it("exports both hours from two to three, each of its own loads", async () => {
    expect(exportsOf(await played(MINUTES, "2026-10-24T23:00Z", "2026-10-25T03:00Z"))).toEqual([
      ["2026-10-24T23:00:00.000Z", 6, "2026-10-25T00:15:00.000Z"],
      ["2026-10-25T00:00:00.000Z", 6, "2026-10-25T01:15:00.000Z"],
      ["2026-10-25T01:00:00.000Z", 6, "2026-10-25T02:15:00.000Z"],
      ["2026-10-25T02:00:00.000Z", 6, "2026-10-25T03:15:00.000Z"],
    ]);
  });

  it("exports no hour from two to three if there is none", async () => {
    expect(exportsOf(await played(MINUTES, "2027-03-28T00:00Z", "2027-03-28T02:00Z"))).toEqual([
      ["2027-03-28T00:00:00.000Z", 6, "2027-03-28T01:15:00.000Z"],
      ["2027-03-28T01:00:00.000Z", 6, "2027-03-28T02:15:00.000Z"],
    ]);
  });
});
