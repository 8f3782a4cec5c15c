import { appendFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { ShardSpec } from "@tidegate/core/operator";
import { untroubled } from "@tidegate/testkit";
import { Bed, HOUR, query, type Row, type RunSpec, requestOf } from "./bed.js";
import { DatabaseBed } from "./database-bed.js";
import { type Merged, partOf, runInShards, shardsOf } from "./shards.js";

const START = Date.UTC(2026, 0, 1);
const NAME = "20260101T000000.000Z_20260101T010000.000Z";
const WHOLE = { lower: START, upper: START + HOUR };

const idsOf = (rows: readonly Row[]): number[] => rows.map(({ id }) => Number(id)).sort((a, b) => a - b);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe("a job that reads files", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  const columns = { id: "INTEGER", time: "TIMESTAMP" };
  const job = (): JsonObject => ({
    source: { format: "csv", path: `${bed.directory}/in/*.csv`, timeColumn: "time", columns },
    target: { path: bed.target },
  });

  /** Writes a file of as many rows, which follow those of an earlier one. */
  function write(name: string, first: number, count: number, more: readonly string[] = []): void {
    const lines = upTo(count).map((n) => `${first + n},2026-01-01T00:00:0${n % 10}Z`);
    bed.write(`in/${name}.csv`, ["id,time", ...lines, ...more, ""].join("\n"));
  }

  it("is split by size, whole files each, the heaviest first", async () => {
    write("a", 0, 300);
    write("b", 300, 100);
    write("c", 400, 100);
    write("d", 500, 100);
    const shards = await shardsOf(bed, { job: job(), ...WHOLE }, 2);
    const files = shards.map(({ args }) =>
      (args.files as { path: string }[]).map(({ path }) => path.slice(-5)),
    );
    expect(files).toEqual([["a.csv"], ["b.csv", "c.csv", "d.csv"]]);
    expect(shards[0]!.weight).toBeGreaterThan(6_000);
    expect((await runInShards(bed, { job: job(), ...WHOLE }, shards)).metrics).toMatchObject({
      rowsRead: 600,
      rowsWritten: 600,
    });
    expect(idsOf(await bed.rows())).toEqual(upTo(600));
    expect(bed.files()).toEqual([`interval=${NAME}/part.parquet`]);
  });

  it("shows the rows of an earlier run until all shards are merged, and then theirs alone", async () => {
    write("a", 0, 2);
    await bed.run({ job: job(), ...WHOLE });
    bed.write("in/a.csv", "id,time\n7,2026-01-01T00:00:00Z\n");
    write("b", 9, 1);
    const rerun: RunSpec = { job: job(), ...WHOLE, generation: 1 };
    const shards = await shardsOf(bed, rerun, 2);
    const results = await partOf(bed, rerun, shards);
    expect(idsOf(await bed.rows())).toEqual([1, 2]);
    await bed.operator.merge!(requestOf(rerun), results, untroubled());
    expect(idsOf(await bed.rows())).toEqual([7, 10]);
    await bed.restart().merge!(requestOf(rerun), results, untroubled());
    expect(idsOf(await bed.rows())).toEqual([7, 10]);
    expect(bed.files()).toEqual([`interval=${NAME}/part.parquet`]);
  });

  it("publishes the rows of another split of the same run", async () => {
    write("a", 0, 2);
    write("b", 2, 2);
    const run: RunSpec = { job: job(), ...WHOLE };
    await runInShards(bed, run, await shardsOf(bed, run, 2));
    write("b", 2, 9);
    await runInShards(bed, run, await shardsOf(bed, run, 2), { split: "another" });
    expect(idsOf(await bed.rows())).toEqual(upTo(11));
  });

  it("is stale if a file has changed since", async () => {
    write("a", 0, 1);
    write("b", 1, 1);
    const run: RunSpec = { job: job(), ...WHOLE };
    const shards = await shardsOf(bed, run, 2);
    appendFileSync(join(bed.directory, "in/b.csv"), "3,2026-01-01T00:00:00Z\n");
    await expect(partOf(bed, run, shards)).rejects.toThrow(/SPLIT_STALE.*b\.csv was changed/);
  });

  it("keeps the bad rows of all shards aside, each once, as if it were not split", async () => {
    write("a", 0, 3, ["x,2026-01-01T00:10:00Z", "9,never"]);
    write("b", 3, 3, ["y,2026-01-01T00:10:00Z", "9,never"]);
    const run: RunSpec = { job: job(), ...WHOLE };
    const { metrics } = await runInShards(bed, run, await shardsOf(bed, run, 2));
    expect(metrics).toMatchObject({ rowsRead: 10, rowsWritten: 6, rowsDirty: 4 });
    expect(bed.rejected(`${NAME}.jsonl`).map(({ raw }) => raw)).toEqual([
      expect.stringContaining("x"),
      expect.stringContaining("y"),
    ]);
    expect(bed.rejected(`untimed/${NAME}.jsonl`)).toHaveLength(2);
    // Another interval's run meets the rows without a time again, and leaves them out.
    const next: RunSpec = { job: job(), lower: START + HOUR, upper: START + 2 * HOUR };
    expect((await runInShards(bed, next, await shardsOf(bed, next, 2))).metrics).toMatchObject({
      rowsDirty: 0,
    });
    // The same interval again does not.
    const again: RunSpec = { ...run, generation: 1 };
    expect((await runInShards(bed, again, await shardsOf(bed, again, 2))).metrics).toMatchObject({
      rowsDirty: 4,
    });
  });

  it("is stale if a file is gone since", async () => {
    write("a", 0, 1);
    write("b", 1, 1);
    const run: RunSpec = { job: job(), ...WHOLE };
    const shards = await shardsOf(bed, run, 2);
    rmSync(join(bed.directory, "in/b.csv"));
    await expect(partOf(bed, run, shards)).rejects.toThrow(/SPLIT_STALE.*b\.csv is gone/);
  });

  it("waits for a file of its positions that is gone, whose rows no other run would read", async () => {
    write("a", 0, 1);
    write("b", 1, 1);
    const source = { format: "csv", path: `${bed.directory}/in/*.csv`, columns };
    const run: RunSpec = { job: { ...job(), source }, ...WHOLE, positions: ["a", "c"] };
    const shards = await shardsOf(bed, run, 2);
    const file = join(bed.directory, "in/b.csv");
    const moved = join(bed.directory, "b.csv");
    renameSync(file, moved);
    await expect(partOf(bed, run, shards)).rejects.toThrow(/JOB_FAILED.*b\.csv is gone.*resplit/);
    renameSync(moved, file);
    await runInShards(bed, run, shards);
    expect(idsOf(await bed.rows())).toEqual([1, 2]);
  });

  it("has no shards for an empty range of positions, and then an empty partition", async () => {
    const source = { format: "csv", path: `${bed.directory}/in/*.csv`, columns };
    const run: RunSpec = { job: { ...job(), source }, ...WHOLE, positions: ["", ""], mode: "full" };
    expect(await shardsOf(bed, run, 2)).toEqual([]);
    await bed.operator.merge!(requestOf(run), [], untroubled());
    expect([bed.partitions(), await bed.rows()]).toEqual([["interval=full"], []]);
  });

  describe("of which two snapshots are under way", () => {
    const early = (): RunSpec => ({ job: job(), ...WHOLE, mode: "full" });
    const late = (): RunSpec => ({ ...early(), upper: START + 2 * HOUR });

    /** Carries out the shards of both; the later one reads a file more. */
    async function bothInParts() {
      write("a", 0, 2);
      write("b", 2, 2);
      const ofEarly = await partOf(bed, early(), await shardsOf(bed, early(), 2));
      write("c", 4, 2);
      const ofLate = await partOf(bed, late(), await shardsOf(bed, late(), 2));
      return { ofEarly, ofLate };
    }

    it("publishes one after the other", async () => {
      const { ofEarly, ofLate } = await bothInParts();
      await bed.operator.merge!(requestOf(early()), ofEarly, untroubled());
      expect(idsOf(await bed.rows())).toEqual(upTo(4));
      await bed.operator.merge!(requestOf(late()), ofLate, untroubled());
      expect(idsOf(await bed.rows())).toEqual(upTo(6));
      expect(bed.files()).toEqual(["interval=full/part.parquet"]);
    });

    it("leaves the later one as it is when the earlier one comes last", async () => {
      const { ofEarly, ofLate } = await bothInParts();
      await bed.operator.merge!(requestOf(late()), ofLate, untroubled());
      expect(bed.files()).toEqual(["interval=full/part.parquet"]);
      await bed.operator.merge!(requestOf(early()), ofEarly, untroubled());
      expect(idsOf(await bed.rows())).toEqual(upTo(6));
    });
  });

  it("is verified as a whole", async () => {
    write("a", 0, 5);
    write("b", 5, 5);
    const run: RunSpec = { job: job(), ...WHOLE };
    await runInShards(bed, run, await shardsOf(bed, run, 2));
    const counts = await bed.operator.verify!(requestOf(run), { ...untroubled(), withChecksum: true });
    expect(counts).toMatchObject({ sourceRows: 10, targetRows: 10 });
    expect(counts.checksums!.source).toBe(counts.checksums!.target);
  });

  it("leaves nothing of its shards behind when the interval is then copied whole", async () => {
    write("a", 0, 1);
    write("b", 1, 1);
    const run: RunSpec = { job: job(), ...WHOLE };
    await partOf(bed, run, await shardsOf(bed, run, 2));
    expect(bed.files()).toHaveLength(2);
    expect(await bed.rows()).toEqual([]);
    await bed.run({ ...run, generation: 1 });
    expect(bed.files()).toEqual([`interval=${NAME}/part.parquet`]);
  });

  it("cannot be split if it is a SELECT, or writes to Postgres", () => {
    const { operator } = bed;
    expect(operator.canSplit(job())).toBe(true);
    expect(operator.canSplit({ sql: "SELECT $lower, $upper", target: { path: bed.target } })).toBe(false);
    const postgres = { format: "postgres", connection: "shop", table: "t", write: "upsert", key: ["id"] };
    expect(operator.canSplit({ ...job(), target: postgres })).toBe(false);
    const table = { format: "database", database: "shop", table: "orders" };
    expect(operator.canSplit({ ...job(), source: table })).toBe(false);
    expect(operator.cannotSplit({ ...job(), source: table })).toBe(
      "job.source.split must name the column by which the table is divided",
    );
    expect(operator.cannotSplit(job())).toBeUndefined();
    expect(operator.canSplit({ ...job(), source: { ...table, split: { column: "id" } } })).toBe(true);
  });
});

