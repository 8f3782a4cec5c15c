import { JobFailure } from "../duckdb/failure.js";
import { orUnfit } from "../duckdb/unfit.js";
import { columnType, MAX_DECIMAL_DIGITS } from "../job/column-type.js";
import { exactValueOf } from "../read/text-value.js";
import { type PostgresColumn, quoted } from "./table.js";

/** A column of Postgres on its way into DuckDB, whose every value is kept, or fails the run. */
export interface KeptColumn {
  readonly name: string;
  /** The expression that is selected in Postgres. */
  readonly selected: string;
  /** The type as which DuckDB's reader reads the text. */
  readonly read: string;
  /** The DuckDB type that it becomes. */
  readonly type: string;
  /** The value as an SQL expression of what was read. */
  readonly expressionOf: (read: string) => string;
  /** True, as an SQL expression, of what most texts are, if those need no more than a cast and are finite. */
  readonly isPlain?: (read: string) => string;
}

/** Types whose text DuckDB's reader takes as the same value, or refuses. */
const DIRECT: Readonly<Record<string, string>> = {
  bool: "BOOLEAN",
  int2: "SMALLINT",
  int4: "INTEGER",
  int8: "BIGINT",
  float4: "FLOAT",
  float8: "DOUBLE",
  time: "TIME",
  timestamp: "TIMESTAMP",
  uuid: "UUID",
};

/**
 * Returns how a column is read.
 *
 * @param declared - the DuckDB type that the job declares for it
 * @throws JobFailure JOB_FAILED with the column, for a type whose values would not be kept exactly
 */
export function keptColumn(column: PostgresColumn, declared: string | undefined): KeptColumn {
  const native = nativeColumn(column);
  if (declared === undefined || declared === native?.type) {
    if (native === undefined) throw inexact(column);
    return native;
  }
  const type = declared === "BLOB" ? undefined : columnType(declared);
  if (type === undefined) throw inexact(column, declared);
  if (type === "VARCHAR") return asText(column);
  return {
    ...asText(column),
    type,
    expressionOf: (read) =>
      required(exactValueOf(unescaped(read), type), read, `${column.name} is no ${type}: `),
  };
}

function nativeColumn(column: PostgresColumn): KeptColumn | undefined {
  const { name, type, isBuiltIn, kind, category } = column;
  const selected = quoted(name);
  if (category === "A" || "cp".includes(kind) || type === "money") return undefined;
  if (!isBuiltIn) return asText(column);
  const direct = DIRECT[type] ?? decimalOf(column);
  if (direct !== undefined)
    return { name, selected, read: direct, type: direct, expressionOf: (read) => read };
  switch (type) {
    case "date":
      return {
        name,
        selected,
        read: "VARCHAR",
        type: "DATE",
        expressionOf: (read) => dateOf(read, name),
        // The years 1 to 9999: those before Christ and infinite dates are longer or shorter.
        isPlain: (read) => `strlen(${read}) = ${"2026-01-31".length}`,
      };
    case "timestamptz":
      // DuckDB's reader would take one that it cannot hold for a null, but refuses such a TIMESTAMP.
      return {
        name,
        selected: `timezone('UTC', ${selected})`,
        read: "TIMESTAMP",
        type: "TIMESTAMPTZ",
        // A cast asks the rules of the time zone, UTC, for each value.
        expressionOf: (read) =>
          `CASE WHEN isfinite(${read}) THEN make_timestamptz(epoch_us(${read})) ELSE CAST(${read} AS TIMESTAMPTZ) END`,
      };
    case "bytea":
      // The backslash of `\x…` arrives doubled.
      return {
        name,
        selected,
        read: "VARCHAR",
        type: "BLOB",
        expressionOf: (read) => `unhex(substr(${read}, 4))`,
      };
    case "json":
    case "jsonb":
      return { ...asText(column), type: "JSON", expressionOf: (read) => `CAST(${unescaped(read)} AS JSON)` };
    default:
      return asText(column);
  }
}

function asText(column: PostgresColumn): KeptColumn {
  const { name } = column;
  return { name, selected: quoted(name), read: "VARCHAR", type: "VARCHAR", expressionOf: unescaped };
}

/** Returns the DECIMAL of a numeric that has a precision which it can hold; other numerics are kept as text. */
function decimalOf({ type, modifier }: PostgresColumn): string | undefined {
  if (type !== "numeric" || modifier < 0) return undefined;
  const precision = ((modifier - 4) >> 16) & 0xffff;
  // The scale is a signed number of 11 bits.
  const scale = (((modifier - 4) & 0x7ff) ^ 0x400) - 0x400;
  if (precision > MAX_DECIMAL_DIGITS || scale < 0 || scale > precision) return undefined;
  return `DECIMAL(${precision},${scale})`;
}

/** DuckDB ignores what follows a date, such as the BC of its year. */
function dateOf(read: string, name: string): string {
  return required(
    `CASE WHEN NOT ends_with(${read}, 'BC') THEN CAST(${read} AS DATE) END`,
    read,
    `${name} is no DATE: `,
  );
}

/** Keeps null; a text without a value fails the statement. */
function required(value: string, read: string, problem: string): string {
  return `CASE WHEN ${read} IS NOT NULL THEN ${orUnfit(value, problem, read)} END`;
}

const ESCAPES: Readonly<Record<string, number>> = { b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };

/**
 * Returns the value of a text in COPY's format. Split at its escaped backslashes, each part has only the other
 * escapes.
 */
export function unescaped(read: string): string {
  const part = Object.entries(ESCAPES).reduce(
    (value, [letter, code]) => `replace(${value}, '\\${letter}', chr(${code}))`,
    "part",
  );
  const parts = `list_transform(string_split(${read}, '\\\\'), lambda part: ${part})`;
  return `CASE WHEN contains(${read}, '\\') THEN array_to_string(${parts}, '\\') ELSE ${read} END`;
}

function inexact({ name, sql }: PostgresColumn, declared?: string): JobFailure {
  const problem =
    declared === undefined ? "has no exact counterpart in DuckDB" : `does not become ${declared}`;
  return new JobFailure(
    "JOB_FAILED",
    `Column ${name}: ${sql} ${problem}. Declare it as VARCHAR in job.source.columns, which keeps Postgres's text, or leave it out.`,
    { isRetryable: false },
  );
}
