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
});