describe("a job that reads files whose types are not declared", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  it.each(["csv", "json"])(
    "cannot be split if they are %s, since each shard would infer its own",
    async (format) => {
      bed.write(`in/a.${format}`, "");
      const job = {
        source: { format, path: `${bed.directory}/in/*`, timeColumn: "time" },
        target: { path: bed.target },
      };
      expect(bed.operator.canSplit(job)).toBe(false);
      await expect(shardsOf(bed, { job, ...WHOLE }, 2)).rejects.toMatchObject({
        code: "JOB_INVALID",
        field: "job.source.columns",
      });
    },
  );

  describe("but are those of Parquet files", () => {
    /** Writes a file with an id. */
    async function write(name: string, id: string): Promise<void> {
      const path = join(bed.directory, `${name}.parquet`);
      await query(`COPY (SELECT ${id} AS id) TO '${path}' (FORMAT parquet)`);
    }
    const run = (): RunSpec => ({
      job: {
        source: { format: "parquet", path: `${bed.directory}/*.parquet` },
        target: { path: bed.target },
      },
      ...WHOLE,
      mode: "full",
    });

    it("is published with a type that keeps the values of all shards", async () => {
      await write("a", "7::INTEGER");
      await write("b", "12345678901234567::BIGINT");
      await runInShards(bed, run(), await shardsOf(bed, run(), 2));
      expect(await bed.rows("id, typeof(id) AS type")).toEqual([
        { id: "7", type: "BIGINT" },
        { id: "12345678901234567", type: "BIGINT" },
      ]);
    });

    it("fails with the column of a value that the type of all shards would round", async () => {
      await write("a", "1.5::DOUBLE");
      await write("b", "12345678901234567::BIGINT");
      await expect(runInShards(bed, run(), await shardsOf(bed, run(), 2))).rejects.toMatchObject({
        code: "JOB_FAILED",
        message: expect.stringMatching(
          /^Column id: it is BIGINT in shard .*b\.parquet.* and DOUBLE in all shards/,
        ),
        isRetryable: false,
      });
      expect(bed.partitions()).toEqual([]);
    });
  });
});

