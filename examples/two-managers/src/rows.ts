import { DuckDBInstance } from "@duckdb/node-api";
import { type Plan, ROWS_PER_SECOND, targetOf } from "./plan.js";

/** What has arrived of a group, beside what should have. */
export interface Arrived {
  readonly wanted: number;
  readonly rows: number;
  /** Without those that came twice. */
  readonly distinct: number;
}

/** Counts what is in the lake. */
export async function countRows(plan: Plan, groupId: string): Promise<Arrived> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const files = `${targetOf(plan, groupId)}/**/*.parquet`;
  const reader = await connection.runAndReadAll(
    `SELECT count(*), count(DISTINCT tick) FROM read_parquet('${files}', hive_partitioning = false)`,
  );
  const [rows, distinct] = reader.getRows()[0]!.map(Number);
  connection.closeSync();
  instance.closeSync();
  return {
    wanted: ((plan.endAt - plan.startAt) / 1_000) * ROWS_PER_SECOND,
    rows: rows!,
    distinct: distinct!,
  };
}
