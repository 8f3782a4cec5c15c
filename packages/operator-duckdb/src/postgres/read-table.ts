import { messageOf } from "@tidegate/core/plugin";
import type { Addresses } from "@tidegate/postgres-kit/addresses";
import { JobFailure } from "../duckdb/failure.js";
import { fileLiteral, identifier } from "../duckdb/quote.js";
import { orUnfit, unfitFailure } from "../duckdb/unfit.js";
import type { PostgresSource } from "../job/job.js";
import type { Window } from "../job/window.js";
import { LINE_LIMITS, MAX_LINE_BYTES } from "../read/files.js";
import type { TablePart } from "../shard/table-part.js";
import { requireSameSchema } from "../shard/table-schema.js";
import { type KeptColumn, keptColumn } from "./kept-column.js";
import { PostgresLink } from "./link.js";
import { asFile } from "./piped.js";
import { postgresPart, readColumnsOf, required, rowsOf } from "./row-condition.js";
import { requireSnapshot, snapshotName } from "./snapshot.js";
import { describeTable, type PostgresTable } from "./table.js";

/** Dependencies of `readTable`. */
export interface TableReading {
  readonly addresses: Addresses;
  /** The folder of the copy's text until it was read. */
  readonly directory: string;
  readonly window: Window;
  /** The part of the rows to read. @default all */
  readonly part: TablePart | undefined;
  /** The token of the view that all shards of a run read. @default the newest */
  readonly snapshot: string | undefined;
  /** Whether infinite times are kept. */
  readonly keepsInfinity: boolean;
  readonly signal: AbortSignal;
}

/**
 * Reads the interval's rows of a table, as one snapshot has them. Postgres writes its COPY text, and DuckDB reads it
 * while it arrives: no value passes through JavaScript.
 *
 * @param use - runs one statement with a query for the rows, which can be read once. What it has made of the rows
 *   counts only once this has resolved
 * @throws JobFailure JOB_FAILED with the column of a value that would not be kept exactly; SPLIT_STALE if the view is gone
 */
export async function readTable(
  source: PostgresSource,
  { addresses, directory, window, part, snapshot, keepsInfinity, signal }: TableReading,
  use: (rows: string) => Promise<void>,
): Promise<void> {
  const read = async (link: PostgresLink): Promise<void> => {
    const table = await describeTable(link, source, "job.source");
    const columns = columnsOf(table, source.columns);
    requireSameSchema(part, table.sql, readColumnsOf(table, source));
    if (snapshot !== undefined) await requireSnapshot(link, snapshot, table);
    const text = link.copyOut(`COPY (${queryOf(table, source, columns, window, part)}) TO STDOUT`);
    await asFile(text, directory, async (file) => {
      try {
        await use(rowsOfText(columns, file, keepsInfinity));
      } catch (error) {
        throw namingColumn(error, columns);
      }
    });
    await link.commit();
  };
  await PostgresLink.use(addresses, "read", signal, read, snapshot && snapshotName(snapshot));
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
  const selected = [...columns.map((column) => column.selected), ...(isLone(columns) ? ["true"] : [])].join(
    ", ",
  );
  const conditions = [
    rowsOf(table, source, window),
    ...(part === undefined ? [] : [postgresPart(required(table, part.column, "split.column"), part)]),
  ];
  return `SELECT ${selected} FROM ${table.sql} WHERE ${conditions.join(" AND ")}`;
}

/** Returns whether a second column is needed: a lone empty text would be a blank line, which DuckDB skips. */
function isLone(columns: readonly KeptColumn[]): boolean {
  return columns.length < 2;
}

/** Returns a query for the rows of a COPY's text. */
function rowsOfText(columns: readonly KeptColumn[], file: string, keepsInfinity: boolean): string {
  const read = columns.map((column, index) => `c${index}: '${column.read}'`);
  const values = columns.map((column, index) => {
    const [from, { type, isPlain }] = [`c${index}`, column];
    const any = `CAST(${column.expressionOf(from)} AS ${type})`;
    const kept = keepsInfinity ? any : finite(column, any);
    const value =
      isPlain === undefined
        ? kept
        : `CASE WHEN ${isPlain(from)} THEN CAST(${from} AS ${type}) ELSE ${kept} END`;
    return `${value} AS ${identifier(column.name)}`;
  });
  return `SELECT ${values.join(", ")} FROM read_csv(${fileLiteral(file)}, auto_detect = false, header = false, delim = '\t', quote = '',
    escape = '', nullstr = '\\N', new_line = '\\n', hive_partitioning = false, ${LINE_LIMITS},
    columns = {${[...read, ...(isLone(columns) ? ["rest: 'BOOLEAN'"] : [])].join(", ")}})`;
}

/** Refuses infinite times: Parquet has none, and readers would see the last number that fits. */
function finite({ name, type }: KeptColumn, value: string): string {
  if (!/^(?:DATE|TIMESTAMP)/.test(type)) return value;
  const problem = `${name}: a value is infinite, which Parquet cannot keep. Declare it as VARCHAR in job.source.columns to keep Postgres's text.`;
  return `CASE WHEN isinf(${value}) THEN ${orUnfit("NULL", problem, "''")} ELSE ${value} END`;
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
