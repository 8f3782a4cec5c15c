import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { OffsetBounds } from "@tidegate/core/offset";
import { type OffsetRecord, offsetProviderSuite, START } from "@tidegate/testkit";
import { type CursorDatabase, duckdbDatabase, sqlCursor, sqliteDatabase } from "../src/index.js";

const signal = new AbortController().signal;

/** 2^63 - 1 and what is before it, which no number of JavaScript's tells apart. */
const GREATEST = "9223372036854775807";
const LOWEST = "-9223372036854775808";

const boundsOf = (database: CursorDatabase, source: JsonObject, now = START): Promise<OffsetBounds> =>
  sqlCursor({ databases: { shop: database } }).bounds(source, { now, signal });

describe("a table of SQLite, read by position", () => {
  let folder: string;
  let path: string;
  let database: DatabaseSync;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sql-cursor-"));
    path = join(folder, "shop.db");
    database = new DatabaseSync(path);
  });
  afterEach(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });

  const look = async (sql: string, column = "id", more: JsonObject = {}): Promise<string[]> => {
    database.exec(sql);
    const source = { table: "orders", column, ...more };
    const { earliest, latest } = await boundsOf(sqliteDatabase({ path }), source);
    return [earliest.main!, latest.main!];
  };

  it.each<[string, string, string, string[]]>([
    ["its key", "id INTEGER PRIMARY KEY", "(3), (7)", [LOWEST, "8"]],
    ["its key, without rows", "id INTEGER PRIMARY KEY", "", [LOWEST, LOWEST]],
    ["negative keys", "id INTEGER PRIMARY KEY", "(-7), (-3)", [LOWEST, "-2"]],
    ["values beyond 2^53", "id INTEGER PRIMARY KEY", "(9007199254740993)", [LOWEST, "9007199254740994"]],
    ["the greatest value", "id INTEGER PRIMARY KEY", `(${GREATEST})`, [LOWEST, "9223372036854775808"]],
    ["a unique column", "id BIGINT NOT NULL UNIQUE", "(3), (7)", [LOWEST, "8"]],
    ["a column that is not unique, but for its greatest value", "id INT", "(3), (7), (7)", [LOWEST, "7"]],
    [
      "a part of a key, which is not unique",
      "id INT, no INT, PRIMARY KEY (id, no)",
      "(3, 1), (7, 1)",
      [LOWEST, "7"],
    ],
  ])("by %s", async (_, columns, rows, expected) => {
    const insert = rows === "" ? "" : `INSERT INTO orders VALUES ${rows};`;
    expect(await look(`CREATE TABLE orders (${columns}); ${insert}`)).toEqual(expected);
  });

  it("by its rowid", async () => {
    expect(await look("CREATE TABLE orders (x TEXT); INSERT INTO orders VALUES (1), (2)", "rowid")).toEqual([
      LOWEST,
      "3",
    ]);
  });

  it("does not go back with AUTOINCREMENT if the last rows are deleted", async () => {
    expect(
      await look(`CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT);
        INSERT INTO orders VALUES (1), (2), (3); DELETE FROM orders WHERE id > 1`),
    ).toEqual([LOWEST, "4"]);
    expect(await look("DELETE FROM orders")).toEqual([LOWEST, "4"]);
  });

  it("does not see what is not committed", async () => {
    await look("CREATE TABLE orders (id INTEGER PRIMARY KEY); INSERT INTO orders VALUES (1)");
    expect(await look("BEGIN; INSERT INTO orders VALUES (2)")).toEqual([LOWEST, "2"]);
    expect(await look("ROLLBACK")).toEqual([LOWEST, "2"]);
  });

  it("leaves rows that are younger than the safety delay", async () => {
    const at = (ms: number): string => `'${new Date(START + ms).toISOString()}'`;
    await look(`CREATE TABLE orders (id INTEGER PRIMARY KEY, at);
      INSERT INTO orders VALUES (1, ${at(0)}), (2, ${START + 1_000}), (3, ${at(2_000)})`);
    const source = { table: "orders", column: "id", timeColumn: "at", safetyDelayMs: 10_000 };
    for (const [now, latest] of [
      [9_999, LOWEST],
      [10_000, "2"],
      [11_999, "3"],
      [12_000, "4"],
    ] as const)
      expect((await boundsOf(sqliteDatabase({ path }), source, START + now)).latest).toEqual({
        main: latest,
      });
  });

  it("does not go back if the rows that are old enough are deleted", async () => {
    await look(`CREATE TABLE orders (id INTEGER PRIMARY KEY, at INT);
      INSERT INTO orders VALUES (1, ${START}), (2, ${START + 60_000})`);
    const source = { table: "orders", column: "id", timeColumn: "at", safetyDelayMs: 30_000 };
    const provider = sqlCursor({ databases: { shop: sqliteDatabase({ path }) } });
    const { incarnation, latest: upTo, at } = await provider.bounds(source, { now: START + 60_000, signal });
    expect(upTo).toEqual({ main: "2" });
    database.exec("DELETE FROM orders WHERE id = 1");
    const later = { now: START + 61_000, signal, read: { incarnation, upTo, at } };
    expect((await provider.bounds(source, later)).latest).toEqual(upTo);
  });

  it.each([
    [
      "a value is NULL",
      "id INT",
      "(1), (NULL)",
      "The column id of orders is NULL in some rows, which no range would hold.",
    ],
    [
      "a value is a text",
      "id",
      "(1), ('x')",
      "The column id of orders holds a text: a cursor must be a whole number.",
    ],
    [
      "a value is a fraction",
      "id",
      "(1), (2.5)",
      "The column id of orders holds a real: a cursor must be a whole number.",
    ],
    ["there is no such column", "no INT", "(1)", "The table orders has no column id."],
    [
      "a key of several columns has a NULL",
      "id INT, no INT, UNIQUE (id, no)",
      "(NULL, 1)",
      "The column id of orders is NULL in some rows, which no range would hold.",
    ],
  ])("is refused if %s", async (_, columns, rows, message) => {
    const asked = look(`CREATE TABLE orders (${columns}); INSERT INTO orders VALUES ${rows}`);
    await expect(asked).rejects.toMatchObject({ code: "SOURCE_INVALID", message });
  });

  it("is another one if it was dropped and made again, and the same if others were", async () => {
    const incarnation = async (sql: string): Promise<string> => {
      database.exec(sql);
      const source = { table: "orders", column: "id" };
      return (await boundsOf(sqliteDatabase({ path }), source)).incarnation;
    };
    const made = "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT);";
    const first = await incarnation(made);
    expect(await incarnation("CREATE TABLE other (id); ALTER TABLE orders ADD COLUMN x")).toBe(first);
    expect(await incarnation("DROP TABLE other; CREATE INDEX by_x ON orders (x)")).toBe(first);
    expect(await incarnation(`DROP TABLE orders; ${made}`)).not.toBe(first);
  });

  it("is the same after VACUUM, which moves indexes, views and virtual tables behind the tables", async () => {
    database.exec(`CREATE TABLE first (id INTEGER PRIMARY KEY, name TEXT);
      CREATE INDEX by_name ON first (name); CREATE VIEW names AS SELECT name FROM first;
      CREATE VIRTUAL TABLE words USING fts5 (name);
      CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)`);
    const source = { table: "orders", column: "id" };
    const { incarnation } = await boundsOf(sqliteDatabase({ path }), source);
    database.exec("VACUUM");
    expect((await boundsOf(sqliteDatabase({ path }), source)).incarnation).toBe(incarnation);
  });

  it("keeps rows of one value together when it cuts", async () => {
    await look("CREATE TABLE orders (id INT); INSERT INTO orders VALUES (1), (5), (5), (5), (9), (12)");
    const provider = sqlCursor({ databases: { shop: sqliteDatabase({ path }) } });
    const cut = async (from: string, records: number): Promise<string> => {
      const [lower, upper] = [{ main: from }, { main: "12" }];
      const source = { table: "orders", column: "id" };
      return (await provider.cut(source, lower, upper, { records }, { now: START, signal })).main!;
    };
    expect(await cut("1", 1)).toBe("5");
    expect(await cut("1", 2)).toBe("5");
    expect(await cut("5", 2)).toBe("9");
    expect(await cut("5", 4)).toBe("12");
    expect(await cut("9", 1)).toBe("12");
    expect(await cut("1", 1_000)).toBe("12");
  });

  it("takes no SQL for a position or a name", async () => {
    await look(
      'CREATE TABLE "or ders" (id INTEGER PRIMARY KEY); CREATE TABLE orders (id INTEGER PRIMARY KEY)',
    );
    const provider = sqlCursor({ databases: { shop: sqliteDatabase({ path }) } });
    const source = { table: "orders", column: "id" };
    const sized = provider.size(source, { main: "0" }, { main: "1 OR true" }, { now: START, signal });
    await expect(sized).rejects.toMatchObject({
      code: "SOURCE_INVALID",
      message: '"1 OR true" is no position of this source: it must be a whole number.',
    });
    const odd = await boundsOf(sqliteDatabase({ path }), { table: "or ders", column: "id" });
    expect(odd.latest).toEqual({ main: LOWEST });
  });
});

