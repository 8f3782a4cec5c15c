import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Bed, HOUR } from "./bed.js";

const CORPUS = fileURLToPath(new URL("corpus/", import.meta.url));

/** A case of `corpus/make.py`. */
interface Case {
  readonly name: string;
  readonly format: string;
  readonly path: readonly string[];
  readonly columns: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string | number | boolean>>;
  /** The path of the time column; without one, times do not matter. */
  readonly time?: readonly string[];
  readonly rows?: readonly (readonly (string | null)[])[];
  readonly rejected?: number;
  readonly failure?: { readonly isRetryable: boolean };
}

const CASES = JSON.parse(readFileSync(join(CORPUS, "cases", "index.json"), "utf8")) as readonly Case[];
const DAY = { lower: Date.UTC(2026, 0, 1), upper: Date.UTC(2026, 0, 1) + 24 * HOUR, mode: "full" } as const;

it("the corpus is what Python's csv, json and gzip make of it", () => {
  const output = execFileSync("python3", [join(CORPUS, "make.py"), "--check"], { encoding: "utf8" });
  expect(output).toContain(`${CASES.length} cases`);
});

describe("a file is taken over exactly, or its rows are kept aside, or the run fails with its name", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  it.each(CASES.map((one) => [one.name, one] as const))("%s", async (_, one) => {
    const { format, columns, options, time, rows = [], rejected = 0, failure } = one;
    const path = one.path.map((name) => join(CORPUS, "cases", name));
    const source = {
      format,
      path,
      columns,
      ...(format === "csv" ? { options } : {}),
      ...(time === undefined ? {} : { timeColumn: [...time] }),
    };
    const outcome = await bed.run({ job: { source, target: { path: bed.target } }, ...DAY });
    if (failure !== undefined) {
      expect(outcome).toMatchObject({ state: "FAILED", error: { code: "JOB_FAILED" }, ...failure });
      expect(bed.files()).toEqual([]);
      const isNamed = path.some((file) => outcome.error?.message.includes(file));
      expect(isNamed || outcome.error?.message).toBe(
        one.name === "a column that no file has" ? "There is no column name; there are city, at." : true,
      );
      return;
    }
    expect(outcome).toMatchObject({
      state: "SUCCEEDED",
      metrics: { rowsRead: rows.length + rejected, rowsWritten: rows.length, rowsDirty: rejected },
    });
    const copied = await bed.rows(Object.entries(columns).map(asText).join(", "));
    expect(sorted(copied.map((row) => Object.values(row)))).toEqual(sorted(rows));
    const kept = rejected === 0 ? [] : bed.rejected(time === undefined ? "full.jsonl" : "untimed/full.jsonl");
    expect(kept).toHaveLength(rejected);
    expect(kept.every(({ file }) => path.length > 1 || file === path[0])).toBe(true);
  });
});

describe("CSV files", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  const read = (path: string, options = {}) => {
    const columns = { id: "BIGINT", note: "VARCHAR", part: "VARCHAR" };
    const source = { format: "csv", path, columns, options };
    return bed.run({ job: { source, target: { path: bed.target } }, ...DAY });
  };

  it.each([
    ["\n", "\r\n"],
    ["\r", "\r\n"],
    ["\r\n", "\n"],
    ["\r", "\n"],
  ])(
    "without a header may have a line to skip that ends in %j, before rows that end in %j",
    async (first, end) => {
      const path = bed.write("in.csv", `Report${first}${["1,a,x", "2,b,y", ""].join(end)}`);
      expect(await read(path, { header: false, skip: 1 })).toMatchObject({ state: "SUCCEEDED" });
      expect(await bed.rows()).toEqual([
        { id: "1", note: "a", part: "x" },
        { id: "2", note: "b", part: "y" },
      ]);
    },
  );

  it("may have a byte order mark before a first value in quotes, no header and mixed line ends", async () => {
    const path = bed.write("in.csv", '\ufeff","\na\r\n');
    const source = { format: "csv", path, columns: { note: "VARCHAR" }, options: { header: false } };
    const outcome = await bed.run({ job: { source, target: { path: bed.target } }, ...DAY });
    expect(outcome).toMatchObject({ state: "SUCCEEDED" });
    expect(await bed.rows()).toEqual([{ note: "," }, { note: "a" }]);
  });

  it("may have blanks around the quotes of a value, which are not part of it", async () => {
    const path = bed.write("in.csv", 'id,note,part\n1, "a, b" , c\n');
    expect(await read(path)).toMatchObject({ state: "SUCCEEDED" });
    expect(await bed.rows()).toEqual([{ id: "1", note: "a, b", part: " c" }]);
  });

  it.each([
    ["of equal line ends", ["\n"], {}],
    ["of mixed line ends", ["\n", "\r\n"], {}],
    ["with escapes", ["\n"], { escape: "\\" }],
  ])(
    "larger than the parts in which DuckDB reads them, %s, may have values of lines like rows",
    async (_, ends, options) => {
      const lines: string[] = [];
      const count = 50;
      for (let id = 0; id < count; id += 1) {
        const note = `"${"1,2,3\n".repeat(70_000)}"`;
        lines.push(`${id},${note},${id % 7}${ends[id % ends.length]}`);
      }
      const path = bed.write("in.csv", `id,note,part\n${lines.join("")}`);
      expect(await read(path, options)).toMatchObject({
        metrics: { rowsRead: count, rowsWritten: count, rowsDirty: 0 },
      });
      expect(await bed.rows("count(DISTINCT id)::INTEGER AS ids, max(id)::INTEGER AS last")).toEqual([
        { ids: count, last: count - 1 },
      ]);
    },
  );
});

/** 17 digits tell doubles apart. */
function asText([name, type]: readonly [string, string], index: number): string {
  const value = `"${name.replaceAll('"', '""')}"`;
  return `${type === "DOUBLE" ? `printf('%.17g', ${value})` : `${value}::VARCHAR`} AS c${index}`;
}

function sorted(rows: readonly (readonly unknown[])[]): readonly string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}
