import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Bed, HOUR } from "./bed.js";

const START = Date.UTC(2026, 0, 1);
const FULL = { lower: START, upper: START + HOUR, mode: "full" } as const;

describe("inferred columns", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  async function copy(format: string, path: readonly string[]) {
    const outcome = await bed.run({
      job: { source: { format, path }, target: { path: bed.target } },
      ...FULL,
    });
    expect(outcome).toMatchObject({ state: "SUCCEEDED", metrics: { rowsDirty: 0 } });
    return bed.rows();
  }

  it.each<[string, readonly string[], string]>([
    ["BIGINT", ["1", "-2", "9223372036854775807"], "9223372036854775807"],
    ["DOUBLE", ["1", "2.5", "1e3"], "2.5"],
    ["VARCHAR", ["0123", "4567"], "0123"],
    ["VARCHAR", ["9007199254740993", "1.5"], "9007199254740993"],
    ["VARCHAR", ["9223372036854775808"], "9223372036854775808"],
    ["VARCHAR", ["0.12345678901234567890"], "0.12345678901234567890"],
    ["BOOLEAN", ["true", "FALSE"], "true"],
    ["DATE", ["2026-01-01", "2026-02-01"], "2026-01-01"],
    ["VARCHAR", ["13/01/2026"], "13/01/2026"],
    ["TIME", ["10:00:00"], "10:00:00"],
    ["TIMESTAMP", ["2026-01-01", "2026-01-01 10:00:00.5"], "2026-01-01 10:00:00.5"],
    ["TIMESTAMP WITH TIME ZONE", ["2026-01-01T10:00:00Z"], "2026-01-01 10:00:00+00"],
    ["TIMESTAMP_NS", ["2026-01-01 10:00:00.123456789"], "2026-01-01 10:00:00.123456789"],
    ["VARCHAR", ["", ""], "1"],
  ])("of CSV have the type %s for %j, and keep all values", async (type, values, value) => {
    const path = bed.write("in.csv", ["v,w", ...values.map((text) => `${text},1`), ""].join("\n"));
    await copy("csv", [path]);
    const column = values.includes("") ? "w" : "v";
    expect(await bed.rows("DISTINCT typeof(v) AS type")).toEqual([{ type }]);
    expect(await bed.rows(`DISTINCT ${column}::VARCHAR AS x`)).toContainEqual({ x: value });
  });

  it("of several CSV files are those of all files", async () => {
    const old = bed.write("1.csv", "\ncity,at\nLima,2026-01-01\n");
    const added = bed.write("2.csv", '\ufeff"name","City"\r\nAnn,Bonn\nBob,Oslo\r\n');
    expect(await copy("csv", [old, added])).toEqual([
      { city: "Bonn", at: null, name: "Ann" },
      { city: "Lima", at: "2026-01-01", name: null },
      { city: "Oslo", at: null, name: "Bob" },
    ]);
  });

  it("of JSON are those of all rows", async () => {
    const lines = Array.from({ length: 30_000 }, (_, id) =>
      JSON.stringify(id === 29_999 ? { id, late: "x" } : { id }),
    );
    const path = bed.write("in.jsonl", lines.join("\n"));
    await copy("json", [path]);
    expect(await bed.rows("count(*)::INTEGER AS rows, count(late)::INTEGER AS late")).toEqual([
      { rows: 30_000, late: 1 },
    ]);
  });

  it.each<[string, readonly string[], string]>([
    ["VARCHAR", ["9007199254740993", "1.5"], "9007199254740993"],
    ["VARCHAR", ["12345678901234567890123", "1"], "12345678901234567890123"],
    ["VARCHAR", ["-9223372036854775809", "1"], "-9223372036854775809"],
    ["VARCHAR", ["18446744073709551615", "-1"], "18446744073709551615"],
    ["VARCHAR", ["0.1234567890123456789", "1"], "0.1234567890123456789"],
    ["VARCHAR", ["1e400", "1.5"], "1e400"],
    ["DOUBLE", ["0.30000000000000004", "1", "2.5e-7", "123456789012345"], "0.30000000000000004"],
    ["BIGINT", ["9223372036854775807", "-1"], "9223372036854775807"],
    ["VARCHAR", ["18446744073709551615", "1"], "18446744073709551615"],
    ["VARCHAR", ['"10:00:00.1234567"', '"10:00"'], "10:00:00.1234567"],
    ["TIME", ['"10:00:00.123456"', '"10:00"'], "10:00:00.123456"],
  ])("of JSON have the type %s for %j, and keep all values", async (type, values, value) => {
    const objects = values.map((text) => `{"v":${text}}`);
    for (const content of [objects.join("\n"), objects.join("\r\n"), `[${objects.join(",")}]`]) {
      const path = bed.write("in.json", content);
      await copy("json", [path]);
      expect(await bed.rows("DISTINCT typeof(v) AS type")).toEqual([{ type }]);
      expect(await bed.rows("DISTINCT v::VARCHAR AS x")).toContainEqual({ x: value });
    }
  });

  it("of JSON keep all values of lines that end differently", async () => {
    const path = bed.write("in.jsonl", '{"v":9007199254740993}\r\n{"v":1.5}\n{"v":2}\r\n');
    await copy("json", [path]);
    expect(await bed.rows("v")).toEqual([{ v: "1.5" }, { v: "2" }, { v: "9007199254740993" }]);
  });

  it.each<[string, string]>([
    ["DATE", "infinity"],
    ["TIMESTAMP", "epoch"],
  ])("of JSON keep texts that are %s only to DuckDB", async (_, text) => {
    const path = bed.write("in.jsonl", `{"v":"2026-01-01"}\n{"v":${JSON.stringify(text)}}\n`);
    await copy("json", [path]);
    expect(await bed.rows("v")).toEqual([{ v: "2026-01-01" }, { v: text }]);
  });

  it("of JSON do not lose a key that differs from another only in case", async () => {
    for (const content of ['{"a":1,"A":2}\n{"a":3}\n', '[{"a":1,"A":2},{"a":3}]']) {
      const path = bed.write("in.json", content);
      const outcome = await bed.run({
        job: { source: { format: "json", path }, target: { path: bed.target } },
        ...FULL,
      });
      expect(outcome).toMatchObject({ state: "SUCCEEDED", metrics: { rowsWritten: 1, rowsDirty: 1 } });
      expect(await bed.rows()).toEqual([{ a: "3" }]);
      expect(bed.rejected("full.jsonl")).toEqual([expect.objectContaining({ raw: '{"a":1,"A":2}' })]);
    }
  });

  it("of JSON may have names that begin with a byte order mark", async () => {
    await copy("json", [bed.write("in.jsonl", '{"\ufeffa":1,"a":2}\n')]);
    expect(await bed.rows('"\ufeffa" AS marked, a')).toEqual([{ marked: "1", a: "2" }]);
  });

  it("of JSON may have names that DuckDB makes up for others", async () => {
    const path = bed.write("in.jsonl", '{"a_1":1,"C0":2,"json":3}\n');
    await copy("json", [path]);
    expect(await bed.rows()).toEqual([{ a_1: "1", C0: "2", json: "3" }]);
  });

  it("of JSON cannot be those of a key without a name", async () => {
    const path = bed.write("in.jsonl", '{"a":1}\r\n{"":1,"a":2}\n');
    const source = { format: "json", path };
    const outcome = await bed.run({ job: { source, target: { path: bed.target } }, ...FULL });
    expect(outcome).toMatchObject({
      state: "FAILED",
      isRetryable: false,
      error: { code: "JOB_FAILED", message: expect.stringContaining(`${path} has a key without a name`) },
    });
  });

  it("of JSON keep and count rows that have no keys, or are no objects", async () => {
    const job = (path: string) => ({ source: { format: "json", path }, target: { path: bed.target } });
    const bare = bed.write("bare.jsonl", "{}\n{}\n");
    expect(await bed.run({ job: job(bare), ...FULL })).toMatchObject({
      metrics: { rowsWritten: 2, rowsDirty: 0 },
    });
    const numbers = bed.write("numbers.jsonl", "1\n2\n");
    expect(await bed.run({ job: job(numbers), ...FULL })).toMatchObject({
      metrics: { rowsWritten: 0, rowsDirty: 2 },
    });
  });

  it.each([
    ["csv", ""],
    ["csv", "\n\n"],
    ["json", ""],
    ["json", "[]"],
  ])("of files of %s that hold nothing but %j are none, and there is no partition", async (format, text) => {
    await copy(format, [bed.write("in.txt", text)]);
    expect(bed.partitions()).toEqual([]);
    await copy(format, [bed.write("other.txt", format === "csv" ? "a\n1\n" : '{"a":1}')]);
    expect(await bed.rows()).toEqual([{ a: "1" }]);
  });
});