describe("a table of DuckDB, read by position", () => {
  let instance: DuckDBInstance;
  let connection: DuckDBConnection;
  beforeEach(async () => {
    instance = await DuckDBInstance.create(":memory:");
    connection = await instance.connect();
  });
  afterEach(() => instance.closeSync());

  const look = async (sql: string, table = "orders"): Promise<string[]> => {
    await connection.run(sql);
    const source = { table, column: "id", safetyDelayMs: 0 };
    const { earliest, latest } = await boundsOf(duckdbDatabase({ connection }), source);
    return [earliest.main!, latest.main!];
  };

  it.each<[string, string, string, string[]]>([
    ["its key", "id BIGINT PRIMARY KEY", "(3), (7)", [LOWEST, "8"]],
    ["its key, without rows", "id INTEGER PRIMARY KEY", "", ["-2147483648", "-2147483648"]],
    [
      "a column without signs",
      "id UBIGINT UNIQUE NOT NULL",
      "(18446744073709551615)",
      ["0", "18446744073709551616"],
    ],
    [
      "a column that is not unique, but for its greatest value",
      "id INT NOT NULL",
      "(3), (7), (7)",
      ["-2147483648", "7"],
    ],
  ])("by %s", async (_, columns, rows, expected) => {
    const insert = rows === "" ? "" : `INSERT INTO orders VALUES ${rows};`;
    expect(await look(`CREATE TABLE orders (${columns}); ${insert}`)).toEqual(expected);
  });

  it("of another schema", async () => {
    const made = "CREATE SCHEMA sales; CREATE TABLE sales.orders AS SELECT 7::BIGINT AS id";
    expect(await look(made, "sales.orders")).toEqual([LOWEST, "7"]);
  });

  it.each([
    [
      "a value is NULL",
      "id INT",
      "(1), (NULL)",
      "The column id of orders is NULL in some rows, which no range would hold.",
    ],
    [
      "it holds no whole numbers",
      "id DOUBLE",
      "(1)",
      "The column id of orders is a DOUBLE: a cursor must be a whole number.",
    ],
    ["there is no such column", "no INT", "(1)", "The table orders has no column id."],
  ])("is refused if %s", async (_, columns, rows, message) => {
    const asked = look(`CREATE TABLE orders (${columns}); INSERT INTO orders VALUES ${rows}`);
    await expect(asked).rejects.toMatchObject({ code: "SOURCE_INVALID", message });
  });
});

