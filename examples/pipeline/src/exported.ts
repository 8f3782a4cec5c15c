import { DuckDBInstance } from "@duckdb/node-api";
import type { Lake } from "./lake.js";
import { ordersOf } from "./orders.js";

/** The rows that exports of `[from, to)` should have, computed from the source, as texts. */
export function wantedRows(lake: Lake, from: number, to: number, exportMs: number): string[] {
  const orders = ordersOf(lake, from, to);
  const keyOf = (product: string, at: number): string => `${product} ${Math.floor((at - from) / exportMs)}`;
  const sums = new Map<string, number>();
  for (const { product, cents, orderedAt } of orders) {
    const key = keyOf(product, orderedAt);
    sums.set(key, (sums.get(key) ?? 0) + cents);
  }
  return orders.map(({ id, product, cents, orderedAt }) =>
    [
      id,
      orderedAt,
      product,
      cents,
      Math.floor((cents * 19) / 100),
      sums.get(keyOf(product, orderedAt)),
    ].join(),
  );
}

/** The rows that were exported, as texts. */
export async function exportedRows({ exported }: Lake): Promise<string[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(
    `SELECT id, epoch_ms(ordered_at), product, cents, tax, product_cents
       FROM read_parquet('${exported}/*/*.parquet') ORDER BY id`,
  );
  const rows = reader.getRows().map((row) => row.join());
  connection.closeSync();
  instance.closeSync();
  return rows;
}
