import type { DescribedColumn } from "../duckdb/describe.js";
import { JobFailure } from "../duckdb/failure.js";
import { identifier } from "../duckdb/quote.js";
import { orUnfit } from "../duckdb/unfit.js";
import { decimalOf } from "../job/column-type.js";
import { columnNamed, type PostgresColumn, type PostgresTable, quoted } from "./table.js";

/** A column of the rows to write and the column of the table that takes its values, exactly or not at all. */
export interface WrittenColumn {
  readonly name: string;
  /** The value as text that Postgres reads as the same value, as an SQL expression of DuckDB. */
  readonly value: string;
  /** The type of the column in the table that the rows are first copied to: without a modifier that rounds. */
  readonly stagedType: string;
  /** True in Postgres, as an SQL expression of that table, if the column would alter the value; or `undefined`. */
  readonly isAltered: string | undefined;
}

const INTEGER_TYPES = ["int2", "int4", "int8", "numeric"];
const TEXT_TYPES = ["text", "varchar", "bpchar"];
/** Types whose input has words such as `now`, or takes more spellings than a text should have. */
const NOT_FROM_TEXT = [
  "bool",
  "int2",
  "int4",
  "int8",
  "float4",
  "float8",
  "date",
  "time",
  "timestamp",
  "timestamptz",
  "bytea",
  "money",
  "oid",
];

/** The types of Postgres that keep each value of a type of DuckDB, or refuse it. */
const TAKERS: Readonly<Record<string, readonly string[]>> = {
  BOOLEAN: ["bool"],
  TINYINT: [...INTEGER_TYPES, "float4", "float8"],
  SMALLINT: [...INTEGER_TYPES, "float4", "float8"],
  INTEGER: [...INTEGER_TYPES, "float8"],
  BIGINT: INTEGER_TYPES,
  HUGEINT: INTEGER_TYPES,
  UTINYINT: [...INTEGER_TYPES, "float4", "float8"],
  USMALLINT: [...INTEGER_TYPES, "float4", "float8"],
  UINTEGER: [...INTEGER_TYPES, "float8"],
  UBIGINT: INTEGER_TYPES,
  UHUGEINT: INTEGER_TYPES,
  FLOAT: ["float4", "float8"],
  DOUBLE: ["float8"],
  DATE: ["date"],
  TIME: ["time"],
  TIMESTAMP: ["timestamp", "timestamptz"],
  TIMESTAMP_S: ["timestamp", "timestamptz"],
  TIMESTAMP_MS: ["timestamp", "timestamptz"],
  "TIMESTAMP WITH TIME ZONE": ["timestamptz"],
  INTERVAL: ["interval"],
  UUID: ["uuid", ...TEXT_TYPES],
  BLOB: ["bytea"],
  JSON: ["json", "jsonb", ...TEXT_TYPES],
};

/**
 * Returns where the columns of the rows go.
 *
 * @throws JobFailure JOB_FAILED with the column that the table lacks, or that would not be kept exactly
 */
export function writtenColumns(
  described: readonly DescribedColumn[],
  table: PostgresTable,
): readonly WrittenColumn[] {
  const columns = described.map((column) => writtenColumn(column, table));
  const twice = columns.find(
    ({ name }, index) => columns.findIndex((other) => other.name === name) !== index,
  );
  if (twice !== undefined) throw lasting(`Two columns of the rows are called ${twice.name}.`);
  return columns;
}

function writtenColumn({ column_name, column_type }: DescribedColumn, table: PostgresTable): WrittenColumn {
  const column = columnNamed(table.columns, column_name);
  if (column === undefined)
    throw lasting(`Column ${column_name}: the table ${table.sql} has no such column.`);
  if (column.isGenerated) throw lasting(`Column ${column_name}: ${table.sql} generates its values.`);
  if (!takes(column, column_type)) {
    throw lasting(
      `Column ${column_name}: ${column_type} is not exactly kept by ${column.sql}. Cast it in job.sql, or declare another type in job.source.columns.`,
    );
  }
  const { name, plainSql, sql } = column;
  const stagedType = TEXT_TYPES.includes(column.type) ? "text" : plainSql;
  return {
    name,
    value: textOf(identifier(column_name), column_type, column),
    stagedType,
    isAltered: sql === plainSql ? undefined : alteration(quoted(name), column, stagedType),
  };
}

function takes({ type, isBuiltIn, category, kind }: PostgresColumn, duckdbType: string): boolean {
  const base = decimalOf(duckdbType) === undefined ? duckdbType : "DECIMAL";
  if (base === "VARCHAR" || base.startsWith("ENUM")) return !isBuiltIn || !NOT_FROM_TEXT.includes(type);
  if (!isBuiltIn || category === "A" || kind !== "b") return false;
  if (base === "DECIMAL") return type === "numeric";
  return TAKERS[base]?.includes(type) ?? false;
}

function textOf(value: string, duckdbType: string, { name, type }: PostgresColumn): string {
  switch (duckdbType) {
    case "BLOB":
      return `'\\x' || hex(${value})`;
    case "FLOAT":
      // All digits of the value: its shortest text as FLOAT is another number as float8.
      return type === "float8" ? `CAST(CAST(${value} AS DOUBLE) AS VARCHAR)` : `CAST(${value} AS VARCHAR)`;
    case "VARCHAR":
      return `CASE WHEN ${value} IS NOT NULL THEN ${orUnfit(withoutNul(value), `${name}: a text has a NUL, which Postgres does not keep.`, "''")} END`;
    case "DATE":
    case "TIMESTAMP":
    case "TIMESTAMP WITH TIME ZONE":
      return eraOf(value);
    default:
      return `CAST(${value} AS VARCHAR)`;
  }
}

function withoutNul(value: string): string {
  return `CASE WHEN NOT contains(${value}, chr(0)) THEN ${value} END`;
}

/** DuckDB writes `0044-03-15 (BC) 10:00:00`, Postgres `0044-03-15 10:00:00 BC`. */
function eraOf(value: string): string {
  const text = `CAST(${value} AS VARCHAR)`;
  return `CASE WHEN contains(${text}, '(BC)') THEN replace(${text}, ' (BC)', '') || ' BC' ELSE ${text} END`;
}

/** Trailing blanks mean nothing in a `char(n)`. */
function alteration(staged: string, { type, sql }: PostgresColumn, stagedType: string): string {
  const kept = `CAST(CAST(${staged} AS ${sql}) AS ${stagedType})`;
  if (type === "bpchar") return `rtrim(${staged}, ' ') IS DISTINCT FROM rtrim(${kept}, ' ')`;
  return `${staged} IS DISTINCT FROM ${kept}`;
}

function lasting(message: string): JobFailure {
  return new JobFailure("JOB_FAILED", message, { isRetryable: false });
}
