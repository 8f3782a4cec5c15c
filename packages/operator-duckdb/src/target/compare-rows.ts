import { existsSync } from "node:fs";
import type { RowCounts } from "@tidegate/core/operator";
import { identifier } from "../duckdb/quote.js";
import type { Session, Values } from "../duckdb/session.js";

const PARTITION = "SELECT * FROM read_parquet($file, hive_partitioning = false)";

/** Compares the rows of a query with those of a partition's file, in any order. */
export async function compareWithPartition(
  session: Session,
  rows: string,
  file: string,
  withChecksum: boolean,
): Promise<Pick<RowCounts, "sourceRows" | "targetRows" | "checksums">> {
  if (!existsSync(file)) {
    const source = await sumOf(session, rows, {}, withChecksum);
    return { sourceRows: source.count, targetRows: 0, ...checksums(source.checksum, "") };
  }
  const target = await sumOf(session, PARTITION, { file }, withChecksum);
  const source = await sumOf(session, await asInPartition(session, rows, file), {}, withChecksum);
  return {
    sourceRows: source.count,
    targetRows: target.count,
    ...checksums(source.checksum, target.checksum),
  };
}

function checksums(source: string | undefined, target: string | undefined): Pick<RowCounts, "checksums"> {
  return source === undefined || target === undefined ? {} : { checksums: { source, target } };
}

/**
 * Casts the rows to the types that they have in the file: equal values have equal hashes only within a type.
 * Columns that are not the same make other hashes.
 */
async function asInPartition(session: Session, rows: string, file: string): Promise<string> {
  const described = await session.describe(PARTITION, { file });
  const types = new Map(described.map(({ column_name, column_type }) => [column_name, column_type]));
  const columns = await session.describe(rows);
  const values = columns.map(({ column_name: name }) => {
    const type = types.get(name);
    return type === undefined
      ? identifier(name)
      : `CAST(${identifier(name)} AS ${type}) AS ${identifier(name)}`;
  });
  return `SELECT ${values.join(", ")} FROM (${rows})`;
}

/** The name of a row, which no column has. */
const WHOLE_ROW = "__tidegate_row";

/** Sums the hashes of the rows, so that their order does not matter but their number does. */
async function sumOf(
  session: Session,
  rows: string,
  values: Values,
  withChecksum: boolean,
): Promise<{ readonly count: number; readonly checksum: string | undefined }> {
  const checksum = withChecksum ? `coalesce(sum(hash(${WHOLE_ROW})::HUGEINT), 0)::VARCHAR` : "NULL::VARCHAR";
  const [row] = await session.rows<{ count: string; checksum: string | null }>(
    `SELECT count(*) AS count, ${checksum} AS checksum FROM (${rows}) AS ${WHOLE_ROW}`,
    values,
  );
  return { count: Number(row!.count), checksum: row!.checksum ?? undefined };
}
