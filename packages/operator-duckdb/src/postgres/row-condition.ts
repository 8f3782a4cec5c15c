import pg from "pg";
import { JobFailure } from "../duckdb/failure.js";
import type { PostgresSource } from "../job/job.js";
import type { Window } from "../job/window.js";
import { partCondition, type TablePart } from "../shard/table-part.js";
import type { TypedColumn } from "../shard/table-schema.js";
import { positionRange } from "./position-range.js";
import { columnNamed, type PostgresColumn, type PostgresTable, quoted } from "./table.js";
import { integerLiteral, isoOf, timeBefore, timeRange } from "./time-range.js";

/** Returns the condition of the rows of a window. */
export function rowsOf(
  table: PostgresTable,
  { timeColumn, timeUnit = "iso", cursorColumn }: PostgresSource,
  window: Window,
): string {
  if (window.positions !== undefined) {
    const cursor = required(table, cursorColumn!, "cursorColumn");
    return positionRange(cursor, window.positions, "job.source.cursorColumn");
  }
  if (timeColumn === undefined) return "true";
  const time = required(table, timeColumn, "timeColumn");
  if (window.isFull) return timeBefore(time, timeUnit, window.upper, "job.source.timeColumn");
  return timeRange(time, timeUnit, window, "job.source.timeColumn");
}

/** Returns the condition of the rows of a part. */
export function postgresPart(column: PostgresColumn, part: TablePart): string {
  const { type } = column;
  const literalOf = (key: string): string => {
    if (part.kind === "number") return integerLiteral(BigInt(key));
    if (part.kind === "text") return `${pg.escapeLiteral(key)}${type === "uuid" ? "::uuid" : ""}`;
    return `${type === "timestamptz" ? "timestamptz" : "timestamp"} '${isoOf(Number(key))}'`;
  };
  return partCondition(part, { name: quoted(column.name), collation: collationOf(column) }, literalOf);
}

/** Returns the collation of bytes; a uuid has none and compares so anyway. */
export function collationOf({ type }: PostgresColumn): string | undefined {
  return type === "uuid" ? undefined : '"C"';
}

/** Returns the columns that a job reads. @throws JobFailure JOB_FAILED if the table lacks one */
export function readColumnsOf(
  table: PostgresTable,
  { columns }: Pick<PostgresSource, "columns">,
): readonly TypedColumn[] {
  const read =
    columns === undefined
      ? table.columns
      : Object.keys(columns).map((name) => required(table, name, "columns"));
  return read.map(({ name, sql }) => [name, sql]);
}

/** Returns the column that a field of the source names. @throws JobFailure JOB_FAILED if there is none */
export function required(
  table: PostgresTable,
  name: string,
  field: "columns" | "cursorColumn" | "split.column" | "timeColumn",
): PostgresColumn {
  const column = columnNamed(table.columns, name);
  if (column !== undefined) return column;
  const names = table.columns.map((other) => other.name).join(", ");
  throw new JobFailure(
    "JOB_FAILED",
    `job.source.${field}: there is no column ${name} in ${table.sql}; there are ${names}.`,
    { isRetryable: false },
  );
}
