import type { JobSplit, ShardSpec } from "@tidegate/core/operator";
import { fileShards } from "@tidegate/split";
import { splitDatabaseTable } from "../database/split-table.js";
import { Session } from "../duckdb/session.js";
import { isChanges, isFiles } from "../job/job.js";
import { splitPostgresTable } from "../postgres/split-table.js";
import { listFiles, requireSettled, versionsOf } from "../read/files.js";
import type { Surroundings } from "../run/surroundings.js";
import type { Task } from "../run/task.js";
import { splitOf } from "./table-part.js";

/**
 * Divides a job into shards: of files by size, of a table by a column. Reads its source, and writes nothing. Shards of a
 * table of Postgres get one view of it, which is kept for them.
 */
export async function splitJob(task: Task, target: number, surroundings: Surroundings): Promise<JobSplit> {
  const { job, window, runId } = task;
  const { settings, connections, snapshots, signal } = surroundings;
  const { source } = job;
  if (source === undefined || isChanges(source)) return { shards: [] };
  if (isFiles(source)) return { shards: await splitFiles(task, source.minAgeMs ?? 0, target, surroundings) };
  const split = splitOf(source)!;
  if (source.format === "database") {
    const database = settings.databases[source.database]!;
    return { shards: await splitDatabaseTable(database, source, split, window.positions, target) };
  }
  const addresses = await connections(source.connection, signal);
  const isShared = (source.split?.snapshot ?? "shared") === "shared";
  const snapshot = isShared ? await snapshots.hold(runId, addresses, signal) : undefined;
  try {
    return await splitPostgresTable(addresses, source, split, { window, target, snapshot, signal });
  } catch (error) {
    await snapshots.release(runId);
    throw error;
  }
}

async function splitFiles(
  { sourcePaths, window }: Task,
  minAgeMs: number,
  target: number,
  { settings, signal }: Surroundings,
): Promise<readonly ShardSpec[]> {
  const session = await Session.open(settings, signal);
  try {
    const files = await listFiles(session, sourcePaths, window.positions);
    await requireSettled(files, minAgeMs, settings.clock.now());
    return fileShards(await versionsOf(files), target);
  } finally {
    session.close();
  }
}