it("tells whoever registers a source what it cannot promise", () => {
  const connection = { runAndReadAll: async () => ({ getRowObjectsJson: () => [] }) };
  const provider = sqlCursor({ databases: { lake: duckdbDatabase({ connection }) } });
  const source = { table: "orders", column: "id" };
  expect(provider.notesOn({ ...source, safetyDelayMs: 0 })).toEqual([
    "Rows that are deleted before they were read are not noticed.",
    "Rows are missed if they appear in another order than that of id: only one transaction may write at a time.",
  ]);
  expect(provider.notesOn({ ...source, timeColumn: "at", safetyDelayMs: 5_000 })).toEqual([
    "Rows that are deleted before they were read are not noticed.",
    "Rows of a transaction that takes longer than 5000 ms are missed.",
    "Each look scans at, unless it is indexed.",
  ]);
});

const REFUSED: [string, JsonObject][] = [
  ["table", { column: "id", safetyDelayMs: 0 }],
  ["table", { table: 'a"b', column: "id", safetyDelayMs: 0 }],
  ["table", { table: "a.b.c.d", column: "id", safetyDelayMs: 0 }],
  ["column", { table: "orders", safetyDelayMs: 0 }],
  ["database", { database: "bank", table: "orders", column: "id", safetyDelayMs: 0 }],
  ["timeColumn", { table: "orders", column: "id", safetyDelayMs: 1 }],
  ["query", { table: "orders", column: "id", safetyDelayMs: 0, query: "" }],
];

