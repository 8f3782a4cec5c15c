import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ProbeAnswer } from "@tidegate/core/probe";
import { aQuestion, MINUTE, probeSuite, START } from "@tidegate/testkit";
import { type SqlDatabase, sqlProbe } from "../src/index.js";

let instance: DuckDBInstance;
let lake: SqlDatabase;
beforeAll(async () => {
  instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  await connection.run("CREATE TABLE loads AS SELECT DATE '2026-01-01' AS day, 24 AS files");
  lake = {
    query: async (sql) => {
      const reader = await connection.runAndReadAll(sql);
      return reader.getRowObjectsJson();
    },
  };
});
afterAll(() => instance.closeSync());

const ask = (query: string): Promise<ProbeAnswer> =>
  sqlProbe({ databases: { lake } }).check(aQuestion({ spec: { query }, timezone: "Asia/Tokyo" }), {
    now: START,
    signal: new AbortController().signal,
  });

describe("the probe `sql`", () => {
  it.each([
    ["SELECT files = 24 FROM loads WHERE day = '{{lower.date}}'", true, "the query says true"],
    ["SELECT files = 25 FROM loads WHERE day = '{{lower.date}}'", false, "the query says false"],
    ["SELECT true FROM loads WHERE day = DATE '{{lower.date}}' + 1", false, "the query has no value"],
    ["SELECT max(day) > '2000-01-01' FROM loads WHERE files = 7", false, "the query has no value"],
    ["SELECT '{{lower.hour}}' = '09'", true, "the query says true"],
  ])("asks %s, and ready is %s", async (query, isReady, detail) => {
    expect(await ask(query)).toEqual({ isReady, detail });
  });

  it("reads a watermark, which answers for all intervals", async () => {
    expect(await ask("SELECT TIMESTAMPTZ '2026-01-01 00:01:00+00' AS through")).toEqual({
      isReady: true,
      detail: "the query says 2026-01-01T00:01:00.000Z",
      readyThrough: START + MINUTE,
    });
    expect(await ask("SELECT TIMESTAMPTZ '2026-01-01 00:00:30+00'")).toMatchObject({ isReady: false });
  });

  it("takes what drivers return for instants", async () => {
    const answers = [new Date(START), START, BigInt(START), `${START}`, "2026-01-01T09:00:00+09:00"];
    for (const value of answers) {
      const probe = sqlProbe({ databases: { any: { query: async () => [{ value }] } } });
      const context = { now: START, signal: new AbortController().signal };
      expect(await probe.check(aQuestion({ spec: { query: "?" } }), context)).toMatchObject({
        readyThrough: START,
      });
    }
  });

  it("says so if a driver returns no rows", async () => {
    const probe = sqlProbe({ databases: { any: { query: async () => undefined as never } } });
    const context = { now: START, signal: new AbortController().signal };
    const asked = probe.check(aQuestion({ spec: { query: "?" } }), context);
    await expect(asked).rejects.toThrow("the query has not returned rows: it must be one statement");
  });

  it.each([
    ["SELECT 1 AS a, 2 AS b", "the query has 2 columns, not one"],
    ["SELECT * FROM range(3)", "the query has 3 rows, not one"],
    ["SELECT count(*) FROM loads", "the value of the query is neither a boolean nor an instant: 1"],
    ["SELECT 'yes'", "the value of the query is neither a boolean nor an instant"],
    ["SELECT true FROM nowhere", "nowhere does not exist"],
  ])("is broken, not waiting, by %s", async (query, message) => {
    await expect(ask(query)).rejects.toThrow(message);
  });

  it("closes its databases", async () => {
    let isClosed = false;
    const close = (): void => {
      isClosed = true;
    };
    await sqlProbe({ databases: { lake: { ...lake, close } } }).stop?.();
    expect(isClosed).toBe(true);
  });

  it.each([
    [{}, "databases"],
    [{ lake: {} }, "databases.lake"],
  ])("refuses databases %j", (databases, field) => {
    expect(() => sqlProbe({ databases } as never)).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", field }),
    );
  });
});

probeSuite({
  name: "sql",
  create: async () => ({
    probe: sqlProbe({ databases: { lake } }),
    spec: { query: "SELECT true FROM loads WHERE day = '{{lower.date}}'" },
    refused: [
      ["query", {}],
      ["query", { query: "SELECT {{secret.password}}" }],
      ["query", { query: "SELECT {{lower.date" }],
      ["database", { database: "warehouse", query: "SELECT true" }],
      ["queries", { query: "SELECT true", queries: [] }],
    ],
    ready: {},
    notReady: { interval: { lower: START + 1_440 * MINUTE, upper: START + 1_441 * MINUTE } },
    broken: { spec: { query: "SELECT true FROM nowhere" } },
  }),
});
