import { stat } from "node:fs/promises";
import { JobFailure } from "../duckdb/failure.js";
import { Session, type SessionLimits } from "../duckdb/session.js";
import type { Surroundings } from "../run/surroundings.js";
import type { Task } from "../run/task.js";
import { readRecord } from "./commit-record.js";
import { compareWithPartition } from "./compare-rows.js";
import type { Destination } from "./destination.js";
import { publishFile, remove } from "./durable.js";
import { exactRows } from "./exact-columns.js";
import { PARTITION_COLUMN } from "./layout.js";
import { makeWay } from "./neighbours.js";
import { writePartition } from "./partition.js";

/** Returns the destination of jobs whose target is a directory: one Parquet file per interval. */
export function parquetDestination(limits: SessionLimits): Destination {
  return {
    async exactRows(session, rows) {
      await refuseHiddenColumn(session, rows);
      return exactRows(session, rows);
    },
    async write(session, rows, copied, task, surroundings) {
      const { turns, signal } = surroundings;
      const file = await writePartition(session, rows, task, copied);
      const bytesWritten = (await stat(file)).size;
      const isPublished = await turns.use(task.layout.target, signal, () =>
        publish(session, task, file, surroundings),
      );
      const { metrics } = copied;
      return isPublished
        ? { ...copied, metrics: { ...metrics, bytesWritten } }
        : { metrics: { ...metrics, rowsWritten: 0, bytesWritten: 0 } };
    },
    compare: (session, rows, task, _signal, withChecksum) =>
      compareWithPartition(session, rows, task.layout.file, withChecksum),
    async record(task, signal) {
      const session = await Session.open(limits, signal);
      try {
        return await readRecord(session, task.layout.file);
      } finally {
        session.close();
      }
    },
  };
}

async function publish(
  session: Session,
  task: Task,
  file: string,
  { signal }: Surroundings,
): Promise<boolean> {
  const { layout, window, shard } = task;
  if (shard !== undefined) {
    await publishFile(file, layout.file);
    return true;
  }
  const hasWay = await makeWay(session, layout, window);
  signal.throwIfAborted();
  if (hasWay) await publishFile(file, layout.file);
  await remove(layout.shards);
  return hasWay;
}

/** Readers of a hive-style target would see the directory's value instead of such a column. */
async function refuseHiddenColumn(session: Session, rows: string): Promise<void> {
  const columns = await session.rows<{ column_name: string }>(`DESCRIBE ${rows}`);
  const hidden = columns.find(({ column_name }) => column_name.toLowerCase() === PARTITION_COLUMN);
  if (hidden === undefined) return;
  throw new JobFailure(
    "JOB_INVALID",
    `The target's directories are called ${PARTITION_COLUMN}=…, which hides the column ${hidden.column_name}; give it another name in job.sql.`,
    { isRetryable: false },
  );
}
