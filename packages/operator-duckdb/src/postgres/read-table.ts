import { messageOf } from "@tidegate/core/plugin";
import type { Addresses } from "@tidegate/postgres-kit/addresses";
import { JobFailure } from "../duckdb/failure.js";
import { identifier } from "../duckdb/quote.js";
import type { Session } from "../duckdb/session.js";
import { unfitFailure } from "../duckdb/unfit.js";
import type { PostgresSource } from "../job/job.js";
import type { Window } from "../job/window.js";
import { MAX_LINE_BYTES } from "../read/files.js";
import type { TablePart } from "../shard/table-part.js";
import { type KeptColumn, keptColumn } from "./kept-column.js";
import { PostgresLink } from "./link.js";
import { inPieces } from "./pieces.js";
import { postgresPart, required, rowsOf } from "./row-condition.js";
import { describeTable, type PostgresTable } from "./table.js";

/** Dependencies of `stageTable`. */
export interface TableReading {
  readonly addresses: Addresses;
  /** The folder of the copy's pieces until they have been read. */
  readonly directory: string;
  readonly window: Window;
  /** The part of the rows to read. @default all */
  readonly part: TablePart | undefined;
  readonly signal: AbortSignal;
}

/**
 * Copies the interval's rows of a table into the table `staged`, as one snapshot has them.
 *
 * Postgres writes its COPY text, and DuckDB reads one piece of it while the next arrives: no value passes
 * through JavaScript, and no more than two pieces exist at a time.
 *
 * @throws JobFailure JOB_FAILED with the column of a value that would not be kept exactly
 */
export async function stageTable(
  session: Session,
  source: PostgresSource,
  { addresses, directory, window, part, signal }: TableReading,
): Promise<void> {
  await PostgresLink.use(addresses, "read", signal, async (link) => {
    const table = await describeTable(link, source, "job.source");
    const columns = columnsOf(table, source.columns);
    const list = columns.map(({ name, type }) => `${identifier(name)} ${type}`);
    await session.run(`CREATE TEMP TABLE staged (${list.join(", ")})`);
    const rows = link.copyOut(`COPY (${queryOf(table, source, columns, window, part)}) TO STDOUT`);
    await inPieces(rows, directory, (file) => insertPiece(session, columns, file));
    await link.commit();
  });
}

/**
 * Parquet has no infinite dates and timestamps: readers would see the last number that fits.
 *
 * @throws JobFailure JOB_FAILED with the column
 */
export async function refuseInfinity(session: Session): Promise<void> {
  const columns = await session.rows<{ column_name: string; column_type: string }>("DESCRIBE staged");
  const times = columns.filter(({ column_type }) => /^(?:DATE|TIMESTAMP)/.test(column_type));
  if (times.length === 0) return;
  const tests = times.map(
    ({ column_name }, index) => `bool_or(isinf(${identifier(column_name)})) AS "${index}"`,
  );
  const [found] = await session.rows<Record<string, boolean | null>>(
    `SELECT ${tests.join(", ")} FROM staged`,
  );
  const infinite = times.find((_, index) => found?.[index] === true);
  if (infinite === undefined) return;
  throw lasting(
    `Column ${infinite.column_name}: a value is infinite, which Parquet cannot keep. Declare it as VARCHAR in job.source.columns to keep Postgres's text.`,
  );
}

function columnsOf(table: PostgresTable, declared: PostgresSource["columns"]): readonly KeptColumn[] {
  const columns =
    declared === undefined
      ? table.columns.map((column) => keptColumn(column, undefined))
      : Object.entries(declared).map(([name, type]) =>
          keptColumn(required(table, name, "columns"), type.toUpperCase().replaceAll(" ", "")),
        );
  const names = new Map<string, string>();
  for (const { name } of columns) {
    const other = names.get(name.toLowerCase());
    if (other !== undefined)
      throw lasting(
        `Columns ${other} and ${name} differ only in case, as DuckDB's may not; choose one of them in job.source.columns.`,
      );
    names.set(name.toLowerCase(), name);
  }
  return columns;
}

function queryOf(
  table: PostgresTable,
  source: PostgresSource,
  columns: readonly KeptColumn[],
  window: Window,
  part: TablePart | undefined,
): string {
  // A lone empty text would be a blank line, which DuckDB skips.
  const selected = [...columns.map((column) => column.selected), "true"].join(", ");
  const conditions = [
    rowsOf(table, source, window),
    ...(part === undefined ? [] : [postgresPart(required(table, part.column, "split.column"), part)]),
  ];
  return `SELECT ${selected} FROM ${table.sql} WHERE ${conditions.join(" AND ")}`;
}

async function insertPiece(session: Session, columns: readonly KeptColumn[], file: string): Promise<void> {
  const read = columns.map((column, index) => `c${index}: '${column.read}'`);
  const values = columns.map((column, index) => column.expressionOf(`c${index}`));
  try {
    await session.run(
      `INSERT INTO staged SELECT ${values.join(", ")} FROM read_csv($file, auto_detect = false, header = false,
      delim = '\t', quote = '', escape = '', nullstr = '\\N', new_line = '\\n', hive_partitioning = false,
      max_line_size = ${MAX_LINE_BYTES}, buffer_size = ${2 * MAX_LINE_BYTES},
      columns = {${[...read, "rest: 'BOOLEAN'"].join(", ")}})`,
      { file: file.replace(/[*?[]/g, "[$&]") },
    );
  } catch (error) {
    throw namingColumn(error, columns);
  }
}

/** DuckDB's errors name the reader's columns and quote the whole line. */
function namingColumn(error: unknown, columns: readonly KeptColumn[]): unknown {
  const message = messageOf(error);
  const [, index, problem] = /Error when converting column "c(\d+)"\. ([^\n]*)/.exec(message) ?? [];
  if (index !== undefined)
    return lasting(
      `Column ${columns[Number(index)]!.name}: ${problem}. Declare it as VARCHAR in job.source.columns to keep Postgres's text.`,
    );
  if (/Maximum line size/.test(message))
    return lasting(`A row of job.source.table has more than ${MAX_LINE_BYTES} bytes as text.`);
  return unfitFailure(error);
}

function lasting(message: string): JobFailure {
  return new JobFailure("JOB_FAILED", message, { isRetryable: false });
}
