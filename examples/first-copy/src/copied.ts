import { existsSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import { type Copy, targetOf } from "./copy.js";

/** Returns the orders that were copied, by key, as texts. One that was copied twice is there twice. */
export async function copiedRows(copy: Copy): Promise<string[]> {
  if (!existsSync(targetOf(copy))) return [];
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(
    `SELECT id, customer, cents FROM read_parquet('${targetOf(copy)}/*/*.parquet', hive_partitioning = false) ORDER BY id`,
  );
  const rows = reader.getRows().map((row) => row.join());
  connection.closeSync();
  instance.closeSync();
  return rows;
}

/** Returns how the rows of two lists in the same order differ; `undefined` if they do not. */
export function differenceOf(source: readonly string[], target: readonly string[]): string | undefined {
  const at = source.findIndex((row, index) => row !== target[index]);
  if (at < 0 && source.length === target.length) return undefined;
  const index = at < 0 ? source.length : at;
  return `row ${index + 1} is "${source[index] ?? "none"}" in the source, and "${target[index] ?? "none"}" in the target`;
}
