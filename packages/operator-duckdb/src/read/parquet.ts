import { identifier } from "../duckdb/quote.js";
import type { Session } from "../duckdb/session.js";
import type { ParquetSource } from "../job/job.js";
import { fileList, listFiles } from "./files.js";
import { type Relation, ROW } from "./relation.js";
import type { TimeColumn } from "./time-test.js";

const READER = "read_parquet($files, union_by_name = true, hive_partitioning = false)";

/** Parquet files as one relation. Their rows have types already, so only a time can be bad: a null, or infinite. */
export async function parquetRelations(
  session: Session,
  source: ParquetSource,
  paths: readonly string[],
): Promise<readonly Relation[]> {
  const files = await listFiles(session, paths);
  const values = { files: fileList(files) };
  const { timeColumn, timeUnit = "iso" } = source;
  let time: TimeColumn | undefined;
  if (timeColumn !== undefined) {
    const expression = `${ROW}.${identifier(timeColumn)}`;
    const described = await session.rows<{ column_type: string }>(
      `DESCRIBE SELECT ${expression} FROM ${READER} AS ${ROW}`,
      values,
    );
    time = { expression, type: described[0]!.column_type, unit: timeUnit };
  }
  return [
    {
      from: `${READER} AS ${ROW}`,
      values,
      columns: `${ROW}.*`,
      defects: [],
      time,
      origin: {
        file: `${ROW}.filename`,
        row: `${ROW}.file_row_number + 1`,
        raw: `to_json(${ROW})::VARCHAR`,
      },
    },
  ];
}
