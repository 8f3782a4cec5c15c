import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { untroubled } from "@tidegate/testkit";
import { createDuckdbOperator } from "../../src/index.js";
import { type Bed, HOUR, requestOf, tiles } from "../bed.js";
import { PostgresPlace } from "./place.js";

const START = Date.UTC(2026, 0, 1);
const HOURLY = { lower: START, upper: START + HOUR };

describe("a table of Postgres as source", () => {
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

  const job = (source: JsonObject = {}): JsonObject => ({
    source: { format: "postgres", connection: "shop", table: "orders", timeColumn: "at", ...source },
    target: { path: bed.target },
  });

  describe("intervals", () => {
    it.each([
      ["timestamptz", "iso", (ms: number) => `to_timestamp(${ms} / 1000.0)`],
      ["timestamp", "iso", (ms: number) => `to_timestamp(${ms} / 1000.0) AT TIME ZONE 'UTC'`],
      ["bigint", "ms", (ms: number) => `${ms}`],
      ["bigint", "ns", (ms: number) => `${ms}000000`],
      ["integer", "s", (ms: number) => `${ms} / 1000`],
      ["numeric", "s", (ms: number) => `${ms} / 1000.0`],
    ] as const)("by a column of %s in %s have each row in exactly one", async (type, timeUnit, at) => {
      const times = [0, 1_000, HOUR - 1_000, HOUR, 2 * HOUR - 1_000, 2 * HOUR].map((ms) => START + ms);
      await place.query(`SET TimeZone = 'America/New_York'; CREATE TABLE orders (id int, at ${type});
        INSERT INTO orders VALUES ${times.map((ms, id) => `(${id}, ${at(ms)})`).join(", ")}`);
      const counts = [];
      for (const tile of tiles(START, START + 3 * HOUR, HOUR)) {
        const outcome = await bed.run({ job: job({ timeUnit }), ...tile });
        counts.push(outcome.metrics?.rowsRead);
      }
      expect(counts).toEqual([3, 2, 1]);
      expect((await bed.rows("id")).map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5]);
    });

    it("take a date as its midnight in UTC", async () => {
      await place.query(
        "CREATE TABLE orders (id int, at date); INSERT INTO orders VALUES (1, '2025-12-31'), (2, '2026-01-01'), (3, '2026-01-02')",
      );
      await bed.run({ job: job(), lower: START, upper: START + 24 * HOUR });
      expect(await bed.rows('id, "at"')).toEqual([{ id: 2, at: "2026-01-01" }]);
    });

    it("of a snapshot have all rows up to the end of the interval, those without a time too", async () => {
      await place.query(
        `CREATE TABLE orders (id int, at timestamptz);
        INSERT INTO orders VALUES (1, NULL), (2, '2025-01-01'), (3, '${new Date(START + HOUR).toISOString()}')`,
      );
      await bed.run({ job: job(), ...HOURLY, mode: "full" });
      expect(await bed.rows("id")).toEqual([{ id: 1 }, { id: 2 }]);
    });

    it("without rows have a partition with the table's columns", async () => {
      await place.query("CREATE TABLE orders (id int, at timestamptz)");
      const { metrics } = await bed.run({ job: job(), ...HOURLY });
      expect(metrics).toMatchObject({ rowsRead: 0, rowsWritten: 0, rowsDirty: 0 });
      expect(bed.partitions()).toHaveLength(1);
    });

    it("are not made of a column that is no time", async () => {
      await place.query("CREATE TABLE orders (id int, at text)");
      expect(await bed.run({ job: job(), ...HOURLY })).toMatchObject({
        state: "FAILED",
        error: { code: "JOB_INVALID", message: expect.stringContaining("at is text") },
        isRetryable: false,
      });
    });
  });

  it("is copied whole when its text is long, with rows that span any of its parts", async () => {
    await place.query(`CREATE TABLE orders AS SELECT i AS id, timestamptz '2026-01-01 00:30+00' AS at,
      repeat(chr(9) || '\\' || chr(10) || i, 20) AS note FROM generate_series(1, 400000) i`);
    const { metrics } = await bed.run({ job: job(), ...HOURLY });
    expect(metrics?.rowsWritten).toBe(400_000);
    const [found] = await bed.rows(
      "count(DISTINCT id) AS ids, md5(string_agg(note, '' ORDER BY id)) AS hash",
    );
    const [sent] = await place.query<{ hash: string }>(
      "SELECT md5(string_agg(note, '' ORDER BY id)) AS hash FROM orders",
    );
    expect(found).toEqual({ ids: "400000", hash: sent!.hash });
    expect(bed.files().filter((file) => file.startsWith(".tidegate"))).toEqual([]);
  });

  it("is found again with the number of its rows, which was not known when they were written", async () => {
    await place.query(`CREATE TABLE orders AS SELECT i AS id, timestamptz '2026-01-01 00:30+00' AS at
      FROM generate_series(1, 1000) i`);
    const spec = { job: job(), ...HOURLY };
    const { metrics } = await bed.run(spec);
    expect(metrics).toMatchObject({ rowsRead: 1_000, rowsWritten: 1_000, rowsDirty: 0 });
    const restarted = createDuckdbOperator({ secrets: { shop: place.url } });
    const request = requestOf(spec);
    const found = await restarted.find(request.idempotencyKey, request);
    expect(found?.outcome).toEqual({ state: "SUCCEEDED", metrics });
  });

  describe("whose text is long", () => {
    const LONG = "generate_series(1, 300000) i";
    const AT = "timestamptz '2026-01-01 00:30+00' AS at";

    it("leaves the former rows as they are if a late value is refused", async () => {
      await place.query(`CREATE TABLE orders AS SELECT 1::numeric(9,2) AS v, ${AT}`);
      await bed.run({ job: job(), ...HOURLY });
      await place.query(`TRUNCATE orders; INSERT INTO orders SELECT i, ${AT} FROM ${LONG};
        INSERT INTO orders SELECT 'NaN', ${AT}`);
      const outcome = await bed.run({ job: job(), ...HOURLY, generation: 1 });
      expect(outcome).toMatchObject({ state: "FAILED", isRetryable: false });
      expect(outcome.error?.message).toMatch(/^Column v: Could not convert string "NaN"/);
      expect(await bed.rows("v")).toEqual([{ v: "1.00" }]);
      expect(bed.files().filter((file) => file.startsWith(".tidegate"))).toEqual([]);
    });

    it("has no rows if the server fails after most of them", async () => {
      await place.query(`CREATE VIEW orders AS SELECT 1 / (300000 - i) AS v, ${AT} FROM ${LONG}`);
      const outcome = await bed.run({ job: job(), ...HOURLY });
      expect(outcome.error?.message).toBe("Postgres: division by zero (22012)");
      expect(bed.files()).toEqual([]);
    });

    it("is given up at once if the job is cancelled while the server is silent", async () => {
      await place.query(`CREATE VIEW orders AS
        SELECT CASE WHEN i = 300000 THEN pg_sleep(3600)::text ELSE repeat('x', 9) END AS v, ${AT} FROM ${LONG}`);
      const request = requestOf({ job: job(), ...HOURLY });
      const { jobId } = await bed.operator.submit(request, untroubled());
      const end = bed.operator.wait(jobId, request, untroubled());
      const silent = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
      // That a server is silent has no event.
      while ((await place.query(silent)).length === 0) await sleep(20);
      await bed.operator.cancel(jobId, request);
      expect(await end).toMatchObject({ state: "CANCELLED" });
      expect(bed.files()).toEqual([]);
    });
  });

  it("can be a view, in any schema, with names that need quotes", async () => {
    await place.query(`CREATE SCHEMA "My ""shop"; CREATE VIEW "My ""shop"."Or'ders" AS
      SELECT 1 AS "I d", timestamptz '2026-01-01 00:30+00' AS at`);
    await bed.run({ job: job({ schema: 'My "shop', table: "Or'ders" }), ...HOURLY });
    expect(await bed.rows('"I d"')).toEqual([{ "I d": 1 }]);
  });

  it("has the columns that are declared, converted if they hold every value", async () => {
    await place.query(
      "CREATE TABLE orders (id int, at timestamptz, price numeric, tags int[], secret text); INSERT INTO orders VALUES (1, '2026-01-01 00:30+00', 1.20, '{1,NULL}', 'x')",
    );
    const columns = { price: "DECIMAL(10,2)", tags: "VARCHAR", id: "BIGINT" };
    await bed.run({ job: job({ columns }), ...HOURLY });
    expect(await bed.rows()).toEqual([{ price: "1.20", tags: "{1,NULL}", id: "1" }]);
  });

  describe("fails, naming the column and not the row,", () => {
    it.each([
      ["an array", "int[]", "'{1}'", {}, /^Column v: integer\[\] has no exact counterpart/],
      ["an amount of money", "money", "1", {}, /^Column v: money has no exact counterpart/],
      ["a composite", "orders_type", "ROW(1)", {}, /^Column v: orders_type has no exact counterpart/],
      ["NaN in a numeric", "numeric(5,2)", "'NaN'", {}, /^Column v: Could not convert string "NaN"/],
      ["a date before Christ", "date", "'0044-03-15 BC'", {}, /^Column v is no DATE: 0044-03-15 BC/],
      [
        "an instant before Christ",
        "timestamptz",
        "'0044-03-15 00:00+00 BC'",
        {},
        /^Column v: Could not convert/,
      ],
      [
        "an instant beyond DuckDB's",
        "timestamptz",
        "'294276-12-31 23:59+00'",
        {},
        /^Column v: Could not convert/,
      ],
      ["a timestamp before Christ", "timestamp", "'0044-03-15 BC'", {}, /^Column v: Could not convert/],
      ["an infinite date", "date", "'infinity'", {}, /^Column v: a value is infinite/],
      ["an infinite instant", "timestamptz", "'-infinity'", {}, /^Column v: a value is infinite/],
      [
        "a value that would be rounded",
        "numeric",
        "1.239",
        { v: "DECIMAL(10,2)" },
        /^Column v is no DECIMAL\(10,2\): 1.239/,
      ],
      ["a value that is too large", "bigint", "300", { v: "UTINYINT" }, /^Column v is no UTINYINT: 300/],
    ] as const)("for %s", async (_what, type, value, columns, message) => {
      await place.query(`CREATE TYPE orders_type AS (a int); CREATE TABLE orders (at timestamptz, v ${type}, other text);
        INSERT INTO orders VALUES ('2026-01-01 00:30+00', ${value}, 'private')`);
      const declared = Object.keys(columns).length === 0 ? {} : { columns };
      const outcome = await bed.run({ job: job(declared), ...HOURLY });
      expect(outcome).toMatchObject({ state: "FAILED", error: { code: "JOB_FAILED" }, isRetryable: false });
      expect(outcome.error?.message).toMatch(message);
      expect(outcome.error?.message).not.toContain("private");
      expect(bed.partitions()).toEqual([]);
    });

    it("for columns that differ only in case", async () => {
      await place.query('CREATE TABLE orders (at timestamptz, v int, "V" int)');
      const outcome = await bed.run({ job: job(), ...HOURLY });
      expect(outcome.error?.message).toContain("Columns v and V differ only in case");
    });

    it("for a row that is too long for a line", async () => {
      await place.query(
        "CREATE TABLE orders AS SELECT timestamptz '2026-01-01 00:30+00' AS at, repeat('x', 17000000) AS v",
      );
      const outcome = await bed.run({ job: job(), ...HOURLY });
      expect(outcome.error?.message).toBe("A row of job.source.table has more than 16777216 bytes as text.");
    });
  });

  it("that is not there fails for good; a database that is not there may come", async () => {
    expect(await bed.run({ job: job(), ...HOURLY })).toMatchObject({
      error: { message: expect.stringContaining('there is no table "orders"') },
      isRetryable: false,
    });
    place.url = "postgres://tidegate:hidden@127.0.0.1:1/shop";
    const outcome = await bed.run({ job: job(), ...HOURLY });
    expect(outcome).toMatchObject({ state: "FAILED", error: { code: "JOB_FAILED" } });
    expect(outcome.isRetryable).not.toBe(false);
    expect(outcome.error?.message).not.toContain("hidden");
  });

  it("needs a secret that the operator has, and an address in it", async () => {
    expect(() => bed.operator.validate({ ...job({ connection: "other" }) })).toThrow(
      expect.objectContaining({ code: "JOB_INVALID", field: "job.source.connection" }),
    );
    place.url = "hidden";
    const outcome = await bed.run({ job: job(), ...HOURLY });
    expect(outcome.error?.message).toContain('The secret "shop" is no address');
    expect(outcome.error?.message).not.toContain("hidden");
  });

  it.each(["postgres://me:hidden@db:five/shop", "postgres://me:hidden/pass@db/shop", "host=a colour=hidden"])(
    "fails for good if the address is malformed, which no other attempt would mend: %s",
    async (url) => {
      place.url = url;
      const outcome = await bed.run({ job: job(), ...HOURLY });
      expect(outcome).toMatchObject({
        state: "FAILED",
        isRetryable: false,
        error: { code: "JOB_FAILED", message: expect.stringContaining("secrets.shop: ") },
      });
      expect(outcome.error?.message).not.toContain("hidden");
    },
  );
});