describe("a job that reads a table", () => {
  let bed: DatabaseBed;
  let sqlite: DatabaseSync;
  let duckdb: DuckDBInstance;
  beforeEach(async () => {
    bed = await DatabaseBed.open();
    ({ sqlite, duckdb } = bed);
  });
  afterEach(() => bed.dispose());

  const jobOf = (database: string, split: JsonObject): JsonObject => ({
    source: { format: "database", database, table: "orders", cursorColumn: "id", split },
    target: { path: bed.target },
  });
  const runOf = (database: string, split: JsonObject): RunSpec => ({
    job: jobOf(database, split),
    ...WHOLE,
    mode: "full",
  });
  const keysOf = (shards: readonly ShardSpec[]): string[] => shards.map(({ key }) => key);

  /** Carries a job out in shards, and returns how many rows each had. */
  async function counted(run: RunSpec, target: number): Promise<Merged> {
    return runInShards(bed, run, await shardsOf(bed, run, target));
  }

  describe("of SQLite", () => {
    it("is split by its cursor, and rows without a key are a shard of their own", async () => {
      sqlite.exec(`CREATE TABLE orders (id INTEGER, name TEXT);
        WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000) INSERT INTO orders SELECT n, 'x' FROM n;
        INSERT INTO orders VALUES (NULL, 'none')`);
      const run: RunSpec = { ...runOf("shop", {}), job: { ...jobOf("shop", { column: "id" }) } };
      const shards = await shardsOf(bed, run, 4);
      expect(keysOf(shards)).toEqual([
        "id < 251",
        "251 <= id < 501",
        "501 <= id < 751",
        "751 <= id",
        "id is null",
      ]);
      const { counts } = await runInShards(bed, run, shards);
      expect(counts).toEqual([250, 250, 250, 250, 1]);
      expect(await bed.rows("id")).toHaveLength(1_001);
    });

    it("is split within its positions alone", async () => {
      sqlite.exec(`CREATE TABLE orders (id INTEGER PRIMARY KEY);
        WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100) INSERT INTO orders SELECT n FROM n`);
      const run: RunSpec = {
        ...runOf("shop", { column: "id" }),
        mode: "incremental",
        positions: ["11", "31"],
      };
      const { counts } = await counted(run, 2);
      expect(counts).toEqual([10, 10, 0]);
      expect(idsOf(await bed.rows())).toEqual(upTo(30).slice(10));
    });

    it("has each text in one shard, whatever the column's collation says of upper and lower case", async () => {
      sqlite.exec("CREATE TABLE orders (id TEXT COLLATE NOCASE)");
      const insert = sqlite.prepare("INSERT INTO orders VALUES (?)");
      const letters = [..."aBcDeFgHiJkLmNoPqRsTuVwXyZ'\u00e9\u{1f600}"];
      for (const letter of letters) for (const end of ["", "a", "Z"]) insert.run(letter + end);
      const { counts } = await counted(runOf("shop", { column: "id" }), 5);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(letters.length * 3);
      expect(Math.max(...counts)).toBeLessThan(25);
      expect(await bed.rows("id")).toHaveLength(letters.length * 3);
    });

    it("is split into parts with about as many rows each, by quantiles", async () => {
      sqlite.exec(`CREATE TABLE orders (id INTEGER);
        WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 300) INSERT INTO orders SELECT n * n * n FROM n`);
      expect((await counted(runOf("shop", { column: "id", by: "quantiles" }), 3)).counts).toEqual([
        100, 100, 100, 0,
      ]);
      expect((await counted({ ...runOf("shop", { column: "id" }), generation: 1 }, 3)).counts).toEqual([
        208, 54, 38, 0,
      ]);
    });

    it("that is empty has one shard, and an empty partition", async () => {
      sqlite.exec("CREATE TABLE orders (id INTEGER)");
      const run = runOf("shop", { column: "id" });
      expect(keysOf(await shardsOf(bed, run, 4))).toEqual(["id: all", "id is null"]);
      await counted(run, 4);
      expect(bed.partitions()).toHaveLength(1);
      expect(await bed.rows()).toEqual([]);
    });

    it("is refused a split by keys of several types, and by a column that it lacks", async () => {
      sqlite.exec("CREATE TABLE orders (id, x REAL); INSERT INTO orders VALUES (1, 1.5), ('a', 2.5)");
      await expect(shardsOf(bed, runOf("shop", { column: "id" }), 2)).rejects.toMatchObject({
        code: "JOB_INVALID",
        isRetryable: false,
      });
      await expect(shardsOf(bed, runOf("shop", { column: "x" }), 2)).rejects.toMatchObject({
        code: "JOB_INVALID",
      });
      await expect(shardsOf(bed, runOf("shop", { column: "y" }), 2)).rejects.toThrow(/no such column/);
    });
  });

  describe("of DuckDB", () => {
    it.each([
      ["BIGINT", "i"],
      ["DATE", "DATE '2026-01-01' + i::INTEGER"],
      ["TIMESTAMP", "TIMESTAMP '1969-12-31 23:00:00' + to_minutes(i)"],
      ["TIMESTAMPTZ", "make_timestamptz(i * 1_000_000)"],
      ["VARCHAR", "'k' || i"],
      ["UUID", "md5(i::VARCHAR)::UUID"],
    ])("has each row in one shard of about the same size, by a key of %s", async (type, value) => {
      const connection = await duckdb.connect();
      await connection.run(
        `CREATE TABLE orders AS SELECT i AS id, (${value})::${type} AS key FROM range(1, 401) t(i)`,
      );
      await connection.run("INSERT INTO orders VALUES (401, NULL)");
      if (/DATE|TIME/.test(type))
        await connection.run("INSERT INTO orders VALUES (402, 'infinity'), (403, '-infinity')");
      connection.closeSync();
      const run: RunSpec = {
        ...runOf("lake", { column: "key" }),
        job: {
          ...jobOf("lake", { column: "key" }),
          source: { ...(jobOf("lake", { column: "key" }).source as object), columns: { id: "BIGINT" } },
        },
      };
      const { counts } = await counted(run, 4);
      expect(counts).toHaveLength(5);
      expect(counts.at(-1)).toBe(1);
      for (const count of counts.slice(0, -1)) expect(count).toBeGreaterThan(95);
      const rows = await bed.rows();
      expect(idsOf(rows)).toEqual(upTo(rows.length));
      expect(rows.length).toBe(/DATE|TIME/.test(type) ? 403 : 401);
    });
  });
});

