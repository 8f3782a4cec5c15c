import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult } from "@duckdb/node-api";
import { type DescribedColumn, describedColumns, describing } from "../duckdb/describe.js";
import { identifier } from "../duckdb/quote.js";
import type { DatabaseSource } from "../job/job.js";
import { requireSameSchema, type TypedColumn } from "../shard/table-schema.js";
import {
  chosenColumns,
  columnNamed,
  conditionOf,
  type ReadColumn,
  type Rows,
  type TableReading,
  textLiteral,
} from "./table-reader.js";

/** The collation of DuckDB that compares bytes. */
export const BYTES = '"binary"';

/**
 * Reads a table of DuckDB by a connection of its own, which sees what is committed.
 *
 * @throws JobFailure JOB_FAILED for a column that does not exist; DuckDB's own error for a table that does not
 */
export async function readDuckdbTable<T>(
  database: { connect(): Promise<DuckDBConnection> },
  source: DatabaseSource,
  rows: Rows,
  work: (reading: TableReading) => Promise<T>,
): Promise<T> {
  const connection = await database.connect();
  try {
    const all = await describeDuckdbTable(connection, source);
    const columns = chosenColumns(source, all);
    requireSameSchema(rows.part, source.table, columns.map(typedColumn));
    const list = columns.map(({ name }) => identifier(name)).join(", ");
    const read = await connection.stream(
      `SELECT ${list} FROM ${duckdbName(source)} WHERE ${duckdbCondition(source, rows, all)}`,
    );
    return await work({ columns, chunks: chunksOf(read) });
  } finally {
    connection.closeSync();
  }
}

/** Returns the columns of a table. */
export async function describeDuckdbTable(
  connection: DuckDBConnection,
  source: DatabaseSource,
): Promise<readonly ReadColumn[]> {
  const described = await connection.runAndReadAll(describing(`SELECT * FROM ${duckdbName(source)}`));
  const columns = describedColumns(described.getRowObjectsJson() as unknown as DescribedColumn[]);
  return columns.map(({ column_name: name, column_type: type }) => ({ name, type }));
}

/** Returns the name and type of a column. */
export function typedColumn({ name, type }: ReadColumn): TypedColumn {
  return [name, type];
}

/** Returns the name of a table as SQL. */
export function duckdbName({ table }: DatabaseSource): string {
  return table.split(".").map(identifier).join(".");
}

/** Returns the condition of the rows to read. */
export function duckdbCondition(source: DatabaseSource, rows: Rows, columns: readonly ReadColumn[]): string {
  const type = rows.part && columnNamed(columns, rows.part.column)?.type;
  return conditionOf(source, rows, type === "VARCHAR" ? BYTES : undefined, (key, kind) => {
    if (kind === "text") return textLiteral(key);
    if (kind === "number") return String(BigInt(key));
    const micros = BigInt(key) * 1_000n;
    return type === "TIMESTAMP WITH TIME ZONE" ? `make_timestamptz(${micros})` : `make_timestamp(${micros})`;
  });
}

async function* chunksOf(rows: DuckDBResult): AsyncIterable<DuckDBDataChunk> {
  for (;;) {
    const chunk = await rows.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    yield chunk;
  }
}
