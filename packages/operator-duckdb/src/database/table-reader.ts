import type { DuckDBDataChunk } from "@duckdb/node-api";
import { JobFailure } from "../duckdb/failure.js";
import { identifier } from "../duckdb/quote.js";
import type { DatabaseSource } from "../job/job.js";
import type { Positions } from "../job/window.js";
import { type KeyKind, partCondition, type TablePart } from "../shard/table-part.js";

/** Rows of a table on their way into a session. */
export interface TableReading {
  readonly columns: readonly ReadColumn[];
  /** The rows, as one snapshot has them; read once. */
  readonly chunks: AsyncIterable<DuckDBDataChunk>;
}

/** A column as it is read. */
export interface ReadColumn {
  readonly name: string;
  /** The type as which it is read, as DuckDB spells it. */
  readonly type: string;
}

/** The rows that are read of a table: those of positions, and of a part; all by default. */
export interface Rows {
  readonly positions: Positions | undefined;
  readonly part: TablePart | undefined;
}

/**
 * Returns the condition of the rows to read as SQL that an index can serve.
 *
 * @param collation - that of bytes, if the column of the part has collations
 * @param literalOf - returns a key of the part's kind as SQL
 */
export function conditionOf(
  source: DatabaseSource,
  { positions, part }: Rows,
  collation: string | undefined,
  literalOf: (key: string, kind: KeyKind) => string,
): string {
  const range = cursorRange(source, positions);
  if (part === undefined) return range;
  const key = (text: string): string => literalOf(text, part.kind);
  return `${range} AND ${partCondition(part, { name: identifier(part.column), collation }, key)}`;
}

/** Returns a text as SQL. */
export function textLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Returns `lower <= column < upper` as SQL; `true` without positions. */
function cursorRange({ cursorColumn }: DatabaseSource, positions: Positions | undefined): string {
  if (positions === undefined) return "true";
  const column = identifier(cursorColumn!);
  const isBelow = `${column} < ${BigInt(positions.upper)}`;
  return positions.lower === undefined ? isBelow : `${column} >= ${BigInt(positions.lower)} AND ${isBelow}`;
}

/** Returns a failure that recurs until the job or the table is changed. */
export function lasting(message: string): JobFailure {
  return new JobFailure("JOB_FAILED", message, { isRetryable: false });
}

/**
 * Returns the table's columns that a job copies, named as the table names them.
 *
 * @throws JobFailure JOB_FAILED with the name of one that the table lacks
 */
export function chosenColumns<Column extends { readonly name: string }>(
  { table, columns }: DatabaseSource,
  all: readonly Column[],
): readonly Column[] {
  if (columns === undefined) return all;
  return Object.keys(columns).map((name) => {
    const found = columnNamed(all, name);
    if (found !== undefined) return found;
    const names = all.map((column) => column.name).join(", ");
    throw lasting(`job.source.columns: there is no column ${name} in ${table}; there are ${names}.`);
  });
}

/** Returns the column of a name, in any case. */
export function columnNamed<Column extends { readonly name: string }>(
  columns: readonly Column[],
  name: string,
): Column | undefined {
  return columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
}
