import { DuckDBInstance } from "@duckdb/node-api";
import type { Place } from "./sync.js";

/** Returns the orders that were copied, by id, as texts. One that was copied twice is there twice. */
export async function copiedOrders({ target }: Place): Promise<string[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(
    `SELECT id, cents, part, position FROM read_parquet('${target}/*/part-*', hive_partitioning = false) ORDER BY id`,
  );
  const rows = reader.getRows().map((row) => row.join());
  connection.closeSync();
  instance.closeSync();
  return rows;
}
