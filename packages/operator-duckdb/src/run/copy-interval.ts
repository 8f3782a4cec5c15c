import type { JobMetrics } from "@tidegate/core/operator";
import { JobFailure } from "../duckdb/failure.js";
import type { Session } from "../duckdb/session.js";
import { type ChangesSource, isInPostgres, type PostgresSource } from "../job/job.js";
import { keepRejectedRows } from "../reject/rejected-rows.js";
import type { Copied } from "../target/commit-record.js";
import type { Destination, OnceWriting } from "../target/destination.js";
import { refuseTooManyBadRows } from "./dirty-data.js";
import { inSession } from "./in-session.js";
import { readPostgres, type Staged, stageJob } from "./stage-job.js";
import type { Surroundings } from "./surroundings.js";
import type { RunningTask, Task } from "./task.js";
import { timed } from "./timed.js";
import { touchedBy } from "./touched-time.js";

/**
 * Copies one interval: reads it, keeps its bad rows aside, and writes its good ones. Nothing is visible until
 * the destination commits; from then on everything is, and the job is found by its key.
 *
 * @throws whatever `outcomeOfError` turns into the job's outcome
 */
export async function copyInterval(
  task: Task,
  destination: Destination,
  surroundings: Surroundings,
): Promise<Copied> {
  return inSession(task, surroundings, (session, running) =>
    copyWith(session, running, destination, surroundings),
  );
}

/** As they are known before the rows were read: none is bad, and the file itself tells their number. */
const UNCOUNTED: Copied = { metrics: { rowsDirty: 0 } };

/** Writes the rows of a table of Postgres as they arrive: they are neither staged nor read twice. */
async function copyThrough(
  source: PostgresSource | ChangesSource,
  writing: OnceWriting,
  task: RunningTask,
  surroundings: Surroundings,
): Promise<Copied> {
  await timed(surroundings, "Reading and writing", () =>
    readPostgres(source, task, surroundings, (rows) => writing.write(rows, UNCOUNTED)),
  );
  const copied = await timed(surroundings, "Publishing", () => writing.publish());
  surroundings.log(`Rows written: ${(copied.metrics.rowsWritten ?? 0).toLocaleString("en-US")}`);
  return copied;
}

const NONE: JobMetrics = { rowsRead: 0, rowsWritten: 0, rowsDirty: 0 };

async function copyWith(
  session: Session,
  task: RunningTask,
  destination: Destination,
  surroundings: Surroundings,
): Promise<Copied> {
  const { source, eventTime } = task.job;
  const isStreamed = source !== undefined && isInPostgres(source);
  if (isStreamed && eventTime === undefined && destination.writeOnce !== undefined)
    return copyThrough(source, destination.writeOnce(session, task, surroundings), task, surroundings);
  const staged = await timed(surroundings, "Reading", () => stageJob(session, task, surroundings));
  const { goodRows } = staged;
  if (goodRows === undefined) {
    await badRowsOf(session, staged, task, surroundings);
    return destination.writeNone(session, { metrics: NONE }, task, surroundings);
  }
  const rows = await destination.exactRows(session, goodRows);
  const rowsWritten = await countOf(session, rows);
  const rowsDirty = await badRowsOf(session, staged, task, surroundings);
  const counted =
    rowsDirty === undefined ? { rowsWritten } : { rowsRead: rowsWritten + rowsDirty, rowsWritten, rowsDirty };
  surroundings.log(`Rows to write: ${rowsWritten.toLocaleString("en-US")}`);
  if (rowsDirty !== undefined && rowsDirty > 0) await logBadRows(session, rowsDirty, surroundings);
  refuseTooManyBadRows(counted, task.dirtyData);
  const touched = eventTime === undefined ? [] : await touchedBy(session, rows, eventTime, task.window);
  const copied = { metrics: counted, ...(touched.length === 0 ? {} : { touched }) };
  return timed(surroundings, "Writing", () => destination.write(session, rows, copied, task, surroundings));
}

/** Keeps the bad rows aside. @returns their number, or `undefined` if it is unknown */
async function badRowsOf(
  session: Session,
  { badRows }: Staged,
  task: RunningTask,
  { turns, signal }: Surroundings,
): Promise<number | undefined> {
  if (badRows === "unknown") return undefined;
  if (badRows === "none") return 0;
  if (!task.keepsRejected) return refuseBadRows(session);
  return turns.use(task.layout.target, signal, () => keepRejectedRows(session, task));
}

/** How many bad rows a log names. */
const MOST_NAMED = 20;

/** Logs where bad rows are and why they are bad: as much as errors say of them. */
async function logBadRows(session: Session, count: number, { log }: Surroundings): Promise<void> {
  log(`Bad rows: ${count.toLocaleString("en-US")}`);
  const bad = await session.rows<{ text: string }>(
    `SELECT concat_ws(': ', file, 'row ' || "row", reason) AS text FROM rejected ORDER BY file, "row" LIMIT ${MOST_NAMED}`,
  );
  for (const { text } of bad) log(text);
}

/** Fails a job that has nowhere to keep its bad rows. @returns 0 */
async function refuseBadRows(session: Session): Promise<number> {
  const [row] = await session.rows<{ count: string; first: string }>(
    "SELECT count(*) AS count, first(concat_ws(': ', file, reason)) AS first FROM rejected",
  );
  if (row === undefined || row.count === "0") return 0;
  throw new JobFailure(
    "JOB_FAILED",
    `${row.count} rows are bad (${row.first}), and job.target.rejectedPath names no directory to keep them.`,
    { isRetryable: false },
  );
}

async function countOf(session: Session, rows: string): Promise<number> {
  const [row] = await session.rows<{ count: string }>(`SELECT count(*) AS count FROM (${rows})`);
  return Number(row!.count);
}
