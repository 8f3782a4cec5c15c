import { hash } from "node:crypto";
import { existsSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { JobMetrics, ShardResult } from "@tidegate/core/operator";
import { JobFailure } from "../duckdb/failure.js";
import { fileLiteral } from "../duckdb/quote.js";
import { copyInterval } from "../run/copy-interval.js";
import { inSession } from "../run/in-session.js";
import type { Surroundings } from "../run/surroundings.js";
import type { RunningTask, Task } from "../run/task.js";
import type { Destination } from "../target/destination.js";
import { publishFile, remove } from "../target/durable.js";
import { type Layout, shardLayoutOf } from "../target/layout.js";
import { requireExactUnion } from "./exact-union.js";
import { removeStagedShards } from "./staged-shards.js";

/** Returns the task that merges shards. Its job id says of which jobs, since another split has the same run and key. */
export function mergingTask(task: Task, results: readonly ShardResult[]): Task {
  const jobs = results.map(({ key, jobId }) => [key, jobId]);
  const digest = hash("sha256", JSON.stringify(jobs), "hex").slice(0, 16);
  return { ...task, jobId: `${task.idempotencyKey}-${digest}` };
}

/**
 * Publishes the shards of a run as one partition, in the place of the older one, and their bad rows. If they were
 * published before, or a later snapshot holds their rows, does nothing. A run without shards is copied whole: it has no
 * rows.
 */
export async function mergeShards(
  task: Task,
  results: readonly ShardResult[],
  destination: Destination,
  surroundings: Surroundings,
): Promise<void> {
  const { layout, runId, jobId, window } = task;
  const { signal, turns } = surroundings;
  if (results.length === 0) return void (await copyInterval(task, destination, surroundings));
  const record = await destination.record(task, signal);
  const isSuperseded = window.isFull && record !== undefined && record.upper > window.upper;
  if (record?.jobId === jobId || isSuperseded) return removeStagedShards(layout, window);
  const shards = results.map(({ key }) => shardLayoutOf(layout, runId, key));
  const gone = shards.findIndex(({ file }) => !existsSync(file));
  if (gone >= 0) {
    throw new JobFailure(
      "JOB_FAILED",
      `The rows of shard ${results[gone]!.key} are gone: retry the run with resplit.`,
      {
        isRetryable: false,
      },
    );
  }
  await inSession(task, surroundings, async (session, running) => {
    const rows = rowsOf(shards);
    const parts = shards.map((shard, index) => ({ key: results[index]!.key, rows: rowsOf([shard]) }));
    await requireExactUnion(session, parts, rows);
    await turns.use(layout.target, signal, () => publishBadRows(running, shards));
    await destination.write(session, rows, { metrics: sumOf(results) }, running, surroundings);
  });
}

async function publishBadRows({ directory, layout }: RunningTask, shards: readonly Layout[]): Promise<void> {
  for (const kind of ["rejected", "untimed"] as const) {
    const files = shards.map((shard) => shard[kind]).filter((file) => existsSync(file));
    if (files.length === 0) {
      await remove(layout[kind]);
      continue;
    }
    const joined = join(directory, `${kind}.tmp`);
    for (const file of files) await appendFile(joined, await readFile(file));
    await publishFile(joined, layout[kind]);
  }
}

/** Returns a query for the rows of shards. */
function rowsOf(shards: readonly Layout[]): string {
  const files = shards.map(({ file }) => fileLiteral(file)).join(", ");
  return `SELECT * FROM read_parquet([${files}], union_by_name = true, hive_partitioning = false)`;
}

function sumOf(results: readonly ShardResult[]): JobMetrics {
  const sum = (name: keyof JobMetrics): number =>
    results.reduce((total, { metrics }) => total + (metrics[name] ?? 0), 0);
  return { rowsRead: sum("rowsRead"), rowsWritten: sum("rowsWritten"), rowsDirty: sum("rowsDirty") };
}
