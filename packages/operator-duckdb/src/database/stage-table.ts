import { identifier } from "../duckdb/quote.js";
import type { Session } from "../duckdb/session.js";
import { orUnfit, unfitFailure } from "../duckdb/unfit.js";
import { columnType } from "../job/column-type.js";
import type { DatabaseSource } from "../job/job.js";
import type { Positions } from "../job/window.js";
import { exactValueOf } from "../read/text-value.js";
import type { TablePart } from "../shard/table-part.js";
import { readDuckdbTable } from "./duckdb-table.js";
import type { SourceDatabase } from "./source-database.js";
import { readSqliteTable } from "./sqlite-table.js";
import type { ReadColumn, TableReading } from "./table-reader.js";

/**
 * Copies the rows of a table of SQLite or DuckDB into the table `staged`, as one snapshot has them: those of the
 * positions and of the part, or all.
 *
 * @throws JobFailure JOB_FAILED with the column of a value that would not be kept exactly
 */
export async function stageDatabaseTable(
  session: Session,
  source: DatabaseSource,
  database: SourceDatabase,
  positions: Positions | undefined,
  part: TablePart | undefined,
): Promise<void> {
  const rows = { positions, part };
  const stage = (reading: TableReading): Promise<void> => stageReading(session, source, reading);
  if ("sqlite" in database) await readSqliteTable(database.sqlite, source, rows, stage);
  else await readDuckdbTable(database.duckdb, source, rows, stage);
}

async function stageReading(
  session: Session,
  { columns: declared }: DatabaseSource,
  { columns, chunks }: TableReading,
): Promise<void> {
  const list = columns.map(({ name, type }) => `${identifier(name)} ${type}`).join(", ");
  const types = Object.values(declared ?? {});
  const values = columns.map((column, index) => declaredValue(column, types[index]));
  const isAsRead = values.every((value, index) => value === identifier(columns[index]!.name));
  const table = isAsRead ? "staged" : "as_read";
  await session.run(`CREATE TEMP TABLE ${table} (${list})`);
  await session.append(table, chunks);
  if (isAsRead) return;
  const selected = values.map((value, index) => `${value} AS ${identifier(columns[index]!.name)}`);
  try {
    await session.run(`CREATE TEMP TABLE staged AS SELECT ${selected.join(", ")} FROM as_read`);
  } catch (error) {
    throw unfitFailure(error);
  }
  await session.run("DROP TABLE as_read");
}

/** Returns the value of a column as its declared type, as SQL that fails where the type does not hold it. */
function declaredValue({ name, type }: ReadColumn, declared: string | undefined): string {
  const value = identifier(name);
  const wanted = declared === "BLOB" ? declared : declared && columnType(declared);
  if (wanted === undefined || wanted === type) return value;
  const cast = `TRY_CAST(${value} AS ${wanted})`;
  const exact =
    type === "VARCHAR"
      ? exactValueOf(value, wanted)
      : `CASE WHEN TRY_CAST(${cast} AS ${type}) IS NOT DISTINCT FROM ${value} THEN ${cast} END`;
  return `CASE WHEN ${value} IS NOT NULL THEN ${orUnfit(exact, `${name} is no ${wanted}: `, `${value}::VARCHAR`)} END`;
}
