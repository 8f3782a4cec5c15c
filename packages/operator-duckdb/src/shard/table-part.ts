import type { JsonObject } from "@tidegate/core";
import { type KeyPart, partOf } from "@tidegate/split";
import type { TableSource, TableSplit } from "../job/job.js";

/** The kind of keys: whole numbers, instants in epoch ms, or texts. */
export type KeyKind = "number" | "time" | "text";

/** The rows of a table whose key in a column is in a part. */
export interface TablePart {
  readonly column: string;
  readonly kind: KeyKind;
  readonly keys: KeyPart;
  /** The fingerprint of the columns that the table had when it was split. @default not known */
  readonly schema?: string;
}

/** Returns the column by which a table is divided, or `undefined` if it cannot be. */
export function splitOf(source: TableSource): TableSplit | undefined {
  const { split, cursorColumn } = source;
  const column = cursorColumn ?? (source.format === "postgres" ? source.timeColumn : undefined);
  return split ?? (column === undefined ? undefined : { column });
}

/** Returns the part that the `args` of a shard name. */
export function tablePartOf(args: JsonObject): TablePart {
  const { column, kind, schema } = args;
  const known = typeof schema === "string" ? { schema } : {};
  return { column: String(column), kind: kind as KeyKind, keys: partOf(args), ...known };
}

/**
 * Returns the condition of the rows of a part as SQL. Texts are compared as bytes, whatever the column's collation is,
 * since the cuts are in that order.
 *
 * @param column - its name as SQL, and the name of the collation of bytes
 * @param literalOf - returns a key as SQL
 */
export function partCondition(
  { kind, keys }: TablePart,
  { name, collation }: { readonly name: string; readonly collation: string | undefined },
  literalOf: (key: string) => string,
): string {
  if (keys.isNull) return `${name} IS NULL`;
  const { lower, upper } = keys;
  const key = kind === "text" && collation !== undefined ? `${name} COLLATE ${collation}` : name;
  const bounds = [
    ...(lower === undefined ? [] : [`${key} >= ${literalOf(lower)}`]),
    ...(upper === undefined ? [] : [`${key} < ${literalOf(upper)}`]),
  ];
  return bounds.length === 0 ? `${name} IS NOT NULL` : bounds.join(" AND ");
}

/**
 * Returns a query for the first keys of `count` parts with about as many rows each.
 *
 * @param key - the key as SQL
 * @param order - the expression by which keys are ordered
 * @param from - the table, with a condition that no key is null
 */
export function firstKeys(key: string, order: string, from: string, count: number): string {
  return `SELECT key FROM (
    SELECT ${key} AS key, row_number() OVER (ORDER BY ${order}) AS n, count(*) OVER () AS total FROM ${from}
  ) AS numbered WHERE (n - 1) * ${count} % total < ${count} ORDER BY n`;
}
