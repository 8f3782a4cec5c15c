import { utimesSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { VirtualClock } from "@tidegate/core/testing";
import { Bed, HOUR } from "./bed.js";

const NOW = Date.UTC(2026, 0, 2);
const MINUTE = 60_000;
const FIRST = { lower: Date.UTC(2026, 0, 1), upper: Date.UTC(2026, 0, 1) + HOUR };

describe("files that may still be being written", () => {
  let clock: VirtualClock;
  let bed: Bed;
  beforeEach(() => {
    clock = new VirtualClock({ start: NOW });
    bed = new Bed({ clock });
  });
  afterEach(() => bed.dispose());

  /** Writes a file that was changed so long ago. */
  function write(name: string, agoMs: number): void {
    const path = bed.write(name, "id,time\n1,2026-01-01T00:10:00Z\n");
    utimesSync(path, NOW / 1_000, (NOW - agoMs) / 1_000);
  }

  const job = (minAgeMs?: number) => ({
    source: {
      format: "csv",
      path: `${bed.directory}/*.csv`,
      timeColumn: "time",
      columns: { id: "INTEGER" },
      ...(minAgeMs === undefined ? {} : { minAgeMs }),
    },
    target: { path: bed.target },
  });

  it("count as not there yet: the attempt fails, and is made again once the youngest is old enough", async () => {
    write("a.csv", 10 * MINUTE);
    write("b.csv", MINUTE);
    write("c.csv", 2 * MINUTE);
    expect(await bed.run({ job: job(5 * MINUTE), ...FIRST })).toEqual({
      state: "FAILED",
      error: {
        code: "JOB_FAILED",
        message: `${bed.directory}/b.csv (and 1 more) counts as not there yet: it was changed 60 s ago, and job.source.minAgeMs is 300000.`,
      },
      isRetryable: true,
      retryAfterMs: 4 * MINUTE,
      log: { first: 0, lines: expect.arrayContaining(["Files to read: 3"]) },
    });
    expect(bed.files()).toEqual([]);
    await clock.advance(4 * MINUTE);
    expect(await bed.run({ job: job(5 * MINUTE), ...FIRST, attempt: 2 })).toMatchObject({
      state: "SUCCEEDED",
      metrics: { rowsWritten: 3 },
    });
  });

  it("are read at once unless the job says otherwise", async () => {
    write("a.csv", 0);
    expect(await bed.run({ job: job(), ...FIRST })).toMatchObject({ state: "SUCCEEDED" });
  });

  it("are noted at registration, since the schedule's attempts must outlast them", () => {
    expect(bed.operator.notesOn(job(MINUTE))).toEqual([expect.stringMatching(/^job\.source\.minAgeMs: /)]);
    expect(bed.operator.notesOn(job())).toEqual([]);
  });
});

describe("a file that is changed while it is read", () => {
  const LONG_AGO = NOW - HOUR;
  const TEXT = "id,time\n1,2026-01-01T00:10:00Z\n";
  let bed: Bed;
  let change: (path: string) => void;
  let path: string;
  beforeEach(() => {
    const clock = new VirtualClock({ start: NOW });
    const now = clock.now.bind(clock);
    // The age of files is asked for when they have been listed and not been read.
    clock.now = () => {
      change(path);
      return now();
    };
    bed = new Bed({ clock });
    path = write(TEXT, LONG_AGO);
  });
  afterEach(() => bed.dispose());

  function write(text: string, changedAt: number): string {
    const written = bed.write("in/a.csv", text);
    utimesSync(written, NOW / 1_000, changedAt / 1_000);
    return written;
  }

  const job = (more: { readonly minAgeMs?: number } = {}) => ({
    source: { format: "csv", path, timeColumn: "time", columns: { id: "INTEGER" }, ...more },
    target: { path: bed.target },
  });

  const TORN = {
    state: "FAILED",
    error: { code: "JOB_FAILED", message: expect.stringContaining("a.csv was changed while it was read") },
    isRetryable: true,
  };

  it.each([
    ["shrinks", () => "id,time\n"],
    ["is written again with the same length", () => TEXT.replace("1,", "2,")],
  ])("fails the attempt if it %s, and nothing is written", async (_, text) => {
    change = () => write(text(), LONG_AGO + 1_000);
    expect(await bed.run({ job: job(), ...FIRST })).toMatchObject(TORN);
    expect(bed.files()).toEqual([]);
    change = () => undefined;
    expect(await bed.run({ job: job(), ...FIRST, attempt: 2 })).toMatchObject({ state: "SUCCEEDED" });
  });

  it("may grow, as a log does, unless the job asks for files that are left alone", async () => {
    change = () => write(`${TEXT}2,2026-01-01T05:00:00Z\n`, LONG_AGO + 1_000);
    expect(await bed.run({ job: job(), ...FIRST })).toMatchObject({ state: "SUCCEEDED" });
    path = write(TEXT, LONG_AGO);
    expect(await bed.run({ job: job({ minAgeMs: MINUTE }), ...FIRST, generation: 1 })).toMatchObject({
      ...TORN,
      retryAfterMs: MINUTE,
    });
  });

  it("must not grow if its name is a position, which is read once", async () => {
    change = () => write(`${TEXT}2,2026-01-01T05:00:00Z\n`, LONG_AGO + 1_000);
    const source = { format: "csv", path: `${bed.directory}/in/*.csv`, columns: { id: "INTEGER" } };
    const run = { job: { source, target: { path: bed.target } }, ...FIRST };
    expect(await bed.run({ ...run, positions: ["a.csv", "b.csv"] })).toMatchObject(TORN);
  });
});
