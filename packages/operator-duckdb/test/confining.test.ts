import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { createDuckdbOperator } from "../src/index.js";
import { Bed, HOUR } from "./bed.js";

const START = Date.UTC(2026, 0, 1);
const FIRST = { lower: START, upper: START + HOUR };
const CONTENT = "id,time\n1,2026-01-01T00:10:00Z\n";

describe("allowed directories", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
    for (const directory of ["open", "shut", "open-not"]) bed.write(`${directory}/in.csv`, CONTENT);
    symlinkSync(join(bed.directory, "shut"), join(bed.directory, "open", "link"));
    bed.operator = createDuckdbOperator({ threads: 1, allowedDirectories: [join(bed.directory, "open")] });
  });
  afterEach(() => bed.dispose());

  function jobOf(from: string, to: string): JsonObject {
    const source = {
      format: "csv",
      path: join(bed.directory, from),
      timeColumn: "time",
      columns: { id: "INTEGER" },
    };
    return { source, target: { path: join(bed.directory, to) } };
  }

  it("let a job read and write inside of them", async () => {
    expect(await bed.run({ job: jobOf("open/*.csv", "open/out"), ...FIRST })).toMatchObject({
      state: "SUCCEEDED",
      metrics: { rowsWritten: 1 },
    });
  });

  it.each([
    ["job.source.path", "shut/in.csv", "open/out"],
    ["job.source.path", "open/../shut/in.csv", "open/out"],
    ["job.source.path", "open-not/in.csv", "open/out"],
    ["job.source.path", "*/in.csv", "open/out"],
    ["job.source.path", "open/link/in.csv", "open/out"],
    ["job.target.path", "open/in.csv", "shut/out"],
    ["job.target.path", "open/in.csv", "open/link/out"],
    ["job.target.path", "open/in.csv", ""],
  ])("keep a job out elsewhere: %s of %s to %s", async (field, from, to) => {
    const job = jobOf(from, to);
    expect(() => bed.operator.validate(job)).toThrow(expect.objectContaining({ code: "JOB_INVALID", field }));
    await expect(bed.run({ job, ...FIRST })).rejects.toMatchObject({ code: "JOB_INVALID", field });
  });

  it("keep a link that a glob meets from leading out", async () => {
    const outcome = await bed.run({ job: jobOf("open/*/in.csv", "open/out"), ...FIRST });
    expect(outcome).toMatchObject({ state: "FAILED" });
  });

  it.each(["shut/in.csv", "open/link/in.csv", "open/../shut/in.csv"])(
    "hold for a SELECT from %s",
    async (from) => {
      const sql = `SELECT * FROM read_csv('${bed.directory}/${from}') WHERE time >= $lower AND time < $upper`;
      const outcome = await bed.run({
        job: { sql, target: { path: join(bed.directory, "open/out") } },
        ...FIRST,
      });
      expect(outcome).toMatchObject({ state: "FAILED", isRetryable: false });
      expect(outcome.error?.message).toMatch(/^Permission Error/);
    },
  );
});

describe("a job's database", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  it("fetches no extension and keeps its settings", async () => {
    const names = [
      "autoinstall_known_extensions",
      "autoload_known_extensions",
      "allow_community_extensions",
      "lock_configuration",
    ];
    const sql = `SELECT name, value FROM duckdb_settings() WHERE name IN ('${names.join("', '")}') AND $lower < $upper`;
    await bed.run({ job: { sql, target: { path: bed.target } }, ...FIRST });
    expect(await bed.rows("name, value")).toEqual([
      { name: "allow_community_extensions", value: "false" },
      { name: "autoinstall_known_extensions", value: "false" },
      { name: "autoload_known_extensions", value: "false" },
      { name: "lock_configuration", value: "true" },
    ]);
  });

  it("does not reach for the network", async () => {
    const sql = "SELECT * FROM read_csv('https://127.0.0.1:9/x.csv') WHERE $lower < $upper";
    const outcome = await bed.run({ job: { sql, target: { path: bed.target } }, ...FIRST });
    expect(outcome.error?.message).toMatch(/httpfs/);
  });
});
