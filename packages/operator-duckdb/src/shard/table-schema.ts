import { hash } from "node:crypto";
import { JobFailure } from "../duckdb/failure.js";
import type { TablePart } from "./table-part.js";

/** A column that a job reads: its name, and its type as the database spells it. */
export type TypedColumn = readonly [name: string, type: string];

/** Returns a short text that names and types of columns choose, in their order. */
export function fingerprintOf(columns: readonly TypedColumn[]): string {
  return hash("sha256", JSON.stringify(columns), "hex").slice(0, 16);
}

/**
 * Requires that a table has the columns with which it was split: the shards of a run would have different ones otherwise,
 * and those that some of them lack would be filled with nulls.
 *
 * @throws JobFailure SCHEMA_CHANGED
 */
export function requireSameSchema(
  part: TablePart | undefined,
  table: string,
  columns: readonly TypedColumn[],
): void {
  if (part?.schema === undefined || part.schema === fingerprintOf(columns)) return;
  const names = columns.map((column) => column.join(" ")).join(", ");
  throw new JobFailure(
    "SCHEMA_CHANGED",
    `The columns of ${table} were changed after the run was split; they are ${names} now. The next attempt splits it anew.`,
    { isRetryable: false },
  );
}
