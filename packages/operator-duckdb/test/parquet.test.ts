import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Bed, HOUR, query, type Row } from "./bed.js";

const START = Date.UTC(2026, 0, 1);
const FULL = { lower: START, upper: START + HOUR, mode: "full" } as const;
/** A file by PyArrow, of what DuckDB cannot write. */
const byPyarrow = (name: string): string =>
  fileURLToPath(new URL(`corpus/parquet/${name}.parquet`, import.meta.url));

/** A DECIMAL(50,5). */
const WIDE = byPyarrow("decimal-50");

describe("Parquet files", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  async function parquet(name: string, select: string): Promise<string> {
    const path = join(bed.directory, name);
    await query(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
    return path;
  }

  function run(path: string | readonly string[], source = {}) {
    return bed.run({
      job: { source: { format: "parquet", path, ...source }, target: { path: bed.target } },
      ...FULL,
    });
  }

  it.each(["file_row_number", "filename", "FileName", "file_index", "rowid", "file", "row"])(
    "may have a column %s, in some of them",
    async (name) => {
      const one = await parquet("one.parquet", `SELECT 'text' AS "${name}", 1 AS id, 'never' AS at`);
      const other = await parquet("other.parquet", "SELECT 2 AS id, '2026-01-01T00:10:00Z' AS at");
      const outcome = await run([one, other], { timeColumn: "at" });
      expect(outcome).toMatchObject({ state: "SUCCEEDED", metrics: { rowsWritten: 1, rowsDirty: 1 } });
      expect(await bed.rows(`id, "${name}" AS x`)).toEqual([{ id: 2, x: null }]);
      expect(bed.rejected("untimed/full.jsonl")).toEqual([expect.objectContaining({ file: one })]);
      expect(await run([one, other])).toMatchObject({ metrics: { rowsWritten: 2 } });
      expect(await bed.rows(`id, "${name}" AS x`)).toEqual([
        { id: 1, x: "text" },
        { id: 2, x: null },
      ]);
    },
  );

  it.each<[string, string, string, readonly Row[], readonly string[]]>([
    [
      "whole numbers and doubles",
      "9007199254740993::BIGINT",
      "1.5::DOUBLE",
      [{ v: "1.5" }],
      ["9007199254740993"],
    ],
    ["whole numbers that a double holds", "7::BIGINT", "1.5::DOUBLE", [{ v: "1.5" }, { v: "7.0" }], []],
    [
      "decimals of different scale",
      "123456789.12::DECIMAL(38,2)",
      "0.123::DECIMAL(38,35)",
      [{ v: "123456789.12" }],
      ["0.12300000000000000000000000000000000"],
    ],
    [
      "signed and unsigned whole numbers",
      "(-1)::BIGINT",
      "18446744073709551615::UBIGINT",
      [{ v: "-1" }, { v: "18446744073709551615" }],
      [],
    ],
    [
      "nanoseconds and instants that those do not hold",
      "TIMESTAMP_NS '2026-01-01 00:00:00.000000001'",
      "unnest([TIMESTAMP '9999-01-01 00:00:00', TIMESTAMP '2026-01-01 00:00:01'])",
      [{ v: "2026-01-01 00:00:00.000000001" }, { v: "2026-01-01 00:00:01" }],
      ["9999-01-01 00:00:00"],
    ],
    ["numbers and texts", "12::BIGINT", "'x'", [{ v: "12" }, { v: "x" }], []],
  ])(
    "of which a column has %s keep all values or reject their rows",
    async (_, one, other, rows, rejected) => {
      const paths = [
        await parquet("one.parquet", `SELECT ${one} AS v`),
        await parquet("other.parquet", `SELECT ${other} AS "V"`),
      ];
      expect(await run(paths)).toMatchObject({
        state: "SUCCEEDED",
        metrics: { rowsWritten: rows.length, rowsDirty: rejected.length },
      });
      const copied = await bed.rows("v::VARCHAR AS v");
      expect(copied).toHaveLength(rows.length);
      expect(copied).toEqual(expect.arrayContaining([...rows]));
      const reasons = rejected.length === 0 ? [] : bed.rejected("full.jsonl").map(({ reason }) => reason);
      expect(reasons).toEqual(rejected.map((value) => expect.stringContaining(value)));
    },
  );

  it("that lack the time column have rows of no readable time", async () => {
    const one = await parquet("one.parquet", "SELECT 1 AS id, TIMESTAMP '2026-01-01 00:10:00' AS at");
    const other = await parquet("other.parquet", "SELECT 2 AS id");
    expect(await run([one, other], { timeColumn: "at" })).toMatchObject({
      metrics: { rowsWritten: 1, rowsDirty: 1 },
    });
    expect(await run([other], { timeColumn: "at" })).toMatchObject({
      state: "FAILED",
      isRetryable: false,
      error: { message: "There is no column at; there are id." },
    });
  });

  it("of more digits than DuckDB has fail for good with the file's name", async () => {
    expect(await run(WIDE)).toMatchObject({
      state: "FAILED",
      isRetryable: false,
      error: { message: expect.stringContaining(`${WIDE}: column v has more than 38 digits`) },
    });
  });

  it.each([
    ["names-a-A", "has two columns a and A"],
    ["names-inside", "has two columns a and A"],
    ["nameless", "has a column without a name"],
  ])("of names that DuckDB would change (%s) fail for good with the file's name", async (name, problem) => {
    const other = await parquet("other.parquet", "SELECT 1 AS b");
    expect(await run([other, byPyarrow(name)])).toMatchObject({
      state: "FAILED",
      isRetryable: false,
      error: { code: "JOB_FAILED", message: expect.stringContaining(`${byPyarrow(name)} ${problem}`) },
    });
  });

  it("of a time beyond DuckDB's fail for good with the file's name", async () => {
    expect(await run(byPyarrow("year-146000"))).toMatchObject({
      state: "FAILED",
      isRetryable: false,
      error: { message: expect.stringContaining(byPyarrow("year-146000")) },
    });
  });

  it("that are cut may be on their way", async () => {
    const path = bed.write("cut.parquet", "PAR1 and not its end");
    expect(await run(path)).toMatchObject({
      state: "FAILED",
      isRetryable: true,
      error: { message: expect.stringContaining(path) },
    });
  });
});
