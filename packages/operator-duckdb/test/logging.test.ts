import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Bed, type RunSpec } from "./bed.js";

const START = Date.UTC(2026, 0, 1);

describe("the log of a job", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  /** A run that reads these lines of CSV. */
  const reading = (...lines: string[]): RunSpec => {
    const path = bed.write("in.csv", ["id,time", ...lines, ""].join("\n"));
    const columns = { id: "INTEGER", time: "TIMESTAMP" };
    const source = { format: "csv", path, timeColumn: "time", columns };
    return { job: { source, target: { path: bed.target } }, lower: START, upper: START + 3_600_000 };
  };

  it("says where bad rows are and why they are bad, and how long each step took", async () => {
    const run = reading("1,2026-01-01T00:10:00Z", "two,2026-01-01T00:20:00Z");
    const { log } = await bed.run(run);
    const path = `${bed.directory}/in.csv`;
    expect(log!.lines).toEqual([
      "Files to read: 1",
      expect.stringMatching(/^Reading: done in [\d,]+ ms$/),
      "Rows to write: 1",
      "Bad rows: 1",
      `${path}: id is no INTEGER: two`,
      expect.stringMatching(/^Writing: done in [\d,]+ ms$/),
    ]);
  });

  it("ends with the error of a job that has failed", async () => {
    const run = reading("two,2026-01-01T00:20:00Z");
    const { log, error } = await bed.run(run, { dirtyData: { maxRows: 0 } });
    expect(log!.lines.at(-1)).toBe(`DIRTY_DATA_LIMIT: ${error!.message}`);
    const missing = reading("1,2026-01-01T00:10:00Z");
    const source = { ...(missing.job.source as object), path: `${bed.directory}/none.csv` };
    const failed = await bed.run({ ...missing, job: { ...missing.job, source } });
    expect(failed.log!.lines).toEqual([
      expect.stringMatching(/^Reading: ended after/),
      `JOB_FAILED: ${failed.error!.message}`,
    ]);
  });

  it("is not kept of a job that has simply succeeded, unless all are", async () => {
    const run = reading("1,2026-01-01T00:10:00Z");
    expect(await bed.run(run)).not.toHaveProperty("log");
    await bed.dispose();
    bed = new Bed({ logs: "all" });
    expect(await bed.run(reading("1,2026-01-01T00:10:00Z"))).toMatchObject({
      state: "SUCCEEDED",
      log: { lines: expect.arrayContaining(["Rows to write: 1"]) },
    });
  });
});
