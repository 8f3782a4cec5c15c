import { DuckDBInstance } from "@duckdb/node-api";
import { type Plan, type Synchronization, sourceFiles } from "./schedules.js";

/** How a target compares with its source, row by row. */
export interface Comparison {
  readonly groupId: string;
  readonly sourceRows: number;
  readonly targetRows: number;
  /** Rows of the source that the target lacks. */
  readonly missing: number;
  /** Rows of the target that the source does not have, or not so often. */
  readonly surplus: number;
}

const COLUMNS = "flight_no, known_at, departed, delay, distance, origin, destination";

/** Compares all columns of all rows, each as often as it occurs. */
export async function compareRows(
  plan: Plan,
  { groupId, target, rows }: Synchronization,
): Promise<Comparison> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const count = async (query: string): Promise<number> => {
    const reader = await connection.runAndReadAll(`SELECT count(*) FROM (${query})`);
    return Number(reader.getRows()[0]![0]);
  };
  const source = `SELECT flight_no::INTEGER AS flight_no, known_at::TIMESTAMP AS known_at, departed::VARCHAR AS departed,
    delay::INTEGER AS delay, distance::INTEGER AS distance, origin, destination
    FROM read_json('${sourceFiles(plan)}', format = 'newline_delimited') WHERE ${rows}`;
  const copy = `SELECT ${COLUMNS} FROM read_parquet('${target}/**/*.parquet', hive_partitioning = false)`;
  const comparison = {
    groupId,
    sourceRows: await count(source),
    targetRows: await count(copy),
    missing: await count(`${source} EXCEPT ALL ${copy}`),
    surplus: await count(`${copy} EXCEPT ALL ${source}`),
  };
  connection.closeSync();
  instance.closeSync();
  return comparison;
}
