import { createWriteStream, statSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import { createDuckdbOperator } from "@tidegate/operator-duckdb";
import { PostgresServer } from "@tidegate/test-servers";
import { Client } from "pg";
import { to as copyTo } from "pg-copy-streams";
import { runApart } from "./apart.js";
import { atLeast, atMost, type Figure, rounded } from "./figure.js";
import { temporaryDirectory } from "./setup.js";

/** Ten million, unless a trial is shorter. */
export const ROWS = Number(process.env.TIDEGATE_BENCH_ROWS ?? 10_000_000);
const START = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const MEBIBYTE = 2 ** 20;

/** A table of ten columns. */
const TABLE = `CREATE TABLE orders AS SELECT i::bigint AS id, (i % 1000)::int AS shop, (i % 100)::smallint AS lane,
  i * 1.5::float8 AS weight, (i / 7.0)::numeric(18, 4) AS price, i % 2 = 0 AS is_paid, md5(i::text) AS reference,
  'customer ' || i % 5000 AS customer, date '2026-01-01' + (i % 365)::int AS due,
  timestamptz '2026-01-01 00:00+00' + i * interval '1 day' / (${ROWS} + 1) AS at
  FROM generate_series(1, ${ROWS}) i`;

/** The cost of one copy. */
export interface CopyRun {
  readonly ms: number;
  readonly rows: number;
  /** The most memory that its process had, bytes. */
  readonly memory: number;
}

/**
 * Measures copies of the table of a Postgres into a temporary directory.
 *
 * @param preparation - statements after the table was filled
 */
export async function onOrders(
  preparation: readonly string[],
  measure: (server: PostgresServer, directory: string) => Promise<Figure[]>,
): Promise<Figure[]> {
  const server = await PostgresServer.start(["fsync=off", "shared_buffers=256MB", "max_wal_size=4GB"]);
  const directory = temporaryDirectory();
  try {
    for (const statement of [TABLE, ...preparation, "VACUUM ANALYZE orders"]) await server.query(statement);
    return await measure(server, directory.path);
  } finally {
    directory.remove();
    await server.dispose();
  }
}

/** Copies a table of ten columns from Postgres to Parquet, next to Postgres's own COPY to a file. */
export function copyPostgres(): Promise<Figure[]> {
  return onOrders([], async (server, directory) => {
    const file = join(directory, "orders.txt");
    // The first reads the table into memory, as far as it fits.
    await copyToFile(server.url(), file);
    const plain = await copyToFile(server.url(), file);
    const { ms, rows, memory } = runApart<CopyRun>("copy-postgres-run", server.url(), directory);
    if (rows !== ROWS) throw new Error(`${rows} of ${ROWS} rows were copied.`);
    const count = ROWS.toLocaleString("en-US");
    return [
      atLeast(0.8, {
        id: "copy-postgres",
        what: `${count} rows of 10 columns from Postgres to Parquet: COPY's time / this time (${rounded(ms / 1_000)} s)`,
        value: rounded(plain / ms),
        unit: "x",
        reference: {
          what: `COPY TO STDOUT to a file of ${Math.round(statSync(file).size / MEBIBYTE)} MiB, s`,
          value: rounded(plain / 1_000),
        },
      }),
      atMost(1_024, {
        id: "copy-postgres-memory",
        what: `the most memory of the process that copies ${count} rows`,
        value: Math.round(memory / MEBIBYTE),
        unit: "MiB",
        reference: { what: "DuckDB's limit, MiB", value: 512 },
      }),
    ];
  });
}

/** Returns the time that it takes, ms. */
async function copyToFile(url: string, file: string): Promise<number> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const began = performance.now();
    await pipeline(client.query(copyTo("COPY orders TO STDOUT")), createWriteStream(file));
    return performance.now() - began;
  } finally {
    await client.end();
  }
}

/** In a process of its own: one job of the operator that has all rows in its interval. */
export async function copyPostgresRun(url = "", directory = ""): Promise<CopyRun> {
  const operator = createDuckdbOperator({ secrets: { shop: url }, memoryLimit: "512MB" });
  const request = copyRequest(directory);
  const context = { signal: new AbortController().signal };
  const began = performance.now();
  const { jobId } = await operator.submit(request, context);
  const { error, metrics } = await operator.wait(jobId, request, context);
  if (error !== undefined) throw new Error(error.message);
  const ms = performance.now() - began;
  return { ms, rows: metrics?.rowsWritten ?? 0, memory: process.resourceUsage().maxRSS * 1_024 };
}

/** The request of a run that has all rows in its interval. */
export function copyRequest(directory: string): OfflineJobRequest {
  return {
    groupId: "orders",
    boundaryType: "TIME",
    lowerBound: String(START),
    upperBound: String(START + DAY_MS),
    runId: "copy",
    idempotencyKey: "copy",
    attempt: 1,
    scheduledTime: START + DAY_MS,
    kind: "SCHEDULED",
    mode: "incremental",
    job: {
      source: { format: "postgres", connection: "shop", table: "orders", timeColumn: "at" },
      target: { path: join(directory, "target") },
    },
  };
}
