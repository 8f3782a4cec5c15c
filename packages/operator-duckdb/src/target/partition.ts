import { join } from "node:path";
import type { Session } from "../duckdb/session.js";
import type { RunningTask, Task } from "../run/task.js";
import { type CommitRecord, type Copied, RECORD_KEY } from "./commit-record.js";

/**
 * Writes the rows of a query, with the record of the job, into a Parquet file private to the attempt. A query
 * without rows makes a file without rows, so that the job is found again.
 *
 * @returns the file
 */
export async function writePartition(
  session: Session,
  rows: string,
  task: RunningTask,
  copied: Copied,
): Promise<string> {
  const file = join(task.directory, "part.tmp");
  await session.run(
    `COPY (${rows}) TO $file (FORMAT parquet, ${formatOf(task)}, KV_METADATA {${RECORD_KEY}: $record})`,
    { file, record: JSON.stringify(recordOf(task, copied)) },
  );
  return file;
}

/**
 * A shard is read once more, when it is merged, by DuckDB alone: that reads the younger encodings of Parquet's second version.
 * Zstandard's first level takes half as long as the third, for 5 % more.
 */
function formatOf({ job: { target }, shard }: Task): string {
  if (shard !== undefined) return "COMPRESSION snappy, PARQUET_VERSION v2";
  const compression = (target.format === "postgres" ? undefined : target.compression) ?? "zstd";
  return `COMPRESSION ${compression}${compression === "zstd" ? ", COMPRESSION_LEVEL 1" : ""}`;
}

function recordOf({ jobId, idempotencyKey, groupId, window }: Task, copied: Copied): CommitRecord {
  const { lower, upper } = window;
  return { version: 1, idempotencyKey, jobId, groupId, lower, upper, ...copied };
}
