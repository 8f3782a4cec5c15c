import type { OfflineJobRequest, ShardResult } from "@tidegate/core/operator";
import { createDuckdbOperator } from "@tidegate/operator-duckdb";
import { runApart } from "./apart.js";
import { type CopyRun, copyRequest, onOrders, ROWS } from "./copy-postgres.js";
import { atLeast, type Figure, rounded } from "./figure.js";

const SHARDS = 4;

/** Copies a table of ten columns from Postgres to Parquet in shards, next to the same in one job. */
export function copyShards(): Promise<Figure[]> {
  return onOrders(["CREATE INDEX ON orders (at)"], async (server, directory) => {
    const whole = runApart<CopyRun>("copy-postgres-run", server.url(), directory);
    const split = runApart<CopyRun>("copy-shards-run", server.url(), directory);
    if (split.rows !== ROWS) throw new Error(`${split.rows} of ${ROWS} rows were copied.`);
    return [
      atLeast(1, {
        id: "copy-shards",
        what: `${ROWS.toLocaleString("en-US")} rows of 10 columns from Postgres to Parquet in ${SHARDS} shards and a merge: the time of one job / this time (${rounded(split.ms / 1_000)} s)`,
        value: rounded(whole.ms / split.ms),
        unit: "x",
        reference: { what: "one job, s", value: rounded(whole.ms / 1_000) },
      }),
    ];
  });
}

/** In a process of its own: a job in shards, two at a time, and their merge. */
export async function copyShardsRun(url = "", directory = ""): Promise<CopyRun> {
  const operator = createDuckdbOperator({ secrets: { shop: url }, memoryLimit: "384MB", maxParallelJobs: 2 });
  const request: OfflineJobRequest = { ...copyRequest(directory), runId: "shards", idempotencyKey: "shards" };
  const context = { signal: new AbortController().signal };
  const began = performance.now();
  const { shards, snapshotToken } = await operator.split!(request, { ...context, target: SHARDS });
  const view = snapshotToken === undefined ? {} : { snapshotToken };
  const results = await Promise.all(
    shards.map(async ({ key, args }, index): Promise<ShardResult> => {
      const shard = {
        ...request,
        idempotencyKey: `shard-${index}`,
        shard: { key, args, count: shards.length, ...view },
      };
      const { jobId } = await operator.submit(shard, context);
      const { error, metrics = {} } = await operator.wait(jobId, shard, context);
      if (error !== undefined) throw new Error(error.message);
      return { key, args, jobId, metrics };
    }),
  );
  await operator.merge!(request, results, context);
  const ms = performance.now() - began;
  const rows = results.reduce((sum, { metrics }) => sum + (metrics.rowsWritten ?? 0), 0);
  return { ms, rows, memory: process.resourceUsage().maxRSS * 1_024 };
}
