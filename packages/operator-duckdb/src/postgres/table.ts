import { JobFailure } from "../duckdb/failure.js";
import type { PostgresLink } from "./link.js";

/** Name of a table or view. */
export interface TableName {
  /** @default the first of the role's search path that has the table */
  readonly schema?: string;
  readonly table: string;
}

/** A column of a table, with domains resolved to the types below them. */
export interface PostgresColumn {
  readonly name: string;
  /** Name in `pg_type`, such as `int8`. */
  readonly type: string;
  /** Whether the type is one of Postgres's own. */
  readonly isBuiltIn: boolean;
  /** `typtype`: `b` base, `c` composite, `e` enum, `p` pseudo, `r` range, `m` multirange. */
  readonly kind: string;
  /** `typcategory`: `A` arrays. */
  readonly category: string;
  /** As SQL, such as `numeric(10,2)`. */
  readonly sql: string;
  /** As SQL, without the modifier: `numeric`. */
  readonly plainSql: string;
  /** `atttypmod`, -1 for none. */
  readonly modifier: number;
  readonly isGenerated: boolean;
}

/** A table that exists. */
export interface PostgresTable {
  readonly oid: number;
  readonly schema: string;
  /** Quoted and with its schema. */
  readonly sql: string;
  readonly columns: readonly PostgresColumn[];
}

const COLUMNS = `WITH RECURSIVE base AS (
  SELECT attnum, attname, attgenerated, atttypid AS type, atttypmod AS modifier
  FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT attnum, attname, attgenerated, typbasetype, CASE WHEN typtypmod >= 0 THEN typtypmod ELSE modifier END
  FROM base JOIN pg_type ON pg_type.oid = base.type WHERE typtype = 'd'
)
SELECT attname AS name, typname AS type, nspname = 'pg_catalog' AS "isBuiltIn", typtype AS kind,
  typcategory AS category, format_type(base.type, modifier) AS sql, format_type(base.type, -1) AS "plainSql",
  modifier, attgenerated <> '' AS "isGenerated"
FROM base JOIN pg_type ON pg_type.oid = base.type JOIN pg_namespace ON pg_namespace.oid = typnamespace
WHERE typtype <> 'd' ORDER BY attnum`;

/**
 * Returns a table as it is in the link's transaction.
 *
 * @param field - the job's field that names it, such as `job.source`
 * @throws JobFailure JOB_FAILED if it is not there, or the role may not see it
 */
export async function describeTable(
  link: PostgresLink,
  name: TableName,
  field: string,
): Promise<PostgresTable> {
  const quoted = quotedTable(name);
  const [found] = await link.rows<{ oid: number | null; schema: string; table: string }>(
    `SELECT pg_class.oid::int8::float8 AS oid, nspname AS schema, relname AS table
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = to_regclass($1)`,
    [quoted],
  );
  if (found?.oid == null) {
    throw new JobFailure("JOB_FAILED", `${field}.table: there is no table ${quoted}.`, {
      isRetryable: false,
    });
  }
  const { oid, schema, table } = found;
  return {
    oid,
    schema,
    sql: quotedTable({ schema, table }),
    columns: await link.rows<PostgresColumn & Record<string, unknown>>(COLUMNS, [oid]),
  };
}

/** Returns a table's name as SQL. */
export function quotedTable({ schema, table }: TableName): string {
  return schema === undefined ? quoted(table) : `${quoted(schema)}.${quoted(table)}`;
}

/** Quotes a name. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Returns the column of a name: the one spelled like it, or the only one that differs in case. */
export function columnNamed(columns: readonly PostgresColumn[], name: string): PostgresColumn | undefined {
  const alike = columns.filter((column) => column.name.toLowerCase() === name.toLowerCase());
  return alike.find((column) => column.name === name) ?? (alike.length === 1 ? alike[0] : undefined);
}