offsetProviderSuite({
  name: "sql-cursor on SQLite",
  create: async () => {
    const folder = mkdtempSync(join(tmpdir(), "sql-cursor-"));
    const path = join(folder, "shop.db");
    let database = new DatabaseSync(path);
    const made =
      "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, at INT, no INT DEFAULT 1)";
    database.exec(`${made}; CREATE TABLE returns (id INTEGER PRIMARY KEY)`);
    let count = 0;
    const append = async (many: number): Promise<OffsetRecord[]> =>
      Array.from({ length: many }, () => {
        count += 1;
        const record = { id: `order ${count}`, at: START + count * 1_000 };
        database.prepare("INSERT INTO orders (name, at) VALUES (?, ?)").run(record.id, record.at);
        return record;
      });
    const elsewhere = sqliteDatabase({ path: join(folder, "volume", "shop.db") });
    return {
      provider: sqlCursor({ databases: { shop: sqliteDatabase({ path }) } }),
      source: { table: "orders", column: "id", timeColumn: "at" },
      refused: REFUSED,
      append,
      read: async ({ lower, upper }) =>
        database
          .prepare(`SELECT name FROM orders WHERE id >= ${lower.main} AND id < ${upper.main}`)
          .all()
          .map(({ name }) => name as string),
      purge: async () => {
        await append(1);
        database.exec("DELETE FROM orders");
      },
      sameData: { database: "shop", table: "ORDERS", column: "id", safetyDelayMs: 0 },
      otherData: [
        { table: "orders", column: "no" },
        { table: "returns", column: "id" },
      ],
      recreate: async () => {
        database.close();
        rmSync(path);
        expect(existsSync(path)).toBe(false);
        database = new DatabaseSync(path);
        database.exec(made);
        await append(9);
      },
      wrong: { table: "nowhere", column: "id" },
      away: {
        provider: sqlCursor({ databases: { shop: elsewhere } }),
        source: { table: "orders", column: "id" },
      },
      dispose: async () => {
        database.close();
        rmSync(folder, { recursive: true });
      },
    };
  },
});

offsetProviderSuite({
  name: "sql-cursor on DuckDB",
  create: async () => {
    const instance = await DuckDBInstance.create(":memory:");
    const [reader, writer, slow] = await Promise.all([1, 2, 3].map(() => instance.connect()));
    const made =
      "CREATE TABLE orders (id BIGINT PRIMARY KEY, name TEXT, placed TIMESTAMPTZ, no INT DEFAULT 1)";
    await writer!.run(`${made}; CREATE TABLE returns (id BIGINT PRIMARY KEY, placed TIMESTAMPTZ)`);
    let count = 0;
    let now = START;
    let open = 0;
    const insert = async (connection: DuckDBConnection, many: number): Promise<OffsetRecord[]> => {
      const records = Array.from({ length: many }, () => {
        count += 1;
        now += 1_000;
        return { id: `order ${count}`, at: now };
      });
      const rows = records.map(({ id, at }) => `(${id.slice(6)}, '${id}', make_timestamptz(${at} * 1000))`);
      await connection.run(`INSERT INTO orders (id, name, placed) VALUES ${rows.join(", ")}`);
      return records;
    };
    /** Lets all rows grow older than the delay, unless one is still being written. */
    const settle = <T>(value: T): T => {
      if (open === 0) now += 60_000;
      return value;
    };
    const down = { runAndReadAll: () => Promise.reject(new Error("IO Error: the disk is gone")) };
    const source = { table: "orders", column: "id", timeColumn: "placed", safetyDelayMs: 30_000 };
    return {
      provider: sqlCursor({ databases: { lake: duckdbDatabase({ connection: reader! }) } }),
      source,
      refused: [...REFUSED, ["safetyDelayMs", { table: "orders", column: "id" }]],
      append: async (many) => settle(await insert(writer!, many)),
      read: async ({ lower, upper }) => {
        const sql = `SELECT name FROM orders WHERE id >= ${lower.main} AND id < ${upper.main}`;
        return (await writer!.runAndReadAll(sql)).getRowObjectsJson().map(({ name }) => name as string);
      },
      write: async (many) => {
        const connection = open === 0 ? slow! : await instance.connect();
        open += 1;
        await connection.run("BEGIN");
        const records = await insert(connection, many);
        return {
          commit: async () => {
            await connection.run("COMMIT");
            open -= 1;
            return settle(records);
          },
        };
      },
      // Without the row with its greatest key, the table would end before it.
      purge: async () => {
        await writer!.run("DELETE FROM orders WHERE id < (SELECT max(id) FROM orders)");
        count += 1;
      },
      sameData: { ...source, database: "lake", safetyDelayMs: 10_000 },
      otherData: [
        { ...source, column: "no" },
        { ...source, table: "returns" },
      ],
      recreate: async () => {
        await writer!.run(`DROP TABLE orders; ${made}`);
        settle(await insert(writer!, 9));
      },
      wrong: { ...source, table: "nowhere" },
      away: { provider: sqlCursor({ databases: { lake: duckdbDatabase({ connection: down }) } }), source },
      now: () => now,
      dispose: async () => instance.closeSync(),
    };
  },
});
