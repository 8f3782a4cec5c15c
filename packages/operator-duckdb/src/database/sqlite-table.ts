import { DatabaseSync } from "node:sqlite";
import {
  BIGINT,
  BLOB,
  blobValue,
  DOUBLE,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  VARCHAR,
} from "@duckdb/node-api";
import { SystemClock } from "@tidegate/core/clock";
import { identifier } from "../duckdb/quote.js";
import type { DatabaseSource } from "../job/job.js";
import { requireSameSchema, type TypedColumn } from "../shard/table-schema.js";
import {
  chosenColumns,
  conditionOf,
  lasting,
  type Rows,
  type TableReading,
  textLiteral,
} from "./table-reader.js";

/** How long a reader waits for a writer that locks the file, ms. */
const BUSY_MS = 5_000;

/** Rows of a chunk: what DuckDB handles at a time. */
const CHUNK_ROWS = 2_048;

const MACHINE = new SystemClock();

type SqliteValue = bigint | number | string | Uint8Array | null;

/** A type as which values of SQLite are read. */
interface ReadType {
  readonly name: string;
  readonly type: DuckDBType;
  /** Returns the same value for DuckDB; `undefined` for one that the type does not hold. */
  readonly of: (value: Exclude<SqliteValue, null>) => DuckDBValue | undefined;
}

const WHOLE: ReadType = {
  name: "BIGINT",
  type: BIGINT,
  of: (value) => (typeof value === "bigint" ? value : undefined),
};

const REAL: ReadType = {
  name: "DOUBLE",
  type: DOUBLE,
  of: (value) => (typeof value === "number" ? value : undefined),
};

const BYTES: ReadType = {
  name: "BLOB",
  type: BLOB,
  of: (value) => (value instanceof Uint8Array ? blobValue(value) : undefined),
};

/** JavaScript writes a number with as many digits as tell it from its neighbours. */
const TEXT: ReadType = {
  name: "VARCHAR",
  type: VARCHAR,
  of: (value) => (value instanceof Uint8Array ? undefined : String(value)),
};

interface SqliteColumn {
  readonly name: string;
  /** As the table declares it: any text. */
  readonly declared: string;
}

/**
 * Reads a table of SQLite. Each value has a type of its own there, whatever its column declares; one that the
 * column's type does not hold fails the run.
 *
 * @throws JobFailure JOB_FAILED for a table or column that does not exist, and with the column of such a value
 */
export async function readSqliteTable<T>(
  path: string,
  source: DatabaseSource,
  rows: Rows,
  work: (reading: TableReading) => Promise<T>,
): Promise<T> {
  const database = openSqlite(path);
  try {
    const chosen = columnsOf(database, source);
    requireSameSchema(rows.part, source.table, chosen.map(typed));
    const declared = Object.values(source.columns ?? {});
    const types = chosen.map((column, index) => typeOf(column, declared[index]));
    const columns = chosen.map(({ name }, index) => ({ name, type: types[index]!.name }));
    const list = columns.map(({ name }, index) => `${identifier(name)} AS c${index}`).join(", ");
    const from = `FROM ${identifier(source.table)} WHERE ${sqliteCondition(source, rows)}`;
    // Both statements see the same rows.
    database.exec("BEGIN");
    const statement = database.prepare(`SELECT ${list} ${from}`);
    statement.setReadBigInts(true);
    const read = statement.iterate() as Iterable<Readonly<Record<string, SqliteValue>>>;
    const doubtful = new Set<string>();
    const noted = (value: SqliteValue, type: ReadType, name: string): DuckDBValue => {
      if (typeof value === "string" && value.includes(REPLACEMENT)) doubtful.add(name);
      return kept(value, type, name);
    };
    const valuesOf = (row: Readonly<Record<string, SqliteValue>>): DuckDBValue[] =>
      columns.map(({ name }, index) => noted(row[`c${index}`]!, types[index]!, name));
    const result = await work({ columns, chunks: chunksOf(read, types, valuesOf) });
    for (const name of doubtful) requireUnicode(database, name, from);
    return result;
  } finally {
    database.close();
  }
}

