import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ProbeAnswer } from "@tidegate/core/probe";
import { PostgresServer } from "@tidegate/test-servers";
import { aQuestion, MINUTE, probeSuite, START, until } from "@tidegate/testkit";
import { Pool, type QueryConfig } from "pg";
import { type SqlDatabase, sqlProbe } from "../src/index.js";

let postgres: PostgresServer;
const pools: Pool[] = [];
let warehouse: SqlDatabase;
/** The same, where no statement may take long. */
let hasty: SqlDatabase;

beforeAll(async () => {
  postgres = await PostgresServer.start();
  await postgres.query(`
    CREATE TABLE loads (day date, file int, loaded_until timestamptz, loaded_ms bigint);
    INSERT INTO loads SELECT '2026-01-01', file, '2026-01-01 09:00:00+09'::timestamptz + file * interval '1 minute', ${START} + file * ${MINUTE}
      FROM generate_series(0, 23) AS file`);
  warehouse = database(60_000);
  hasty = database(500);
});

afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await postgres?.dispose();
});

function database(statementTimeoutMs: number): SqlDatabase {
  const pool = new Pool({
    connectionString: postgres.url(),
    options: `-c default_transaction_read_only=on -c statement_timeout=${statementTimeoutMs} -c timezone=America/New_York`,
  });
  pool.on("error", () => {});
  pools.push(pool);
  return { query: async (text) => (await pool.query({ text, queryMode: "extended" } as QueryConfig)).rows };
}

const ask = (query: string, asked = warehouse): Promise<ProbeAnswer> =>
  sqlProbe({ databases: { warehouse: asked } }).check(aQuestion({ spec: { query } }), {
    now: START,
    signal: new AbortController().signal,
  });

describe("the probe `sql` on Postgres", () => {
  it.each([
    ["SELECT count(*) = 24 FROM loads WHERE day = '{{lower.date}}'", true],
    ["SELECT count(*) = 25 FROM loads WHERE day = '{{lower.date}}'", false],
    ["SELECT every(file > 7) FROM loads WHERE day = '1999-01-01'", false],
    ["SELECT true FROM loads WHERE file = 99", false],
    ["SELECT max(loaded_until) >= '{{upper.timestamptz}}' FROM loads", true],
  ])("is asked %s, and is ready: %s", async (query, isReady) => {
    expect(await ask(query)).toMatchObject({ isReady });
  });

  it.each([
    "SELECT max(loaded_until) FROM loads",
    "SELECT max(loaded_ms) FROM loads",
    "SELECT max(loaded_ms)::numeric FROM loads",
    "SELECT max(loaded_ms)::double precision FROM loads",
  ])("has the watermark %s", async (query) => {
    expect(await ask(query)).toMatchObject({ isReady: true, readyThrough: START + 23 * MINUTE });
  });

  it.each([
    ["DELETE FROM loads RETURNING true", "read-only transaction"],
    ["SELECT true; SELECT false", "multiple commands"],
    ["SELECT count(*) FROM loads", "neither a boolean nor an instant: 24"],
    ["SELECT extract(epoch FROM max(loaded_until))::bigint FROM loads", "neither a boolean nor an instant"],
    ["SELECT ready FROM loads", 'column "ready" does not exist'],
    ["SELECT max(loaded_ms) / 7.0 FROM loads", "neither a boolean nor an instant"],
  ])("is broken, not waiting, by %s", async (query, message) => {
    await expect(ask(query)).rejects.toThrow(message);
  });

  it("is broken, not waiting, by a statement that takes too long", async () => {
    await expect(ask("SELECT true FROM pg_sleep(60)", hasty)).rejects.toThrow("statement timeout");
  });

  it("is broken while the server is away, and answers when it is back", async () => {
    await postgres.kill();
    await expect(ask("SELECT true")).rejects.toThrow(/\S/);
    await postgres.startAgain();
    await until(
      () =>
        ask("SELECT true").then(
          ({ isReady }) => isReady,
          () => false,
        ),
      { what: "an answer" },
    );
  });
});

probeSuite({
  name: "sql on Postgres",
  create: async () => ({
    probe: sqlProbe({ databases: { warehouse } }),
    spec: { query: "SELECT max(loaded_until) FROM loads" },
    ready: {},
    notReady: { interval: { lower: START + 23 * MINUTE, upper: START + 24 * MINUTE } },
    broken: { spec: { query: "SELECT true FROM nowhere" } },
  }),
});
