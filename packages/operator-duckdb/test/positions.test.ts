import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject, ReadMode } from "@tidegate/core";
import type { OffsetSource } from "@tidegate/core/offset";
import type { JobOutcome, OfflineJobRequest } from "@tidegate/core/operator";
import { untroubled } from "@tidegate/testkit";
import { HOUR, query, requestOf } from "./bed.js";
import { DatabaseBed } from "./database-bed.js";

const START = Date.UTC(2026, 0, 1);

/** The request of a run that stands for an hour, and reads `[from, to)`. */
function reading(
  job: JsonObject,
  from: string,
  to: string,
  { hour = 0, ...more }: { hour?: number; mode?: ReadMode; attempt?: number } = {},
): OfflineJobRequest {
  const interval = { lower: START + hour * HOUR, upper: START + (hour + 1) * HOUR };
  return requestOf({ job, ...interval, positions: [from, to], ...more });
}

describe("a job that reads by positions", () => {
  let bed: DatabaseBed;
  let sqlite: DatabaseSync;
  let duckdb: DuckDBInstance;
  beforeEach(async () => {
    bed = await DatabaseBed.open();
    ({ sqlite, duckdb } = bed);
  });
  afterEach(() => bed.dispose());

  async function run(request: OfflineJobRequest): Promise<JobOutcome> {
    const { jobId } = await bed.operator.submit(request, untroubled());
    return bed.operator.wait(jobId, request, untroubled());
  }

  async function ids(): Promise<unknown[]> {
    return (await bed.rows("id")).map(({ id }) => id);
  }

  const jobOf = (source: JsonObject): JsonObject => ({
    source: { format: "database", database: "shop", table: "orders", cursorColumn: "id", ...source },
    target: { path: bed.target },
  });

  describe("of a table of SQLite", () => {
    /** Inserts orders by number. */
    function insert(first: number, last: number): void {
      sqlite.exec(`WITH RECURSIVE numbers(n) AS (SELECT ${first} UNION ALL SELECT n + 1 FROM numbers WHERE n < ${last})
        INSERT INTO orders SELECT n, 'n' || n FROM numbers`);
    }

    beforeEach(() => {
      sqlite.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)");
      insert(1, 9);
    });

    it("copies exactly its range, and the next one the rest, under the hours that they stand for", async () => {
      expect(await run(reading(jobOf({}), "1", "4"))).toMatchObject({
        state: "SUCCEEDED",
        metrics: { rowsRead: 3, rowsWritten: 3, rowsDirty: 0 },
      });
      await run(reading(jobOf({}), "4", "10", { hour: 1 }));
      expect(await ids()).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
      expect(bed.partitions()).toEqual([
        "interval=20260101T000000.000Z_20260101T010000.000Z",
        "interval=20260101T010000.000Z_20260101T020000.000Z",
      ]);
    });

    it("replaces exactly what an earlier attempt of the run has written", async () => {
      await run(reading(jobOf({}), "1", "4"));
      await run(reading(jobOf({}), "4", "6", { hour: 1 }));
      sqlite.exec("UPDATE orders SET name = 'new' WHERE id IN (2, 5)");
      await run(reading(jobOf({}), "1", "4", { attempt: 2 }));
      expect(await bed.rows("id, name")).toEqual([
        { id: "1", name: "n1" },
        { id: "2", name: "new" },
        { id: "3", name: "n3" },
        { id: "4", name: "n4" },
        { id: "5", name: "n5" },
      ]);
    });

    it("is found after a restart, and its rows are counted on both sides", async () => {
      const request = reading(jobOf({}), "1", "4");
      const outcome = await run(request);
      const found = await bed.restart().find(request.idempotencyKey, request);
      expect(found?.outcome).toEqual(outcome);
      const { signal } = untroubled();
      const { checksums, ...counts } = await bed.operator.verify!(request, { signal, withChecksum: true });
      expect(counts).toEqual({ sourceRows: 3, targetRows: 3, rejectedRows: 0 });
      expect(checksums!.target).toBe(checksums!.source);
    });

    it("makes a partition without rows for a range that has none", async () => {
      await run(reading(jobOf({}), "4", "4"));
      expect([await ids(), bed.partitions().length]).toEqual([[], 1]);
    });

    it("copies all up to the end of its range with mode full", async () => {
      await run(reading(jobOf({}), "", "4", { mode: "full" }));
      expect([await ids(), bed.partitions()]).toEqual([["1", "2", "3"], ["interval=full"]]);
    });

    it("has the columns of the table as it is, unless the job says which, if the table changes between two ranges", async () => {
      const named = {
        ...jobOf({ columns: { id: "BIGINT", name: "VARCHAR" } }),
        target: { path: `${bed.target}-2` },
      };
      await run(reading(jobOf({}), "1", "4"));
      await run(reading(named, "1", "4"));
      sqlite.exec("ALTER TABLE orders RENAME COLUMN name TO title; ALTER TABLE orders ADD cents INT");
      expect(await run(reading(jobOf({}), "4", "6", { hour: 1 }))).toMatchObject({ state: "SUCCEEDED" });
      expect(await bed.rows()).toEqual([
        ...["1", "2", "3"].map((id) => ({ id, name: `n${id}`, title: null, cents: null })),
        ...["4", "5"].map((id) => ({ id, name: null, title: `n${id}`, cents: null })),
      ]);
      expect(await run(reading(named, "4", "6", { hour: 1 }))).toMatchObject({
        state: "FAILED",
        isRetryable: false,
        error: { code: "JOB_FAILED", message: expect.stringContaining("name") },
      });
    });

    it("reads by rowid, and keys of 64 bits exactly", async () => {
      sqlite.exec("CREATE TABLE wide (name TEXT)");
      const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n];
      for (const key of [least, -1n, 9_007_199_254_740_993n, most])
        sqlite.prepare("INSERT INTO wide (rowid, name) VALUES (?, ?)").run(key, String(key));
      const job = jobOf({ table: "wide", cursorColumn: "rowid" });
      await run(reading(job, String(least), "9007199254740993"));
      await run(reading(job, "9007199254740993", String(most + 1n), { hour: 1 }));
      expect(await bed.rows("name, interval[:15] AS hour")).toEqual(
        [
          { name: String(least), hour: "20260101T000000" },
          { name: "-1", hour: "20260101T000000" },
          { name: "9007199254740993", hour: "20260101T010000" },
          { name: String(most), hour: "20260101T010000" },
        ].sort((a, b) => (a.name < b.name ? -1 : 1)),
      );
    });

    it("keeps every value, in the types of the table or in those that the job declares", async () => {
      sqlite.exec(`CREATE TABLE kinds (id INTEGER, real REAL, text TEXT, bytes BLOB, price DECIMAL(10,2), at DATETIME, bare);
        INSERT INTO kinds VALUES (1, 0.1, 'ü', x'00ff', 12.5, '2026-01-01T10:00:00Z', 7), (2, NULL, NULL, NULL, NULL, NULL, NULL)`);
      await run(reading(jobOf({ table: "kinds" }), "1", "3"));
      expect(await bed.rows("*, typeof(real) AS type")).toMatchObject([
        {
          id: "1",
          real: 0.1,
          text: "ü",
          bytes: "\\x00\\xFF",
          price: "12.5",
          at: "2026-01-01T10:00:00Z",
          bare: "7",
        },
        { id: "2", real: null, text: null, bytes: null, price: null, at: null, bare: null, type: "DOUBLE" },
      ]);
      const columns = {
        ID: "INTEGER",
        price: "DECIMAL(10,2)",
        at: "TIMESTAMP",
        bytes: "BLOB",
        bare: "BOOLEAN",
      };
      sqlite.exec("UPDATE kinds SET bare = 1 WHERE id = 1");
      await run(reading(jobOf({ table: "kinds", columns }), "1", "3"));
      expect(await bed.rows("*, typeof(price) AS type")).toMatchObject([
        {
          id: 1,
          price: "12.50",
          at: "2026-01-01 10:00:00",
          bytes: "\\x00\\xFF",
          bare: true,
          type: "DECIMAL(10,2)",
        },
        { id: 2, price: null, at: null, bytes: null, bare: null },
      ]);
    });

    it("keeps a character that stands for others", async () => {
      sqlite.exec("UPDATE orders SET name = char(65533) || 'x' || char(65533) WHERE id = 1");
      await run(reading(jobOf({}), "1", "2"));
      expect(await bed.rows("name")).toEqual([{ name: "\ufffdx\ufffd" }]);
    });

    it.each<[string, string, JsonObject, string]>([
      ["a text among numbers", "1, 'x', 1", {}, 'Column amount: "x" is no BIGINT.'],
      ["bytes among texts", "1, 1, x'00'", {}, "Column name: bytes is no VARCHAR."],
      ["a text that is not UTF-8", "1, 1, CAST(x'c3bcff' AS TEXT)", {}, "Column name: a text is not UTF-8."],
      [
        "such a text with a character that stands for others",
        "1, 1, CAST(x'efbfbdff' AS TEXT)",
        {},
        "Column name: a text is not UTF-8.",
      ],
      [
        "a number that would be rounded",
        "1, 1.239, 'x'",
        { columns: { id: "BIGINT", amount: "DECIMAL(10,2)" } },
        "Column amount is no DECIMAL(10,2): 1.239",
      ],
    ])("fails with its column for %s, and is not retried", async (_, row, source, message) => {
      sqlite.exec(
        `CREATE TABLE odd (id INTEGER, amount INTEGER, name TEXT); INSERT INTO odd VALUES (${row})`,
      );
      expect(await run(reading(jobOf({ table: "odd", ...source }), "1", "2"))).toMatchObject({
        state: "FAILED",
        isRetryable: false,
        error: { code: "JOB_FAILED", message: expect.stringContaining(message) },
      });
    });

    it.each([
      ["table", { table: "nothing" }, "job.source.table: there is no table nothing."],
      [
        "columns",
        { columns: { colour: "VARCHAR" } },
        "job.source.columns: there is no column colour in orders; there are id, name.",
      ],
    ])("fails with the field of a missing %s", async (_, source, message) => {
      expect(await run(reading(jobOf(source), "1", "2"))).toMatchObject({
        state: "FAILED",
        isRetryable: false,
        error: { message },
      });
    });

    it("copies more rows than DuckDB takes at a time", async () => {
      insert(10, 10_000);
      expect((await run(reading(jobOf({}), "1", "10001"))).metrics).toMatchObject({ rowsWritten: 10_000 });
      expect(await bed.rows("count(DISTINCT id) AS ids, min(id) AS first, max(id) AS last")).toEqual([
        { ids: "10000", first: "1", last: "10000" },
      ]);
    });
  });

  describe("of a table of DuckDB", () => {
    const lake = (more: JsonObject = {}): JsonObject =>
      jobOf({ database: "lake", table: "sales.orders", ...more });
    beforeEach(async () => {
      const connection = await duckdb.connect();
      await connection.run("CREATE SCHEMA sales");
      await connection.run(`CREATE TABLE sales.orders AS SELECT range AS id, 'n' || range AS name,
        (range / 2)::DECIMAL(9,2) AS price, [range] AS list, {'x': range} AS "a struct",
        (CASE WHEN range % 2 = 0 THEN 'even' ELSE 'odd' END)::ENUM('even', 'odd') AS kind FROM range(5000)`);
      connection.closeSync();
    });

    it("copies exactly its range, with the table's types", async () => {
      await run(reading(lake(), "2", "4"));
      expect(await bed.rows()).toEqual([
        { id: "2", name: "n2", price: "1.00", list: ["2"], "a struct": { x: "2" }, kind: "even" },
        { id: "3", name: "n3", price: "1.50", list: ["3"], "a struct": { x: "3" }, kind: "odd" },
      ]);
      await run(reading(lake(), "4", "5000", { hour: 1 }));
      expect(await bed.rows("count(*) AS rows, count(DISTINCT id) AS ids")).toEqual([
        { rows: "4998", ids: "4998" },
      ]);
    });

    it("casts to the types that the job declares what they hold, and fails with the column of the rest", async () => {
      await run(reading(lake({ columns: { id: "INTEGER", price: "VARCHAR" } }), "2", "4"));
      expect(await bed.rows()).toEqual([
        { id: 2, price: "1.00" },
        { id: 3, price: "1.50" },
      ]);
      expect(await run(reading(lake({ columns: { price: "INTEGER" } }), "2", "4"))).toMatchObject({
        state: "FAILED",
        isRetryable: false,
        error: { message: "Column price is no INTEGER: 1.50" },
      });
    });
  });

  describe("of the files of a folder", () => {
    const files = (): JsonObject => ({
      source: {
        format: "csv",
        path: join(bed.directory, "inbox", "*.csv"),
        columns: { id: "VARCHAR" },
      },
      target: { path: bed.target },
    });
    const NAMES = [".hidden.csv", "01.csv", "02.csv", "03.csv", "ö.csv", "ﬀ.csv", "𝄞.csv"];
    beforeEach(() => {
      for (const name of NAMES) bed.write(`inbox/${name}`, `id\n${name}\n`);
    });

    it("copies those between two names, in the order of their bytes", async () => {
      await run(reading(files(), "", "02.csv "));
      expect(await ids()).toEqual(["01.csv", "02.csv"]);
      await run(reading(files(), "02.csv ", "ﬀ.csv ", { hour: 1 }));
      await run(reading(files(), "ﬀ.csv ", "𝄞.csv ", { hour: 2 }));
      expect(await bed.rows("id, interval[10:11] AS hour")).toEqual([
        { id: "01.csv", hour: "00" },
        { id: "02.csv", hour: "00" },
        { id: "03.csv", hour: "01" },
        { id: "ö.csv", hour: "01" },
        { id: "ﬀ.csv", hour: "01" },
        { id: "𝄞.csv", hour: "02" },
      ]);
    });

    describe("for a range without names", () => {
      const formatOf = (format: string, columns?: JsonObject): JsonObject => ({
        source: { format, path: join(bed.directory, "empty", "*"), ...(columns && { columns }) },
        target: { path: bed.target },
      });
      const EMPTY = { state: "SUCCEEDED", metrics: { rowsRead: 0, rowsWritten: 0, rowsDirty: 0 } };

      it.each(["csv", "json"])(
        "makes an empty partition of the columns that the job declares: %s",
        async (format) => {
          const job = formatOf(format, { id: "BIGINT", doc: "JSON", price: "DECIMAL(9,2)" });
          expect(await run(reading(job, "", "", { mode: "full" }))).toMatchObject(EMPTY);
          const [file] = bed.files();
          const types = await query(
            "SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet($file, hive_partitioning = false))",
            {
              file: join(bed.target, file!),
            },
          );
          expect(types.map(({ column_name, column_type }) => `${column_name} ${column_type}`)).toEqual([
            "id BIGINT",
            "doc JSON",
            "price DECIMAL(9,2)",
          ]);
        },
      );

      it.each(["csv", "json", "parquet"])(
        "makes none if the columns are not known, and is found all the same: %s",
        async (format) => {
          const request = reading(formatOf(format), "", "", { mode: "full" });
          const outcome = await run(request);
          expect(outcome).toMatchObject(EMPTY);
          expect(bed.partitions()).toEqual([]);
          expect(await bed.restart().find(request.idempotencyKey, request)).toMatchObject({ outcome: EMPTY });
          const { signal } = untroubled();
          const { checksums, ...counts } = await bed.operator.verify!(request, {
            signal,
            withChecksum: true,
          });
          expect(counts).toEqual({ sourceRows: 0, targetRows: 0, rejectedRows: 0 });
          expect(checksums!.target).toBe(checksums!.source);
        },
      );

      it("removes what an earlier snapshot wrote, and gives way to a later one with rows", async () => {
        const { columns: _, ...source } = files().source as JsonObject;
        const job = { ...files(), source };
        await run(reading(job, "", "02.csv", { mode: "full" }));
        expect(await ids()).toEqual(["01.csv"]);
        await run(reading(job, "", "", { mode: "full", hour: 1 }));
        expect(bed.partitions()).toEqual([]);
        await run(reading(job, "", "02.csv", { mode: "full" }));
        expect(bed.partitions()).toEqual([]);
        await run(reading(job, "", "03.csv", { mode: "full", hour: 2 }));
        expect(await ids()).toEqual(["01.csv", "02.csv"]);
        expect(bed.files()).toEqual(["interval=full/part.parquet"]);
      });
    });

    it("fails if none is there any more, and leaves what was written", async () => {
      await run(reading(files(), "01.csv", "02.csv"));
      const moved = reading(
        {
          ...files(),
          source: { ...(files().source as JsonObject), path: join(bed.directory, "inbox", "0*.csv") },
        },
        "04",
        "05",
        {},
      );
      expect(await run(moved)).toMatchObject({
        state: "FAILED",
        isRetryable: true,
        error: { message: expect.stringContaining('has a name from "04" to below "05".') },
      });
      expect(await ids()).toEqual(["01.csv"]);
    });
  });

  it.each([
    ["interval", { interval: undefined }],
    ["upperBound", { upperBound: "7" }],
    ["upperBound", { upperBound: '{"0":"7"}' }],
    ["upperBound", { upperBound: "{}" }],
    ["lowerBound", { lowerBound: '{"0":"1","main":"2"}' }],
    ["lowerBound", { lowerBound: '{"main":"1; DROP TABLE orders"}' }],
  ])("is refused before it is taken for a wrong %s: %j", async (field, wrong) => {
    const { interval: _, ...request } = reading(jobOf({}), "1", "2");
    const interval = "interval" in wrong ? {} : { interval: { lower: START, upper: START + HOUR } };
    await expect(
      bed.operator.submit({ ...request, ...interval, ...wrong } as OfflineJobRequest, untroubled()),
    ).rejects.toMatchObject({ code: "JOB_INVALID", field });
  });

  it("is refused by time, which a table of a database does not have", async () => {
    const request = requestOf({ job: jobOf({}), lower: START, upper: START + HOUR });
    await expect(bed.operator.submit(request, untroubled())).rejects.toMatchObject({
      code: "JOB_INVALID",
      field: "job.source",
    });
  });

  it("is refused at registration for a database that the operator does not have", () => {
    expect(() => bed.operator.validate(jobOf({ database: "north" }))).toThrow(
      expect.objectContaining({ code: "JOB_INVALID", field: "job.source.database" }),
    );
  });

  describe("and the source of its schedule", () => {
    const CURSOR: OffsetSource = { type: "sql-cursor", database: "shop", table: "orders", column: "id" };
    const POSTGRES: OffsetSource = {
      type: "postgres",
      database: "shop",
      table: "sales.orders",
      column: "stamp",
    };
    const FILES: OffsetSource = { type: "files", path: "in/box", pattern: "*.csv", stableForMs: 1_000 };
    const target = { path: "out" };
    const ofPostgres: JsonObject = {
      ...{ format: "postgres", connection: "shop", schema: "sales", table: "orders", cursorColumn: "stamp" },
    };
    const ofDatabase: JsonObject = {
      format: "database",
      database: "shop",
      table: "orders",
      cursorColumn: "id",
    };
    const ofFiles: JsonObject = { format: "csv", path: "/lake/in/box/*.csv" };
    const SQL = "SELECT 1 WHERE $lower < $upper";
    const upsert = { format: "postgres", connection: "shop", table: "orders", write: "upsert", key: ["id"] };

    it.each([
      ["a table", CURSOR, { source: ofDatabase, target }],
      [
        "a table of the only database",
        { type: "sql-cursor", table: "orders", column: "id" },
        { source: ofDatabase, target },
      ],
      ["a table of Postgres", POSTGRES, { source: ofPostgres, target: upsert }],
      ["a folder", FILES, { source: ofFiles, target }],
      [
        "a root itself, all files",
        { type: "files", path: ".", stableForMs: 1_000 },
        { source: { format: "parquet", path: "in/*" }, target },
      ],
    ])("agree on %s", (_, source, job) => {
      expect(() => bed.operator.validateSource(job as JsonObject, source as OffsetSource)).not.toThrow();
    });

    it.each([
      ["job.source.database", CURSOR, { source: { ...ofDatabase, database: "lake" }, target }],
      ["job.source.table", CURSOR, { source: { ...ofDatabase, table: "returns" }, target }],
      ["job.source.cursorColumn", CURSOR, { source: { ...ofDatabase, cursorColumn: "rowid" }, target }],
      [
        "job.source.cursorColumn",
        CURSOR,
        { source: { format: "database", database: "shop", table: "orders" }, target },
      ],
      ["job.source.format", CURSOR, { source: ofFiles, target }],
      ["job.source.format", CURSOR, { source: ofPostgres, target }],
      ["job.source.connection", POSTGRES, { source: { ...ofPostgres, connection: "north" }, target }],
      ["job.source.table", POSTGRES, { source: { ...ofPostgres, schema: "public" }, target }],
      ["job.source.cursorColumn", POSTGRES, { source: { ...ofPostgres, cursorColumn: "id" }, target }],
      ["job.source.timeColumn", POSTGRES, { source: { ...ofPostgres, timeColumn: "at" }, target }],
      ["job.source.format", POSTGRES, { source: ofDatabase, target }],
      ["job.source.path", FILES, { source: { ...ofFiles, path: "/lake/in/box/*.json" }, target }],
      ["job.source.path", FILES, { source: { ...ofFiles, path: "/lake/box/*.csv" }, target }],
      [
        "job.source.path",
        FILES,
        { source: { ...ofFiles, path: ["/lake/in/box/*.csv", "/late/*.csv"] }, target },
      ],
      ["job.source.path", FILES, { source: { ...ofFiles, path: "/lake/*/in/box/*.csv" }, target }],
      [
        "job.source.path",
        { ...FILES, pattern: "*.{csv,tsv}" },
        { source: { ...ofFiles, path: "in/box/*.{csv,tsv}" }, target },
      ],
      ["job.source.timeColumn", FILES, { source: { ...ofFiles, timeColumn: "at" }, target }],
      ["job.source.format", { type: "kafka", topic: "orders" }, { source: ofFiles, target }],
      ["job.sql", CURSOR, { sql: SQL, target }],
      [
        "job.target.write",
        CURSOR,
        { source: ofDatabase, target: { ...upsert, write: "replace", timeColumn: "at", key: undefined } },
      ],
    ])("disagree on %s (%#)", (field, source, job) => {
      const plain = JSON.parse(JSON.stringify(job)) as JsonObject;
      expect(() => bed.operator.validateSource(plain, source as OffsetSource)).toThrow(
        expect.objectContaining({ code: "JOB_INVALID", field }),
      );
    });
  });
});