describe("a table that is split, and whose columns are then changed", () => {
  const CHANGED =
    /^SCHEMA_CHANGED: The columns of .*orders were changed after the run was split; they are .+ now/;
  const CHANGES = ["ADD COLUMN note TEXT", "DROP COLUMN name", "RENAME COLUMN name TO title"];
  let bed: DatabaseBed;
  let sqlite: DatabaseSync;
  let duckdb: DuckDBInstance;
  beforeEach(async () => {
    bed = await DatabaseBed.open();
    ({ sqlite, duckdb } = bed);
  });
  afterEach(() => bed.dispose());

  const runOf = (database: string, columns: JsonObject = {}): RunSpec => ({
    job: {
      source: { format: "database", database, table: "orders", cursorColumn: "id", ...columns },
      target: { path: bed.target },
    },
    ...WHOLE,
    mode: "full",
  });
  const change = async (database: string, sql: string): Promise<void> => {
    if (database === "shop") return sqlite.exec(sql);
    const connection = await duckdb.connect();
    await connection.run(sql);
    connection.closeSync();
  };

  it.each(["shop", "lake"].flatMap((database) => CHANGES.map((sql) => [database, sql] as const)))(
    "fails its shards, of %s by %s, and the next split reads it as it is now",
    async (database, sql) => {
      await change(database, "CREATE TABLE orders (id INTEGER, name TEXT)");
      await change(database, "INSERT INTO orders VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')");
      const run = runOf(database);
      const [first, ...others] = await shardsOf(bed, run, 2);
      await partOf(bed, run, [first!]);
      await change(database, `ALTER TABLE orders ${sql}`);
      await expect(partOf(bed, run, others.slice(0, 1))).rejects.toThrow(CHANGED);
      expect(await bed.rows()).toEqual([]);
      await runInShards(bed, run, await shardsOf(bed, run, 2), { split: "second" });
      expect(await bed.rows("id")).toHaveLength(4);
    },
  );

  it("fails none if the job reads other columns", async () => {
    await change(
      "shop",
      "CREATE TABLE orders (id INTEGER, name TEXT); INSERT INTO orders VALUES (1, 'a'), (2, 'b')",
    );
    const run = runOf("shop", { columns: { id: "BIGINT" } });
    const shards = await shardsOf(bed, run, 2);
    await change("shop", "ALTER TABLE orders ADD COLUMN note TEXT");
    await runInShards(bed, run, shards);
    expect(await bed.rows("id")).toHaveLength(2);
  });
});

