import { describe, expect, it } from "@jest/globals";
import { ConfigurationError, type JsonObject, OperatorError } from "@tidegate/core";
import { COLUMN_TYPES, createDuckdbOperator, type DuckdbOperatorOptions } from "../src/index.js";

const CSV: JsonObject = { format: "csv", path: "in.csv", timeColumn: "time" };
const TARGET: JsonObject = { path: "out" };
const TABLE: JsonObject = { format: "postgres", connection: "shop", table: "orders", timeColumn: "at" };
const UPSERT: JsonObject = {
  format: "postgres",
  connection: "shop",
  table: "orders",
  write: "upsert",
  key: ["id"],
};

function refusalOf(job: JsonObject): unknown {
  try {
    createDuckdbOperator({ secrets: { shop: "postgres://localhost/shop" } }).validate(job);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("a job", () => {
  it.each<[string, JsonObject]>([
    ["a source of one path", { source: CSV, target: TARGET }],
    ["a source of several paths", { source: { ...CSV, path: ["a/*.csv", "b/**/c.csv"] }, target: TARGET }],
    [
      "comments and short lines",
      { source: { ...CSV, options: { comment: "#", relaxed: true } }, target: TARGET },
    ],
    [
      "a time inside of objects",
      { source: { format: "json", path: "x", timeColumn: ["a", "b"] }, target: TARGET },
    ],
    ["a table of Postgres", { source: TABLE, target: TARGET }],
    ["a table with declared columns", { source: { ...TABLE, columns: { a: "BLOB" } }, target: TARGET }],
    ["a table to replace in", { source: CSV, target: { ...TABLE, write: "replace" } }],
    ["a table to upsert in", { sql: "SELECT 1", target: UPSERT }],
    ["files of an age", { source: { ...CSV, minAgeMs: 60_000 }, target: TARGET }],
    ["every type", { source: { ...CSV, columns: everyType() }, target: TARGET }],
    ["types in lower case", { source: { ...CSV, columns: { a: "decimal(10, 2)" } }, target: TARGET }],
    [
      "JSON",
      { source: { format: "json", path: "in.json", timeColumn: "time", timeUnit: "ms" }, target: TARGET },
    ],
    [
      "Parquet",
      { source: { format: "parquet", path: "in.parquet" }, target: { ...TARGET, compression: "gzip" } },
    ],
    ["a SELECT", { sql: "SELECT 1 WHERE $lower < $upper", target: TARGET }],
  ])("may have %s", (_, job) => {
    expect(refusalOf(job)).toBeUndefined();
  });

  it.each<[string, string, JsonObject]>([
    ["no target", "job.target", { source: CSV }],
    ["no source and no SELECT", "job.source", { target: TARGET }],
    ["both", "job.source", { source: CSV, sql: "SELECT 1", target: TARGET }],
    ["an unknown key", "job.retries", { source: CSV, target: TARGET, retries: 3 }],
    ["an unknown key in its source", "job.source.sep", { source: { ...CSV, sep: ";" }, target: TARGET }],
    [
      "an unknown key in its options",
      "job.source.options.sep",
      { source: { ...CSV, options: { sep: ";" } }, target: TARGET },
    ],
    [
      "an unknown key in its target",
      "job.target.mode",
      { source: CSV, target: { ...TARGET, mode: "append" } },
    ],
    ["a table without a name", "job.source.table", { source: { ...TABLE, table: "" }, target: TARGET }],
    [
      "a connection that the operator lacks",
      "job.target.connection",
      { source: CSV, target: { ...UPSERT, connection: "other" } },
    ],
    ["an unknown way to write", "job.target.write", { source: CSV, target: { ...UPSERT, write: "append" } }],
    ["an upsert without a key", "job.target.key", { source: CSV, target: { ...UPSERT, key: [] } }],
    ["an upsert by time", "job.target.timeColumn", { source: CSV, target: { ...UPSERT, timeColumn: "at" } }],
    ["an unknown format", "job.source.format", { source: { ...CSV, format: "xml" }, target: TARGET }],
    ["no path", "job.source.path", { source: { ...CSV, path: [] }, target: TARGET }],
    ["a path of another kind", "job.source.path", { source: { ...CSV, path: 7 }, target: TARGET }],
    [
      "a URL for a path",
      "job.source.path",
      { source: { ...CSV, path: "s3://bucket/x.csv" }, target: TARGET },
    ],
    [
      "a URL among its paths",
      "job.source.path.1",
      { source: { ...CSV, path: ["a", "https://u:p@h/x"] }, target: TARGET },
    ],
    ["a NUL in a path", "job.target.path", { source: CSV, target: { path: "out\0" } }],
    ["a glob for its target", "job.target.path", { source: CSV, target: { path: "out/*" } }],
    ["an unknown unit", "job.source.timeUnit", { source: { ...CSV, timeUnit: "days" }, target: TARGET }],
    ["no columns but the word", "job.source.columns", { source: { ...CSV, columns: {} }, target: TARGET }],
    [
      "an unknown type",
      "job.source.columns.a",
      { source: { ...CSV, columns: { a: "STRING" } }, target: TARGET },
    ],
    [
      "a type that Parquet loses",
      "job.source.columns.a",
      { source: { ...CSV, columns: { a: "HUGEINT" } }, target: TARGET },
    ],
    [
      "SQL for a type",
      "job.source.columns.a",
      { source: { ...CSV, columns: { a: "INTEGER); DROP" } }, target: TARGET },
    ],
    [
      "a decimal without sense",
      "job.source.columns.a",
      { source: { ...CSV, columns: { a: "DECIMAL(2,3)" } }, target: TARGET },
    ],
    [
      "a column twice",
      "job.source.columns",
      { source: { ...CSV, columns: { a: "DATE", A: "DATE" } }, target: TARGET },
    ],
    [
      "columns for Parquet",
      "job.source.columns",
      { source: { format: "parquet", path: "x", columns: { a: "DATE" } }, target: TARGET },
    ],
    [
      "no header and columns without an order",
      "job.source.columns",
      { source: { ...CSV, columns: { b: "DATE", "1": "DATE" }, options: { header: false } }, target: TARGET },
    ],
    [
      "no header and no columns",
      "job.source.columns",
      { source: { ...CSV, options: { header: false } }, target: TARGET },
    ],
    [
      "a long delimiter",
      "job.source.options.delimiter",
      { source: { ...CSV, options: { delimiter: "||" } }, target: TARGET },
    ],
    [
      "a quote of several bytes",
      "job.source.options.quote",
      { source: { ...CSV, options: { quote: "«" } }, target: TARGET },
    ],
    [
      "an escape of several bytes",
      "job.source.options.escape",
      { source: { ...CSV, options: { escape: "§" } }, target: TARGET },
    ],
    [
      "a delimiter that escapes",
      "job.source.options",
      { source: { ...CSV, options: { escape: "," } }, target: TARGET },
    ],
    [
      "a delimiter in what stands for null",
      "job.source.options",
      { source: { ...CSV, options: { nullString: "a,b" } }, target: TARGET },
    ],
    [
      "an escape in what stands for null",
      "job.source.options",
      { source: { ...CSV, options: { nullString: "\\N", escape: "\\" } }, target: TARGET },
    ],
    [
      "a delimiter that quotes",
      "job.source.options",
      { source: { ...CSV, options: { delimiter: '"' } }, target: TARGET },
    ],
    [
      "a fraction of a line to skip",
      "job.source.options.skip",
      { source: { ...CSV, options: { skip: 0.5 } }, target: TARGET },
    ],
    [
      "a comment of two characters",
      "job.source.options.comment",
      { source: { ...CSV, options: { comment: "//" } }, target: TARGET },
    ],
    [
      "a comment that separates",
      "job.source.options",
      { source: { ...CSV, options: { delimiter: "#", comment: "#" } }, target: TARGET },
    ],
    [
      "a time inside of CSV",
      "job.source.timeColumn",
      { source: { ...CSV, timeColumn: ["a", "b"] }, target: TARGET },
    ],
    ["a negative age", "job.source.minAgeMs", { source: { ...CSV, minAgeMs: -1 }, target: TARGET }],
    [
      "an unknown compression",
      "job.target.compression",
      { source: CSV, target: { ...TARGET, compression: "zip" } },
    ],
    ["an empty SELECT", "job.sql", { sql: "", target: TARGET }],
    [
      "a key that reaches a prototype",
      "job.__proto__",
      JSON.parse('{"__proto__": {"sql": "x"}, "target": {"path": "out"}}'),
    ],
    [
      "such a key of another name",
      "job.target.constructor",
      { source: CSV, target: { ...TARGET, constructor: "x" } },
    ],
  ])("must not have %s", (_, field, job) => {
    const refusal = refusalOf(job);
    expect(refusal).toBeInstanceOf(OperatorError);
    expect(refusal).toMatchObject({ code: "JOB_INVALID", field, message: expect.stringContaining(field) });
  });
});

describe("the way in which a job writes", () => {
  it.each<[string, JsonObject]>([
    ["replace", TARGET],
    ["replace", { ...TABLE, write: "replace" }],
    ["upsert", UPSERT],
  ])("is %s", (effect, target) => {
    const operator = createDuckdbOperator({ secrets: { shop: "postgres://localhost/shop" } });
    expect(operator.writesOf({ source: CSV, target })).toBe(effect);
    // A full copy removes older partitions, or all rows of the table.
    expect(operator.replacesTarget({ source: CSV, target })).toBe(effect === "replace");
  });
});

describe("an option", () => {
  it.each<[string, string, Record<string, unknown>]>([
    ["no threads", "threads", { threads: 0 }],
    ["an amount of memory that is none", "memoryLimit", { memoryLimit: "much" }],
    ["SQL for an amount of memory", "memoryLimit", { memoryLimit: "1GB'; SET threads = 1; --" }],
    ["no parallel job", "maxParallelJobs", { maxParallelJobs: 0 }],
    ["no directory", "allowedDirectories", { allowedDirectories: [] }],
    ["an unknown name", "", { directories: ["/"] }],
  ])("must not be %s", (_, field, options) => {
    const create = () => createDuckdbOperator(options as DuckdbOperatorOptions);
    expect(create).toThrow(ConfigurationError);
    expect(create).toThrow(expect.objectContaining({ code: "CONFIGURATION_INVALID", field }));
  });
});

function everyType(): Record<string, string> {
  return Object.fromEntries(COLUMN_TYPES.map((type) => [type, type.replace("(p,s)", "(38,9)")]));
}
