import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { JobFailure } from "../duckdb/failure.js";
import type { Session } from "../duckdb/session.js";
import { unfitFailure } from "../duckdb/unfit.js";
import type { PostgresTarget, ReplacingTarget, UpsertingTarget } from "../job/job.js";
import type { Window } from "../job/window.js";
import type { RunningTask, Task } from "../run/task.js";
import type { Copied } from "../target/commit-record.js";
import type { Destination } from "../target/destination.js";
import type { Connections } from "./connections.js";
import { makeRecordTable, putRecord, recordOf } from "./interval-record.js";
import { PostgresLink } from "./link.js";
import { columnNamed, describeTable, type PostgresColumn, type PostgresTable, quoted } from "./table.js";
import { timeRange } from "./time-range.js";
import { type WrittenColumn, writtenColumns } from "./written-column.js";

/** The temporary table that takes the rows before they are checked. */
const STAGE = "tidegate_stage";
const TIME_FIELD = "job.target.timeColumn";

/**
 * Returns the destination of jobs whose target is a table. Rows and record appear with one commit, so that a
 * job that dies leaves the old rows or the new ones.
 */
export function postgresDestination(target: PostgresTarget, connections: Connections): Destination {
  const { connection } = target;
  return {
    exactRows: async (_session, rows) => rows,
    async write(session, rows, read, task, { signal }) {
      const addresses = await connections(connection, signal);
      const table = await PostgresLink.use(addresses, "read", signal, (link) =>
        describeTable(link, target, "job.target"),
      );
      const columns = writtenColumns(await session.describe(rows), table);
      const file = await exportRows(session, rows, columns, task);
      const metrics = { ...read.metrics, bytesWritten: (await stat(file)).size };
      const copied = { ...read, metrics };
      return PostgresLink.use(addresses, "write", signal, async (link) => {
        await stageRows(link, columns, file);
        await refuseAltered(link, columns);
        const isPublished = await publish(link, target, table, columns, task, copied);
        await link.commit();
        return isPublished ? copied : { metrics: { ...metrics, rowsWritten: 0, bytesWritten: 0 } };
      });
    },
    /** Positions are upserted, so that there is nothing to remove. */
    async writeNone(_session, copied, task, { signal }) {
      const addresses = await connections(connection, signal);
      return PostgresLink.use(addresses, "write", signal, async (link) => {
        const table = await describeTable(link, target, "job.target");
        if (await hasWay(link, table, task)) await putRecord(link, table, task, copied);
        await link.commit();
        return copied;
      });
    },
    async compare(session, rows, { window }, signal) {
      const [source] = await session.rows<{ count: string }>(`SELECT count(*) AS count FROM (${rows})`);
      const addresses = await connections(connection, signal);
      const targetRows = await PostgresLink.use(addresses, "read", signal, async (link) =>
        countRows(link, target, await describeTable(link, target, "job.target"), window),
      );
      return { sourceRows: Number(source!.count), targetRows };
    },
    async record(task, signal) {
      const addresses = await connections(connection, signal);
      return PostgresLink.use(addresses, "read", signal, async (link) =>
        recordOf(link, await describeTable(link, target, "job.target"), task),
      );
    },
  };
}

async function countRows(
  link: PostgresLink,
  target: PostgresTarget,
  table: PostgresTable,
  window: Window,
): Promise<number> {
  const rows = `SELECT count(*) AS count FROM ${table.sql}`;
  const isTimed = !window.isFull && target.write === "replace";
  const [found] = await link.rows<{ count: string }>(
    isTimed ? `${rows} WHERE ${rangeOf(target, table, window)}` : rows,
  );
  return Number(found!.count);
}

function rangeOf(
  { timeColumn = "", timeUnit = "iso" }: ReplacingTarget,
  table: PostgresTable,
  window: Window,
): string {
  return timeRange(existing(table, timeColumn, TIME_FIELD), timeUnit, window, TIME_FIELD);
}

/** Writes the rows as text: null is an empty field, and everything else is quoted. */
async function exportRows(
  session: Session,
  rows: string,
  columns: readonly WrittenColumn[],
  { directory }: RunningTask,
): Promise<string> {
  const file = join(directory, "rows.csv");
  const values = columns.map(({ value }, index) => `${value} AS c${index}`);
  const options = "FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR ''";
  await session
    .run(`COPY (SELECT ${values.join(", ")} FROM (${rows})) TO $file (${options})`, { file })
    .catch((error: unknown) => {
      throw unfitFailure(error);
    });
  return file;
}

async function stageRows(link: PostgresLink, columns: readonly WrittenColumn[], file: string): Promise<void> {
  const list = columns.map(({ name, stagedType }) => `${quoted(name)} ${stagedType}`);
  await link.run(`CREATE TEMP TABLE ${STAGE} (${list.join(", ")}) ON COMMIT DROP`);
  await link.copyIn(`COPY ${STAGE} FROM STDIN (FORMAT csv)`, createReadStream(file));
}

