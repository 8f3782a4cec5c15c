import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { Bed, HOUR } from "./bed.js";

const START = Date.UTC(2026, 0, 1);
const FIRST = { lower: START, upper: START + HOUR };
const TIME = "2026-01-01T00:10:00Z";

/** Names that end an identifier, a string, a list or a statement if they are not quoted. */
const HOSTILE = [
  'plain "quoted"',
  "it's",
  'a"); DROP TABLE staged; --',
  "x' || (SELECT 1) || '",
  "größe €/日本 🌊",
  "select",
  "$lower",
  "a.b[0]",
  "back\\slash",
  "semi;colon -- /* */",
  "raw",
  "file",
  "fields",
  "filename",
  "__tidegate_row",
  "column_0",
  "\ufeffmarked",
  "2024",
];

describe("names", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  function jobOf(source: JsonObject): JsonObject {
    return { source, target: { path: bed.target } };
  }

  const csvField = (text: string) => `"${text.replaceAll('"', '""')}"`;

  it.each(HOSTILE)("of columns may be %s, as data, as the time, in CSV, JSON and Parquet", async (name) => {
    const columns = { [name]: "TIMESTAMP", value: "INTEGER" };
    const csv = bed.write("in.csv", `${csvField(name)},value\n${TIME},1\nnever,2\n${TIME},x\n`);
    const json = bed.write(
      "in.json",
      [{ [name]: TIME, value: 1 }].map((row) => JSON.stringify(row)).join("\n"),
    );
    const read = [{ value: 1, time: "2026-01-01 00:10:00" }];
    const select = `value, "${name.replaceAll('"', '""')}" AS time`;
    for (const source of [
      { format: "csv", path: csv, timeColumn: name, columns },
      { format: "json", path: json, timeColumn: name, columns },
    ]) {
      expect(await bed.run({ job: jobOf(source), ...FIRST })).toEqual(
        expect.objectContaining({ state: "SUCCEEDED" }),
      );
      expect(await bed.rows(select)).toEqual(read);
    }
    const source = { format: "parquet", path: `${bed.target}/interval=*/part.parquet`, timeColumn: name };
    const copy = { source, target: { path: `${bed.directory}/copy` } };
    expect(await bed.run({ job: copy, ...FIRST })).toMatchObject({ metrics: { rowsWritten: 1 } });
  });

  it.each(["it's a dir", 'quo"ted', "größe 日本 🌊", "a;b -- c", "dollar $lower", "percent%20"])(
    "of directories and files may be %s",
    async (name) => {
      const path = bed.write(`${name}/${name}.csv`, `id,time\n1,${TIME}\n2,never\n`);
      const target = { path: `${bed.directory}/${name}/target` };
      const source = {
        format: "csv",
        path,
        timeColumn: "time",
        columns: { id: "INTEGER", time: "TIMESTAMP" },
      };
      const spec = { job: { source, target }, ...FIRST };
      expect(await bed.run(spec)).toMatchObject({ metrics: { rowsRead: 2, rowsWritten: 1, rowsDirty: 1 } });
    },
  );

  it("of several files, also compressed and with their columns in another order, make one source", async () => {
    bed.write("in/a.csv", `id,time\n1,${TIME}\n`);
    bed.write("in/b.csv", `time,extra,id\n${TIME},x,2\n`);
    bed.write("in/deep/c.csv.gz", gzipSync(`id,time\n3,${TIME}\nx,${TIME}\n`));
    bed.write("in/d.csv", `\uFEFFid,time\r\n4,${TIME}\r\n`);
    bed.write("in/empty.csv", "");
    const paths = [`${bed.directory}/in/*.csv`, `${bed.directory}/in/**/*.csv.gz`];
    const source = {
      format: "csv",
      path: paths,
      timeColumn: "time",
      columns: { time: "TIMESTAMP", id: "INTEGER" },
    };
    expect(await bed.run({ job: jobOf(source), ...FIRST })).toMatchObject({
      metrics: { rowsWritten: 4, rowsDirty: 1 },
    });
    expect((await bed.rows("id")).map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  });

  it("of columns that are numbers do not change the columns' order", async () => {
    const path = bed.write("in.csv", `country,2024,time,2023\nNorway,new,${TIME},old\nIran,bad\n`);
    await bed.run({ job: jobOf({ format: "csv", path, timeColumn: "time" }), ...FIRST });
    expect(await bed.rows('country, "2024" AS later, "2023" AS earlier')).toEqual([
      { country: "Norway", later: "new", earlier: "old" },
    ]);
  });

  it("of a CSV dialect are taken as they are declared", async () => {
    const path = bed.write(
      "in.csv",
      `a comment\n1|${TIME}|'it''s | fine'\n2|${TIME}|NA\n3|${TIME}|'torn' x\n`,
    );
    const source = {
      format: "csv",
      path,
      timeColumn: "at",
      columns: { id: "INTEGER", at: "TIMESTAMPTZ", note: "VARCHAR" },
      options: { delimiter: "|", quote: "'", header: false, skip: 1, nullString: "NA" },
    };
    expect(await bed.run({ job: jobOf(source), ...FIRST })).toMatchObject({
      metrics: { rowsWritten: 2, rowsDirty: 1 },
    });
    expect(await bed.rows("id, note")).toEqual([
      { id: 1, note: "it's | fine" },
      { id: 2, note: null },
    ]);
  });

  it.each([
    ["\n", "\r\n"],
    ["\r\n", "\n"],
    ["\r", "\n"],
    ["\n", "\r"],
  ])("of columns without a header: a first value may hold %j where lines end in %j", async (inner, end) => {
    const path = bed.write("in.csv", [`"a${inner}b",1`, '"c",2', "d,3", ""].join(end));
    const columns = { name: "VARCHAR", id: "INTEGER" };
    const job = jobOf({ format: "csv", path, columns, options: { header: false } });
    const outcome = await bed.run({ job, ...FIRST, mode: "full" });
    expect(outcome).toMatchObject({ state: "SUCCEEDED", metrics: { rowsWritten: 3, rowsDirty: 0 } });
    expect((await bed.rows("name")).map(({ name }) => name)).toEqual([`a${inner}b`, "c", "d"]);
  });

  it("of a column that the target's directories would hide are refused", async () => {
    const path = bed.write("in.csv", `time,Interval\n${TIME},1\n`);
    const outcome = await bed.run({ job: jobOf({ format: "csv", path, timeColumn: "time" }), ...FIRST });
    expect(outcome).toMatchObject({ state: "FAILED", isRetryable: false, error: { code: "JOB_INVALID" } });
  });

  it("that are not UTF-8 fail the run instead of being passed over", async () => {
    bed.write("in/a.csv", "id\n1\n");
    writeFileSync(
      Buffer.concat([Buffer.from(`${bed.directory}/in/caf`), Buffer.from("\xe9.csv", "latin1")]),
      "id\n2\n",
    );
    const path = `${bed.directory}/in/*.csv`;
    expect(await bed.run({ job: jobOf({ format: "csv", path }), ...FIRST, mode: "full" })).toMatchObject({
      state: "FAILED",
      isRetryable: false,
      error: { code: "JOB_FAILED", message: `${path} matches a file whose name is not UTF-8.` },
    });
  });

  it("of a pipe fail the run instead of waiting for its writer", async () => {
    execFileSync("mkfifo", [`${bed.directory}/pipe.csv`]);
    for (const format of ["csv", "json", "parquet"]) {
      const job = jobOf({ format, path: `${bed.directory}/pipe.csv` });
      expect(await bed.run({ job, ...FIRST, mode: "full" })).toMatchObject({
        state: "FAILED",
        isRetryable: false,
        error: { code: "JOB_FAILED", message: `${bed.directory}/pipe.csv is not a regular file.` },
      });
    }
  });
});
