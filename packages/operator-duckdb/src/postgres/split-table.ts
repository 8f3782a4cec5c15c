import type { JobSplit } from "@tidegate/core/operator";
import type { Addresses } from "@tidegate/postgres-kit/addresses";
import { JobFailure } from "../duckdb/failure.js";
import type { PostgresSource, TableSplit } from "../job/job.js";
import type { Window } from "../job/window.js";
import { firstKeys, type KeyKind } from "../shard/table-part.js";
import { type KeySpace, tableShards } from "../shard/table-shards.js";
import { PostgresLink } from "./link.js";
import { collationOf, readColumnsOf, required, rowsOf } from "./row-condition.js";
import { snapshotToken } from "./snapshot.js";
import { describeTable, type PostgresColumn, type PostgresTable, quoted } from "./table.js";

const KINDS: Readonly<Record<string, KeyKind>> = {
  int2: "number",
  int4: "number",
  int8: "number",
  date: "time",
  timestamp: "time",
  timestamptz: "time",
  text: "text",
  varchar: "text",
  uuid: "text",
};

/** The last instant that JavaScript has, epoch ms. */
const LATEST = 8_640_000_000_000_000;

/** Tables with more rows are sampled. */
const SAMPLED_FROM = 200_000;

/** Rows of a sample. */
const SAMPLE_ROWS = 20_000;

/** Dependencies of `splitPostgresTable`. */
export interface TableSplitting {
  readonly window: Window;
  /** How many parts to aim for. */
  readonly target: number;
  /** The name of an exported view that the parts are to be read in. @default each is read in a view of its own */
  readonly snapshot: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Divides the rows of a table that a run reads by a column.
 *
 * @throws JobFailure JOB_INVALID for a column whose type has no ranges
 */
export async function splitPostgresTable(
  addresses: Addresses,
  source: PostgresSource,
  split: TableSplit,
  { window, target, snapshot, signal }: TableSplitting,
): Promise<JobSplit> {
  const divide = async (link: PostgresLink): Promise<JobSplit> => {
    const table = await describeTable(link, source, "job.source");
    const column = required(table, split.column, "split.column");
    const condition = rowsOf(table, source, window);
    const keys = {
      ...(await keySpaceOf(link, table, column, condition)),
      columns: readColumnsOf(table, source),
    };
    const shards = await tableShards({ ...split, column: column.name }, keys, target);
    if (snapshot === undefined) return { shards };
    return { shards, snapshotToken: await snapshotToken(link, snapshot, table) };
  };
  return PostgresLink.use(addresses, "read", signal, divide, snapshot);
}

async function keySpaceOf(
  link: PostgresLink,
  table: PostgresTable,
  column: PostgresColumn,
  condition: string,
): Promise<Omit<KeySpace, "columns">> {
  const kind = column.isBuiltIn ? KINDS[column.type] : undefined;
  if (kind === undefined) {
    throw new JobFailure(
      "JOB_INVALID",
      `job.source.split.column: ${column.name} is ${column.sql}; a table is divided by an integer, date, timestamp, text or uuid.`,
      { isRetryable: false },
    );
  }
  const name = quoted(column.name);
  const keyOf = (key: string): string =>
    kind === "time"
      ? `least(floor(extract(epoch FROM ${key}) * 1000)::int8, ${LATEST})::text`
      : `${key}::text`;
  const asKey = (key: string): bigint | string => (kind === "text" ? key : BigInt(key));
  const isKey = kind === "time" ? `isfinite(${name})` : `${name} IS NOT NULL`;
  const where = `${condition} AND ${isKey}`;
  return {
    kind,
    isNullable: await isNullable(link, table, column),
    async bounds() {
      const [found] = await link.rows<{ least: string | null; greatest: string | null }>(
        `SELECT ${keyOf(`min(${name})`)} AS least, ${keyOf(`max(${name})`)} AS greatest FROM ${table.sql} WHERE ${where}`,
      );
      return found?.least == null || found.greatest === null
        ? undefined
        : [BigInt(found.least), BigInt(found.greatest)];
    },
    async firstKeys(count) {
      const collation = kind === "text" ? collationOf(column) : undefined;
      const order = collation === undefined ? name : `${name} COLLATE ${collation}`;
      const sample = condition === "true" ? await sampleOf(link, table) : "";
      const found = await link.rows<{ key: string }>(
        firstKeys(keyOf(name), order, `${table.sql} ${sample} WHERE ${where}`, count),
      );
      return found.map(({ key }) => asKey(key));
    },
  };
}

/** Some of a large table's pages stand for all of it. */
async function sampleOf(link: PostgresLink, { oid }: PostgresTable): Promise<string> {
  const [found] = await link.rows<{ kind: string; rows: number }>(
    "SELECT relkind AS kind, reltuples::float8 AS rows FROM pg_class WHERE oid = $1::int8::oid",
    [oid],
  );
  if (found === undefined || !"rm".includes(found.kind) || found.rows < SAMPLED_FROM) return "";
  return `TABLESAMPLE SYSTEM (${(100 * SAMPLE_ROWS) / found.rows}) REPEATABLE (0)`;
}

async function isNullable(
  link: PostgresLink,
  { oid }: PostgresTable,
  { name }: PostgresColumn,
): Promise<boolean> {
  const [found] = await link.rows<{ isRequired: boolean }>(
    `SELECT attnotnull AS "isRequired" FROM pg_attribute WHERE attrelid = $1::int8::oid AND attname = $2`,
    [oid, name],
  );
  return found?.isRequired !== true;
}