/** @throws JobFailure JOB_FAILED with the first column that would round or cut a value */
async function refuseAltered(link: PostgresLink, columns: readonly WrittenColumn[]): Promise<void> {
  const tested = columns.filter(({ isAltered }) => isAltered !== undefined);
  if (tested.length === 0) return;
  const tests = tested.map(({ isAltered }, index) => `bool_or(${isAltered}) AS "${index}"`);
  const [found] = await link.rows<Record<string, boolean | null>>(`SELECT ${tests.join(", ")} FROM ${STAGE}`);
  const altered = tested.find((_, index) => found?.[index] === true);
  if (altered === undefined) return;
  throw lasting(
    `Column ${altered.name}: a value does not fit the column of the table without being rounded or cut.`,
  );
}

/**
 * Waits until no other job writes to the table, so that each sees what the one before it has committed.
 *
 * @returns whether to write; a snapshot yields to a later one
 */
async function hasWay(link: PostgresLink, table: PostgresTable, task: Task): Promise<boolean> {
  await makeRecordTable(link, table);
  await link.rows("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`tidegate ${table.sql}`]);
  const { window } = task;
  if (!window.isFull) return true;
  const latest = await recordOf(link, table, task);
  return latest === undefined || latest.upper <= window.upper;
}

/**
 * Puts the staged rows in the place of the older ones.
 *
 * @returns whether the rows are there; a snapshot yields to a later one
 */
async function publish(
  link: PostgresLink,
  target: PostgresTarget,
  table: PostgresTable,
  columns: readonly WrittenColumn[],
  task: Task,
  copied: Copied,
): Promise<boolean> {
  if (!(await hasWay(link, table, task))) return false;
  const names = columns.map(({ name }) => quoted(name)).join(", ");
  // A column that is always generated as identity takes the source's values too.
  const insert = `INSERT INTO ${table.sql} (${names}) OVERRIDING SYSTEM VALUE SELECT ${names} FROM ${STAGE}`;
  if (target.write === "replace") {
    await removeOldRows(link, target, table, columns, task);
    await link.run(insert);
  } else {
    const key = await soundKey(link, target, table, columns);
    await link.run(`${insert} ${onConflict(key, columns)}`);
  }
  await putRecord(link, table, task, copied);
  return true;
}

async function removeOldRows(
  link: PostgresLink,
  target: ReplacingTarget,
  table: PostgresTable,
  columns: readonly WrittenColumn[],
  { window }: Task,
): Promise<void> {
  if (window.isFull) return void (await link.run(`DELETE FROM ${table.sql}`));
  const isInside = rangeOf(target, table, window);
  const { name: time } = existing(table, target.timeColumn!, TIME_FIELD);
  if (!columns.some(({ name }) => name === time)) {
    throw lasting(`${TIME_FIELD}: the rows have no column ${time}.`);
  }
  const [outside] = await link.rows<{ count: string }>(
    `SELECT count(*) AS count FROM ${STAGE} WHERE (${isInside}) IS NOT TRUE`,
  );
  if (outside?.count !== "0") {
    throw lasting(
      `${TIME_FIELD}: the ${time} of ${outside?.count} rows is not in the interval, so that another run would write them again.`,
    );
  }
  await link.run(`DELETE FROM ${table.sql} WHERE ${isInside}`);
}

/**
 * Returns the names of the key's columns, whose values each row has: a null equals nothing, so that another
 * run would add its row once more.
 */
async function soundKey(
  link: PostgresLink,
  { key }: UpsertingTarget,
  table: PostgresTable,
  columns: readonly WrittenColumn[],
): Promise<readonly string[]> {
  const field = "job.target.key";
  const names = key.map((name) => existing(table, name, field).name);
  const absent = names.find((name) => !columns.some((column) => column.name === name));
  if (absent !== undefined) throw lasting(`${field}: the rows have no column ${absent}.`);
  const tests = names.map((name, index) => `bool_or(${quoted(name)} IS NULL) AS "${index}"`);
  const [found] = await link.rows<Record<string, boolean | null>>(`SELECT ${tests.join(", ")} FROM ${STAGE}`);
  const empty = names.find((_, index) => found?.[index] === true);
  if (empty !== undefined)
    throw lasting(`${field}: a row has no ${empty}, so that another run would add it again.`);
  return names;
}

function onConflict(key: readonly string[], columns: readonly WrittenColumn[]): string {
  const updates = columns
    .filter(({ name }) => !key.includes(name))
    .map(({ name }) => `${quoted(name)} = EXCLUDED.${quoted(name)}`);
  const action = updates.length === 0 ? "NOTHING" : `UPDATE SET ${updates.join(", ")}`;
  return `ON CONFLICT (${key.map(quoted).join(", ")}) DO ${action}`;
}

function existing(table: PostgresTable, name: string, field: string): PostgresColumn {
  const column = columnNamed(table.columns, name);
  if (column !== undefined) return column;
  throw lasting(`${field}: there is no column ${name} in ${table.sql}.`);
}

function lasting(message: string): JobFailure {
  return new JobFailure("JOB_FAILED", message, { isRetryable: false });
}
