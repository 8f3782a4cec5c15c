import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Bed, HOUR } from "./bed.js";

const START = Date.UTC(2026, 0, 1);
const FIRST = { lower: START, upper: START + HOUR };
const BOUNDED = "$lower < $upper";

describe("a job's SELECT", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  const run = (sql: string, spec = {}) =>
    bed.run({ job: { sql, target: { path: bed.target } }, ...FIRST, ...spec });

  it.each([
    ["a plain one", `SELECT 1 AS x WHERE ${BOUNDED}`],
    ["one with a semicolon and a comment", `SELECT 1 AS x WHERE ${BOUNDED}; -- the end`],
    ["one that begins with WITH", `WITH a AS (SELECT 1 AS x) SELECT * FROM a WHERE ${BOUNDED}`],
    ["one that begins with FROM", `FROM (SELECT 1 AS x) WHERE ${BOUNDED}`],
    ["one by milliseconds", "SELECT 1 AS x WHERE $lower_ms < $upper_ms"],
    ["one with its bounds in both ways", "SELECT 1 AS x WHERE $LOWER < $upper AND $upper_ms > 0"],
  ])("may be %s", async (_, sql) => {
    expect(await run(sql)).toMatchObject({ state: "SUCCEEDED", metrics: { rowsWritten: 1 } });
    expect(await bed.rows("x")).toEqual([{ x: 1 }]);
  });

  it("counts what it writes, and leaves open what it read", async () => {
    const { metrics } = await run(`SELECT * FROM range(7) WHERE ${BOUNDED}`);
    expect(metrics).toEqual({ rowsWritten: 7, bytesWritten: expect.any(Number) });
  });

  it.each([
    ["two statements", `SELECT 1 WHERE ${BOUNDED}; SELECT 2`],
    ["a SELECT and what destroys it", `SELECT 1 WHERE ${BOUNDED}; DROP TABLE staged`],
    ["a COPY", `COPY (SELECT 1 WHERE ${BOUNDED}) TO 'x.csv'`],
    ["an ATTACH", "ATTACH 'x.db'"],
    ["a setting", "SET threads = 1"],
    ["an INSTALL", "INSTALL httpfs"],
    ["a CALL", "CALL pragma_version()"],
    ["nothing but a comment", "-- nothing"],
    ["a parameter that there is none of", `SELECT $secret WHERE ${BOUNDED}`],
    ["a parameter by its number", `SELECT $1 WHERE ${BOUNDED}`],
    ["no bounds", "SELECT 1 AS x"],
    ["only one bound", "SELECT 1 AS x WHERE $lower IS NOT NULL"],
  ])("must not be or have %s", async (_, sql) => {
    const outcome = await run(sql);
    expect(outcome).toMatchObject({ state: "FAILED", isRetryable: false });
    expect(outcome.error?.code).toMatch(/^JOB_(INVALID|FAILED)$/);
    expect(bed.files()).toEqual([]);
  });

  it("keeps every digit of a sum of whole numbers, also inside of other values", async () => {
    const sql = `SELECT sum(v::BIGINT) AS total, {'HUGEINT': sum(v::BIGINT), b: [sum(v::BIGINT)]} AS nested
      FROM (VALUES (9007199254740992), (1)) AS numbers (v) WHERE ${BOUNDED}`;
    expect(await run(sql)).toMatchObject({ state: "SUCCEEDED" });
    expect(
      await bed.rows("typeof(total) AS type, total::VARCHAR AS total, nested::VARCHAR AS nested"),
    ).toEqual([
      {
        type: "DECIMAL(38,0)",
        total: "9007199254740993",
        nested: "{'HUGEINT': 9007199254740993, 'b': [9007199254740993]}",
      },
    ]);
  });

  it.each([
    ["a number of more than 38 digits", "170141183460469231731687303715884105727::HUGEINT"],
    ["a fraction of a millisecond", "INTERVAL '1.0005 seconds'"],
    ["an interval below zero", "INTERVAL '-1 month'"],
    ["an interval with a part below zero", "INTERVAL '1 day -1 hour'"],
    ["an interval of more milliseconds than it counts", "INTERVAL '1194 hours'"],
    ["a time of day with an offset", "TIMETZ '10:00:00+02'"],
    ["a fraction of a millisecond in a list", "[INTERVAL '1 day', INTERVAL '5 microseconds', NULL]"],
    ["a fraction of a millisecond in an array", "array_value(INTERVAL '5 microseconds')"],
    ["a fraction of a millisecond in a field", `{'a "b", (c': [{'d': INTERVAL '5 microseconds'}]}`],
    ["a fraction of a millisecond in a key", "MAP {INTERVAL '5 microseconds': 1}"],
    ["a fraction of a millisecond beside a sum", "{'sum': 5::HUGEINT, 'span': INTERVAL '5 microseconds'}"],
    ["a time of day with an offset in a map", "MAP {'at': [TIMETZ '10:00:00+02']}"],
    ["an infinite date", "DATE 'infinity'"],
    ["an infinite timestamp", "TIMESTAMP '-infinity'"],
    ["an infinite timestamp of milliseconds", "'infinity'::TIMESTAMP_MS"],
    ["an infinite timestamp of nanoseconds", "'-infinity'::TIMESTAMP_NS"],
    ["an infinite instant in a field", "{'at': [TIMESTAMPTZ 'infinity']}"],
    ["a union", "1::UNION(number INTEGER, text VARCHAR)"],
    ["a union in a list", "['x'::UNION(number INTEGER, text VARCHAR)]"],
  ])("fails for good with the column's name at %s, which Parquet does not keep", async (_, value) => {
    expect(await run(`SELECT ${value} AS "the value" WHERE ${BOUNDED}`)).toMatchObject({
      state: "FAILED",
      isRetryable: false,
      error: { code: "JOB_FAILED", message: expect.stringContaining("Column the value: ") },
    });
    expect(bed.partitions()).toEqual([]);
  });

  it("names the column that has such a value, of several", async () => {
    const outcome = await run(
      `SELECT DATE '2026-01-01' AS day, n::HUGEINT AS sum, DATE 'infinity' AS late FROM range(3) r(n) WHERE ${BOUNDED}`,
    );
    expect(outcome.error?.message).toContain("Column late: Parquet keeps no infinite times");
  });

  it("keeps intervals and times of day inside of other values", async () => {
    const values = "{'x,(y': [INTERVAL '1193 hours', NULL], 'at': MAP {'k': TIMETZ '10:00:00+00'}}";
    expect(await run(`SELECT ${values} AS v, NULL::INTERVAL[] AS none WHERE ${BOUNDED}`)).toMatchObject({
      state: "SUCCEEDED",
    });
    expect(await bed.rows("v::VARCHAR AS v, none")).toEqual([
      { v: "{'x,(y': ['1193:00:00', NULL], 'at': {k='10:00:00+00'}}", none: null },
    ]);
  });

  it("does not take a compressed file that ends too early for a whole one", async () => {
    const whole = gzipSync("id\n1\n2\n3\n");
    const path = bed.write("in/it's.csv.gz", whole);
    const sql = `SELECT * FROM read_csv('${path.replaceAll("it's", "*")}') WHERE ${BOUNDED}`;
    expect(await run(sql)).toMatchObject({ state: "SUCCEEDED", metrics: { rowsWritten: 3 } });
    bed.write("in/it's.csv.gz", whole.subarray(0, -9));
    expect(await run(sql)).toMatchObject({
      state: "FAILED",
      isRetryable: true,
      error: { message: expect.stringContaining(`${path} ends too early`) },
    });
  });

  it("needs no bounds for a snapshot", async () => {
    expect(await run("SELECT 1 AS x", { mode: "full" })).toMatchObject({ state: "SUCCEEDED" });
  });

  it.each([
    ["SQL that is none", "SELEC 1"],
    ["an unknown column", `SELECT nothing FROM range(1) WHERE ${BOUNDED}`],
    ["an unknown table", `SELECT * FROM nowhere WHERE ${BOUNDED}`],
    ["an unknown function", `SELECT nonsense(1) WHERE ${BOUNDED}`],
    ["a value that does not convert", `SELECT 'x'::INTEGER WHERE ${BOUNDED}`],
    ["a number out of range", `SELECT 9223372036854775807 + 1::BIGINT WHERE ${BOUNDED}`],
    ["an address that needs an extension", `SELECT * FROM 'http://127.0.0.1:9/x.csv' WHERE ${BOUNDED}`],
  ])("that has %s fails for good", async (_, sql) => {
    expect(await run(sql)).toMatchObject({
      state: "FAILED",
      isRetryable: false,
      error: { code: "JOB_FAILED" },
    });
  });

  it("that reads a file which is not there may be tried again", async () => {
    const outcome = await run(`SELECT * FROM 'missing.csv' WHERE ${BOUNDED}`);
    expect(outcome).toMatchObject({ state: "FAILED", isRetryable: true, error: { code: "JOB_FAILED" } });
    expect(outcome.error?.message).toContain("missing.csv");
  });

  it("is not quoted in the message of its failure", async () => {
    const outcome = await run(`SELECT nothing, 'pass' || 'word' FROM range(1) WHERE ${BOUNDED}`);
    expect(outcome.error?.message).toContain("nothing");
    expect(outcome.error?.message).not.toContain("pass");
  });
});
