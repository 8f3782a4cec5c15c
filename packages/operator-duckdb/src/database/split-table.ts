import type { DuckDBConnection } from "@duckdb/node-api";
import type { ShardSpec } from "@tidegate/core/operator";
import { JobFailure } from "../duckdb/failure.js";
import { identifier } from "../duckdb/quote.js";
import { isIntegerType } from "../job/column-type.js";
import type { DatabaseSource, TableSplit } from "../job/job.js";
import type { Positions } from "../job/window.js";
import { firstKeys, type KeyKind } from "../shard/table-part.js";
import { type KeySpace, tableShards } from "../shard/table-shards.js";
import { BYTES, describeDuckdbTable, duckdbCondition, duckdbName, typedColumn } from "./duckdb-table.js";
import type { SourceDatabase } from "./source-database.js";
import { describeSqliteTable, openSqlite, sqliteCondition } from "./sqlite-table.js";
import { chosenColumns, columnNamed, lasting } from "./table-reader.js";

type Split = (keys: KeySpace) => Promise<ShardSpec[]>;

/**
 * Divides the rows of a table of SQLite or DuckDB that a run reads by a column.
 *
 * @throws JobFailure JOB_INVALID for a column whose keys have no ranges
 */
export async function splitDatabaseTable(
  database: SourceDatabase,
  source: DatabaseSource,
  split: TableSplit,
  positions: Positions | undefined,
  target: number,
): Promise<ShardSpec[]> {
  const divide: Split = (keys) => tableShards(split, keys, target);
  return "sqlite" in database
    ? splitSqliteTable(database.sqlite, source, split, positions, divide)
    : splitDuckdbTable(database.duckdb, source, split, positions, divide);
}

async function splitSqliteTable(
  path: string,
  source: DatabaseSource,
  { column }: TableSplit,
  positions: Positions | undefined,
  divide: Split,
): Promise<ShardSpec[]> {
  const database = openSqlite(path);
  try {
    const name = identifier(column);
    const from = `${identifier(source.table)} WHERE ${sqliteCondition(source, { positions, part: undefined })}`;
    const read = (sql: string): Readonly<Record<string, unknown>>[] => {
      const statement = database.prepare(sql);
      statement.setReadBigInts(true);
      return statement.all();
    };
    const [found] = read(`SELECT min(${name}) AS least, max(${name}) AS greatest FROM ${from}`);
    const { least, greatest } = found ?? {};
    const kind: KeyKind = typeof greatest === "string" ? "text" : "number";
    if (typeof least !== typeof greatest || !(least === null || ["bigint", "string"].includes(typeof least)))
      throw unfit(column, "has keys that are neither whole numbers nor texts");
    return await divide({
      kind,
      columns: describeSqliteTable(database, source),
      isNullable: true,
      bounds: async () => (typeof least === "bigint" ? [least, greatest as bigint] : undefined),
      firstKeys: async (count) => {
        const order = kind === "text" ? `${name} COLLATE BINARY` : name;
        const keys = read(firstKeys(name, order, `${from} AND ${name} IS NOT NULL`, count));
        return keys.map(({ key }) => key as bigint | string);
      },
    });
  } finally {
    database.close();
  }
}

async function splitDuckdbTable(
  database: { connect(): Promise<DuckDBConnection> },
  source: DatabaseSource,
  { column }: TableSplit,
  positions: Positions | undefined,
  divide: Split,
): Promise<ShardSpec[]> {
  const connection = await database.connect();
  try {
    const columns = await describeDuckdbTable(connection, source);
    const found = columnNamed(columns, column);
    if (found === undefined)
      throw lasting(`job.source.split.column: there is no column ${column} in ${source.table}.`);
    const kind = kindOf(found.type);
    if (kind === undefined)
      throw unfit(
        column,
        `is ${found.type}; a table is divided by an integer, date, timestamp, text or UUID`,
      );
    const name = identifier(found.name);
    const isKey = kind === "time" ? `isfinite(${name})` : `${name} IS NOT NULL`;
    const condition = duckdbCondition(source, { positions, part: undefined }, columns);
    const from = `${duckdbName(source)} WHERE ${condition} AND ${isKey}`;
    const keyOf = (key: string): string =>
      kind === "time" ? `epoch_ms(${key})::VARCHAR` : `${key}::VARCHAR`;
    const asKey = (key: unknown): bigint | string => (kind === "text" ? String(key) : BigInt(String(key)));
    const read = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
    return await divide({
      kind,
      columns: chosenColumns(source, columns).map(typedColumn),
      isNullable: true,
      bounds: async () => {
        const [row] = await read(
          `SELECT ${keyOf(`min(${name})`)} AS least, ${keyOf(`max(${name})`)} AS greatest FROM ${from}`,
        );
        const { least, greatest } = row ?? {};
        return least == null ? undefined : [BigInt(String(least)), BigInt(String(greatest))];
      },
      firstKeys: async (count) => {
        const order = kind === "text" && found.type !== "UUID" ? `${name} COLLATE ${BYTES}` : name;
        return (await read(firstKeys(keyOf(name), order, from, count))).map(({ key }) => asKey(key));
      },
    });
  } finally {
    connection.closeSync();
  }
}

function kindOf(type: string): KeyKind | undefined {
  if (isIntegerType(type)) return "number";
  if (["DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"].includes(type)) return "time";
  return type === "VARCHAR" || type === "UUID" ? "text" : undefined;
}

function unfit(column: string, problem: string): JobFailure {
  return new JobFailure("JOB_INVALID", `job.source.split.column: ${column} ${problem}.`, {
    isRetryable: false,
  });
}
