import { mkdir, stat } from "node:fs/promises";
import type { JobMetrics } from "@tidegate/core/operator";
import { Session } from "../duckdb/session.js";
import { keepRejectedRows } from "../reject/rejected-rows.js";
import type { Copied } from "../target/commit-record.js";
import { publishFile, remove, removeIfEmpty } from "../target/durable.js";
import { makeWay } from "../target/neighbours.js";
import { writePartition } from "../target/partition.js";
import { refuseTooManyBadRows } from "./dirty-data.js";
import { type Staged, stageJob } from "./stage-job.js";
import type { Surroundings } from "./surroundings.js";
import type { Task } from "./task.js";
import { touchedBy } from "./touched-time.js";

/**
 * Copies one interval: reads it, keeps its bad rows aside, writes its good ones beside the target and renames
 * them into it. Nothing is visible until that rename; from then on everything is, and the job is found by its
 * key.
 *
 * @throws whatever `outcomeOfError` turns into the job's outcome
 */
export async function copyInterval(task: Task, surroundings: Surroundings): Promise<Copied> {
  await remove(task.layout.work);
  await mkdir(task.directory, { recursive: true });
  try {
    const limits = { ...surroundings.settings, spillDirectory: task.directory };
    const session = await Session.open(limits, surroundings.signal);
    try {
      return await copyWith(session, task, surroundings);
    } finally {
      session.close();
    }
  } finally {
    await cleanUp(task);
  }
}

/** Removes only what this attempt made: a successor that took it for dead may be working beside it. */
async function cleanUp({ directory, layout }: Task): Promise<void> {
  try {
    await remove(directory);
    await removeIfEmpty(layout.work);
  } catch {
    // The outcome stands either way. The next attempt at the interval removes what is left.
  }
}

async function copyWith(
  session: Session,
  task: Task,
  { settings, turns, signal }: Surroundings,
): Promise<Copied> {
  const { layout, job, window } = task;
  const { allowedDirectories, clock } = settings;
  const staged = await stageJob(session, task, { allowedDirectories, clock, signal });
  const rowsWritten = await countOf(session, staged.goodRows);
  const counted = staged.hasRejected
    ? withBadRows(rowsWritten, await turns.use(layout.target, signal, () => keepRejectedRows(session, task)))
    : { rowsWritten };
  refuseTooManyBadRows(counted, task.dirtyData);
  const { eventTime } = job;
  const touched = eventTime === undefined ? [] : await touchedBy(session, staged.goodRows, eventTime, window);
  const copied = { metrics: counted, ...(touched.length === 0 ? {} : { touched }) };
  const file = await writePartition(session, staged.goodRows, task, copied);
  const bytesWritten = (await stat(file)).size;
  const isPublished = await turns.use(layout.target, signal, () => publish(session, task, file, signal));
  return isPublished
    ? { ...copied, metrics: { ...counted, bytesWritten } }
    : { metrics: { ...counted, rowsWritten: 0, bytesWritten: 0 } };
}

async function publish(session: Session, task: Task, file: string, signal: AbortSignal): Promise<boolean> {
  const hasWay = await makeWay(session, task.layout, task.window);
  signal.throwIfAborted();
  if (hasWay) await publishFile(file, task.layout.file);
  return hasWay;
}

function withBadRows(rowsWritten: number, rowsDirty: number): JobMetrics {
  return { rowsRead: rowsWritten + rowsDirty, rowsWritten, rowsDirty };
}

async function countOf(session: Session, rows: Staged["goodRows"]): Promise<number> {
  const [row] = await session.rows<{ count: string }>(`SELECT count(*) AS count FROM (${rows})`);
  return Number(row!.count);
}