describe("the notes on a job", () => {
  it("say that shards see different moments, and what an update of the column does", async () => {
    const bed = new Bed();
    const target = { path: bed.target };
    const notesOf = (source: JsonObject) =>
      bed.operator.notesOn({ source: { table: "orders", ...source }, target });
    const notesOn = (split: JsonObject) => notesOf({ format: "database", database: "shop", ...split });
    expect(notesOn({ split: { column: "id" } })).toEqual([
      "job.source.split: shards see different moments of the table, and a row whose id is updated meanwhile may be in two shards, or in none.",
    ]);
    expect(notesOn({})).toEqual([]);
    const inPostgres = { format: "postgres", connection: "shop" };
    expect(notesOf({ ...inPostgres, split: { column: "id", snapshot: "own" } })).toEqual(
      notesOn({ split: { column: "id" } }),
    );
    expect(notesOf({ ...inPostgres, split: { column: "id" } })).toEqual([
      "job.source.split: all shards read one view of the database, which an open transaction keeps until they are merged: meanwhile, VACUUM removes no row that it shows.",
    ]);
    await bed.dispose();
  });
});

describe("a partition of shards", () => {
  it("has the types that it would have of one job", async () => {
    const bed = new Bed();
    try {
      const types = `SELECT i AS id, TIMESTAMP '2026-01-01 00:10:00' AS time, i::TINYINT AS tiny, 1.50::DECIMAL(10,2) AS price,
        '{"a":1}'::JSON AS doc, uuid() AS uid, DATE '2026-01-01' AS day, TIME '10:00:00' AS clock, true AS flag,
        'x'::BLOB AS bytes, [1, 2] AS list, {a: 1} AS struct, now() AS zoned, 1.5::FLOAT AS real, i::UBIGINT AS unsigned,
        TIMESTAMP_NS '2026-01-01 00:00:00.123456789' AS ns, INTERVAL 1 DAY AS span FROM range(10) t(i)`;
      for (const part of ["a", "b"])
        await query(`COPY (${types}) TO '${bed.directory}/${part}.parquet' (FORMAT parquet)`);
      const job = {
        source: { format: "parquet", path: `${bed.directory}/*.parquet`, timeColumn: "time" },
        target: { path: bed.target },
      };
      const schema = () =>
        query("SELECT * EXCLUDE (file_name) FROM parquet_schema($file)", {
          file: `${bed.target}/interval=${NAME}/part.parquet`,
        });
      await bed.run({ job, ...WHOLE });
      const whole = await schema();
      const run: RunSpec = { job, ...WHOLE, generation: 1 };
      await runInShards(bed, run, await shardsOf(bed, run, 2));
      expect(await schema()).toEqual(whole);
      expect(await bed.rows("id")).toHaveLength(20);
    } finally {
      await bed.dispose();
    }
  });
});
