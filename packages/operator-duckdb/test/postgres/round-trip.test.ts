import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Bed } from "../bed.js";
import { HOUR } from "../bed.js";
import { PostgresPlace } from "./place.js";

const START = Date.UTC(2026, 0, 1);
const HOURLY = { lower: START, upper: START + HOUR };

/** Values of each type, as SQL literals: usual ones, and those at the limits. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  boolean: ["true", "false"],
  smallint: ["-32768", "32767"],
  integer: ["-2147483648", "2147483647"],
  bigint: ["'-9223372036854775808'", "9223372036854775807", "9007199254740993"],
  real: ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "'1e-45'", "'3.4028235e38'", "0.1", "16777217"],
  "double precision": ["'NaN'", "'-Infinity'", "'-0'", "'5e-324'", "'1.7976931348623157e308'", "0.1"],
  numeric: ["'NaN'", "'Infinity'", "1.20", "'1e-100'", "123456789012345678901234567890123456789012.5"],
  "numeric(38,6)": ["99999999999999999999999999999999.999999", "-0.000001", "0"],
  "numeric(50,2)": ["123456789012345678901234567890123456789012345678.25"],
  "numeric(3,-2)": ["12300"],
  text: [
    "''",
    "'  x '",
    "'NULL'",
    "'\\N'",
    "'\\.'",
    "E'a\\n\\\\.\\nb'",
    "E'\\r\\n\\t\\b\\f\\v\\\\n\\\\\\\\n\"'",
    "'é😀'",
    "E'\\x01\\x7f'",
  ],
  "varchar(5)": ["'abcde'", "'a  '"],
  "char(5)": ["'ab'", "''"],
  bytea: ["'\\x'", "'\\x00ff5c0a'"],
  date: ["'0001-01-01'", "'9999-12-31'", "'12345-06-07'", "'5874897-12-31'"],
  time: ["'00:00'", "'23:59:59.999999'", "'24:00:00'"],
  timetz: ["'10:00:00.5+05:30'"],
  timestamp: ["'0001-01-01'", "'9999-12-31 23:59:59.999999'", "'12345-01-01'"],
  timestamptz: ["'0001-01-01 00:00+00'", "'9999-12-31 23:59:59.999999+00'", "'2026-03-29 02:30+01'"],
  interval: ["'1 year -2 mons 3 days -04:05:06.789'", "'0'"],
  uuid: ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"],
  json: ['\'{"a" : 1.0, "a":"\\u00e9\\n", "n": 12345678901234567890.10}\'', "'null'"],
  jsonb: ['\'{"a": 1.0, "n": 12345678901234567890.10, "s": "\\\\"}\''],
  xml: ["'<a>&lt;</a>'"],
  inet: ["'10.0.0.1/8'"],
  "bit(3)": ["'101'"],
  int4range: ["'[1,5)'"],
  mood: ["'so, \"so\"'"],
  cents: ["12.34"],
};

describe("Postgres to Parquet and back", () => {
  let place: PostgresPlace;
  let bed: Bed;
  beforeAll(async () => {
    place = await PostgresPlace.make();
  });
  afterAll(() => place.dispose());
  beforeEach(async () => {
    bed = await place.bed();
  });
  afterEach(() => bed.dispose());

  const table = { format: "postgres", connection: "shop", timeColumn: "at" };

  async function thereAndBack(columns: string): Promise<void> {
    const there = { ...table, table: "source", columns: undefined };
    const outcome = await bed.run({
      job: JSON.parse(JSON.stringify({ source: there, target: { path: bed.target } })),
      ...HOURLY,
    });
    expect(outcome).toMatchObject({ state: "SUCCEEDED" });
    await place.query(`CREATE TABLE target (${columns})`);
    const back = await bed.run({
      job: {
        source: { format: "parquet", path: `${bed.target}/**/*.parquet`, timeColumn: "at" },
        target: { ...table, table: "target", write: "replace" },
      },
      ...HOURLY,
    });
    expect(back).toMatchObject({ state: "SUCCEEDED" });
  }

  /** What each side has, byte by byte, as one text per row. */
  const differences = () =>
    place.query(`(SELECT 'lost' AS how, s::text FROM source s EXCEPT ALL SELECT 'lost', t::text FROM target t)
      UNION ALL (SELECT 'made', t::text FROM target t EXCEPT ALL SELECT 'made', s::text FROM source s)`);

  it("keeps every value of every type as it is", async () => {
    await place.query(
      "CREATE TYPE mood AS ENUM ('so, \"so\"'); CREATE DOMAIN cents AS numeric(10,2) CHECK (VALUE > 0)",
    );
    const types = Object.keys(VALUES);
    const columns = `no int, at timestamptz, ${types.map((type, index) => `c${index} ${type}`).join(", ")}`;
    await place.query(`CREATE TABLE source (${columns})`);
    const most = Math.max(...Object.values(VALUES).map(({ length }) => length));
    for (let no = 0; no <= most; no += 1) {
      const values = types.map((type) => VALUES[type]![no] ?? "NULL");
      await place.query(`INSERT INTO source VALUES (${no}, '2026-01-01 00:30+00', ${values.join(", ")})`);
    }
    await thereAndBack(columns);
    expect(await differences()).toEqual([]);
    expect(await place.query("SELECT count(*)::int AS rows FROM target")).toEqual([{ rows: most + 1 }]);
  });

  it("keeps any text", async () => {
    const letter = fc.constantFrom(..."\\Nnrtbfvx.,;\"'\t\n\r\b\f\v \u0001\u007fé😀{}".match(/./gsu)!);
    const text = fc.array(letter, { maxLength: 12 }).map((letters) => letters.join(""));
    const texts = fc.sample(fc.option(text), { numRuns: 3_000, seed: 7 });
    const columns = "no int, at timestamptz, v text";
    await place.query(`CREATE TABLE source (${columns}); INSERT INTO source
      SELECT (e->>0)::int, '2026-01-01 00:30+00', e->>1 FROM jsonb_array_elements('${JSON.stringify(texts.map((value, no) => [no, value])).replaceAll("'", "''")}') e`);
    await thereAndBack(columns);
    expect(await differences()).toEqual([]);
    const rows = await place.query<{ no: number; v: string | null }>("SELECT no, v FROM target ORDER BY no");
    expect(rows.map(({ v }) => v)).toEqual(texts);
  });

  it("keeps a lone column of empty texts", async () => {
    await place.query("CREATE TABLE source (v text); INSERT INTO source VALUES (''), (NULL), (''), ('x')");
    const source = { format: "postgres", connection: "shop", table: "source" };
    await bed.run({ job: { source, target: { path: bed.target } }, ...HOURLY, mode: "full" });
    expect((await bed.rows("v")).map(({ v }) => v)).toEqual(["", "", "x", null]);
  });
});
