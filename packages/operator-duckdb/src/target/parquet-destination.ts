import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { JobFailure } from "../duckdb/failure.js";
import { fileLiteral } from "../duckdb/quote.js";
import { Session, type SessionLimits } from "../duckdb/session.js";
import { NO_ROWS } from "../read/stage.js";
import type { Surroundings } from "../run/surroundings.js";
import type { Task } from "../run/task.js";
import { removeStagedShards } from "../shard/staged-shards.js";
import { type Copied, readRecord } from "./commit-record.js";
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
      const file = await writePartition(session, rows, task, copied);
      return publishInTurn(session, task, file, copied, surroundings);
    },
    writeOnce(session, task, surroundings) {
      let file = "";
      return {
        async write(rows, copied) {
          file = await writePartition(session, rows, task, copied);
        },
        async publish() {
          await refuseHiddenColumn(session, `SELECT * FROM read_parquet(${fileLiteral(file)})`);
          const { metrics } = (await readRecord(session, file))!;
          return publishInTurn(session, task, file, { metrics }, surroundings);
        },
      };
    },
    async writeNone(session, copied, task, { turns, signal }) {
      const file = await writePartition(session, NO_ROWS, task, copied);
      await turns.use(task.layout.target, signal, () => publishNone(session, task, file, signal));
      return copied;
    },
    compare: (session, rows, { layout }, _signal, withChecksum) =>
      compareWithPartition(
        session,
        rows,
        existsSync(layout.file) ? layout.file : layout.recordOfNone,
        withChecksum,
      ),
    async record(task, signal) {
      const session = await Session.open(limits, signal);
      try {
        const { file, recordOfNone } = task.layout;
        return (await readRecord(session, file)) ?? (await readRecord(session, recordOfNone));
      } finally {
        session.close();
      }
    },
  };
}

async function publishInTurn(
  session: Session,
  task: Task,
  file: string,
  copied: Copied,
  surroundings: Surroundings,
): Promise<Copied> {
  const { turns, signal } = surroundings;
  const bytesWritten = (await stat(file)).size;
  const isPublished = await turns.use(task.layout.target, signal, () =>
    publish(session, task, file, surroundings),
  );
  const { metrics } = copied;
  return isPublished
    ? { ...copied, metrics: { ...metrics, bytesWritten } }
    : { metrics: { ...metrics, rowsWritten: 0, bytesWritten: 0 } };
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
  const hasWay = await hasWayFor(session, task);
  signal.throwIfAborted();
  if (hasWay) {
    await publishFile(file, layout.file);
    await remove(layout.recordOfNone);
  }
  await removeStagedShards(layout, window);
  return hasWay;
}

/** A partition without columns would hide those of the others from readers that take them from one file. */
async function publishNone(session: Session, task: Task, file: string, signal: AbortSignal): Promise<void> {
  const { layout, window } = task;
  const hasWay = await hasWayFor(session, task);
  signal.throwIfAborted();
  if (hasWay) {
    await remove(layout.partition);
    await publishFile(file, layout.recordOfNone);
  }
  await removeStagedShards(layout, window);
}

/** Returns whether to publish: as `makeWay` does, also if the later snapshot has no partition. */
async function hasWayFor(session: Session, { layout, window }: Task): Promise<boolean> {
  const none = window.isFull ? await readRecord(session, layout.recordOfNone) : undefined;
  if (none !== undefined && none.upper > window.upper) return false;
  return makeWay(session, layout, window);
}

/** Readers of a hive-style target would see the directory's value instead of such a column. */
async function refuseHiddenColumn(session: Session, rows: string): Promise<void> {
  const columns = await session.describe(rows);
  const hidden = columns.find(({ column_name }) => column_name.toLowerCase() === PARTITION_COLUMN);
  if (hidden === undefined) return;
  throw new JobFailure(
    "JOB_INVALID",
    `The target's directories are called ${PARTITION_COLUMN}=…, which hides the column ${hidden.column_name}; give it another name in job.sql.`,
    { isRetryable: false },
  );
}