/** The character that stands for bytes which are not UTF-8. */
const REPLACEMENT = "\ufffd";

/**
 * Requires that the replacement characters in a column's texts are their own. SQLite takes any bytes for a text, and the
 * driver puts such a character in the place of those that are not UTF-8.
 */
function requireUnicode(database: DatabaseSync, column: string, from: string): void {
  const name = identifier(column);
  const rest = `replace(${name}, char(${REPLACEMENT.codePointAt(0)}), '')`;
  const texts = database.prepare(`SELECT ${rest} AS rest ${from} AND typeof(${name}) = 'text'`).iterate();
  for (const { rest: text } of texts) {
    if (!String(text).includes(REPLACEMENT)) continue;
    throw lasting(
      `Column ${column}: a text is not UTF-8. Repair it, or leave the column out of job.source.columns.`,
    );
  }
}

function columnsOf(database: DatabaseSync, source: DatabaseSource): readonly SqliteColumn[] {
  const all = database
    .prepare("SELECT name, type AS declared FROM pragma_table_xinfo(?) WHERE hidden <> 1")
    .all(source.table) as unknown as SqliteColumn[];
  if (all.length === 0) throw lasting(`job.source.table: there is no table ${source.table}.`);
  return chosenColumns(source, all);
}

const typed = ({ name, declared }: SqliteColumn): TypedColumn => [name, declared];

/** Returns the columns that a job reads of a table. @throws JobFailure JOB_FAILED for a table or column that does not exist */
export function describeSqliteTable(database: DatabaseSync, source: DatabaseSource): readonly TypedColumn[] {
  return columnsOf(database, source).map(typed);
}

/** Opens a file of SQLite to be read. */
export function openSqlite(path: string): DatabaseSync {
  return new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
}

/** Returns the condition of the rows to read. */
export function sqliteCondition(source: DatabaseSource, rows: Rows): string {
  return conditionOf(source, rows, "BINARY", (key, kind) =>
    kind === "text" ? textLiteral(key) : String(BigInt(key)),
  );
}

/** A column that the job declares is read as text, to be cast; one that SQLite gives no type of its own, as text. */
function typeOf({ declared }: SqliteColumn, wanted: string | undefined): ReadType {
  if (wanted !== undefined) return wanted === "BLOB" ? BYTES : TEXT;
  const type = declared.toUpperCase();
  if (type.includes("INT")) return WHOLE;
  if (/CHAR|CLOB|TEXT/.test(type)) return TEXT;
  if (type.includes("BLOB")) return BYTES;
  return /REAL|FLOA|DOUB/.test(type) ? REAL : TEXT;
}

function kept(value: SqliteValue, type: ReadType, column: string): DuckDBValue {
  if (value === null) return null;
  const same = type.of(value);
  if (same !== undefined) return same;
  const shown = value instanceof Uint8Array ? "bytes" : JSON.stringify(String(value));
  const wayOut = value instanceof Uint8Array ? "BLOB" : "VARCHAR";
  throw lasting(
    `Column ${column}: ${shown} is no ${type.name}. Declare the column as ${wayOut} in job.source.columns.`,
  );
}

/** SQLite is read on this thread, so that others get their turn between chunks. */
async function* chunksOf<Row>(
  rows: Iterable<Row>,
  types: readonly ReadType[],
  valuesOf: (row: Row) => DuckDBValue[],
): AsyncIterable<DuckDBDataChunk> {
  let values: DuckDBValue[][] = [];
  const chunk = (): DuckDBDataChunk => {
    const made = DuckDBDataChunk.create(
      types.map(({ type }) => type),
      values.length,
    );
    made.setRows(values);
    values = [];
    return made;
  };
  for (const row of rows) {
    values.push(valuesOf(row));
    if (values.length < CHUNK_ROWS) continue;
    yield chunk();
    await new Promise<void>((resolve) => {
      MACHINE.wakeAfter(0, resolve);
    });
  }
  if (values.length > 0) yield chunk();
}
