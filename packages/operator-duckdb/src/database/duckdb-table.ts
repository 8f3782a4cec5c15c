import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult } from "@duckdb/node-api";
import { identifier } from "../duckdb/quote.js";
import type { DatabaseSource } from "../job/job.js";
import type { Positions } from "../job/window.js";
import { chosenColumns, cursorRange, type ReadColumn, type TableReading } from "./table-reader.js";

/**
 * Reads a table of DuckDB by a connection of its own, which sees what is committed.
 *
 * @throws JobFailure JOB_FAILED for a column that does not exist; DuckDB's own error for a table that does not
 */
export async function readDuckdbTable<T>(
  database: { connect(): Promise<DuckDBConnection> },
  source: DatabaseSource,
  positions: Positions | undefined,
  work: (reading: TableReading) => Promise<T>,
): Promise<T> {
  const connection = await database.connect();
  try {
    const table = source.table.split(".").map(identifier).join(".");
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${table}`);
    const all = described.getRowObjectsJson().map(
      ({ column_name, column_type }): ReadColumn => ({
        name: String(column_name),
        type: String(column_type),
      }),
    );
    const columns = chosenColumns(source, all);
    const list = columns.map(({ name }) => identifier(name)).join(", ");
    const rows = await connection.stream(
      `SELECT ${list} FROM ${table} WHERE ${cursorRange(source, positions)}`,
    );
    return await work({ columns, chunks: chunksOf(rows) });
  } finally {
    connection.closeSync();
  }
}

async function* chunksOf(rows: DuckDBResult): AsyncIterable<DuckDBDataChunk> {
  for (;;) {
    const chunk = await rows.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    yield chunk;
  }
}
