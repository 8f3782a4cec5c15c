import { structValue } from "@duckdb/node-api";
import { JobFailure } from "../duckdb/failure.js";
import { identifier } from "../duckdb/quote.js";
import type { Session } from "../duckdb/session.js";
import type { CsvSource } from "../job/job.js";
import {
  DIALECT_ARGUMENTS,
  type Dialect,
  dialectOf,
  dialectValues,
  fieldsOf,
  fieldValues,
} from "./csv-dialect.js";
import { fileList, groupFiles, LINE_LIMITS, lineOf, listFiles } from "./files.js";
import { type Relation, ROW, type TextColumn } from "./relation.js";
import { declaredColumns, inferredColumns, selectText } from "./text-columns.js";

/**
 * CSV files as relations, one for each header that they have.
 *
 * The reader takes all values as text and only splits lines; what it cannot split it puts aside. Its own casts are not
 * used: they round `1.5` to an INTEGER, drop the offset of a TIMESTAMP, and turn a bad TIMESTAMPTZ into a null.
 */
export async function csvRelations(
  session: Session,
  source: CsvSource,
  paths: readonly string[],
): Promise<readonly Relation[]> {
  const dialect = dialectOf(source.options);
  const files = await listFiles(session, paths);
  const columns =
    source.columns === undefined
      ? await inferColumns(session, files, dialect)
      : declaredColumns(source.columns);
  const names = columns.map(({ name }) => name);
  const groups = await groupFiles(files, async (file) =>
    dialect.header ? ((await headerOf(session, file, dialect)) ?? names) : names,
  );
  return groups.map(({ key: header, files: alike }, index) =>
    csvRelation({ source, dialect, columns, header, files: alike, index }),
  );
}

interface CsvGroup {
  readonly source: CsvSource;
  readonly dialect: Dialect;
  readonly columns: readonly TextColumn[];
  /** The files' columns, in order. */
  readonly header: readonly string[];
  readonly files: readonly string[];
  readonly index: number;
}

function csvRelation({ source, dialect, columns, header, files, index }: CsvGroup): Relation {
  const rejects = { errors: `csv_errors_${index}`, scans: `csv_scans_${index}` };
  const { columns: selected, defects, values } = selectText(columns, ({ name }) => columnOf(name));
  const { timeColumn, timeUnit = "iso" } = source;
  return {
    from: `read_csv($files, ${DIALECT_ARGUMENTS}, auto_detect = false, columns = $columns, hive_partitioning = false, store_rejects = true, \
rejects_table = '${rejects.errors}', rejects_scan = '${rejects.scans}', ${LINE_LIMITS}) AS ${ROW}`,
    values: {
      ...values,
      ...dialectValues(dialect),
      files: fileList(files),
      columns: structValue(Object.fromEntries(header.map((name) => [name, "VARCHAR"]))),
    },
    columns: selected,
    defects,
    time:
      timeColumn === undefined
        ? undefined
        : { expression: columnOf(timeColumn), type: "VARCHAR", unit: timeUnit },
    origin: { file: `${ROW}.filename`, row: "NULL::BIGINT", raw: `to_json(${ROW})::VARCHAR` },
    readerRejects: { ...rejects, timeText: timeTextOf(timeColumn, header), values: fieldValues(dialect) },
  };
}

function columnOf(name: string): string {
  return `${ROW}.${identifier(name)}`;
}

function timeTextOf(timeColumn: string | undefined, header: readonly string[]): string {
  const position = header.findIndex((name) => name.toLowerCase() === timeColumn?.toLowerCase());
  return position < 0 ? "NULL::VARCHAR" : `${fieldsOf("csv_line")}[${position + 1}]`;
}

/** The names in a file's header, or `undefined` for an empty file. */
async function headerOf(
  session: Session,
  file: string,
  dialect: Dialect,
): Promise<readonly string[] | undefined> {
  const line = await lineOf(session, file, dialect.skip);
  if (line === undefined) return undefined;
  const [row] = await session.rows<{ fields: string[] }>(`SELECT ${fieldsOf("$line::VARCHAR")} AS fields`, {
    line,
    ...fieldValues(dialect),
  });
  const names = (row?.fields ?? []).map((name, index) => name || `column${index}`);
  if (new Set(names.map((name) => name.toLowerCase())).size === names.length) return names;
  throw new JobFailure("JOB_FAILED", `${file} names a column twice in its header.`, { isRetryable: false });
}

async function inferColumns(
  session: Session,
  files: readonly string[],
  dialect: Dialect,
): Promise<readonly TextColumn[]> {
  const described = await session.rows<{ column_name: string; column_type: string }>(
    `DESCRIBE SELECT * FROM read_csv($files, ${DIALECT_ARGUMENTS}, union_by_name = true, hive_partitioning = false)`,
    { ...dialectValues(dialect), files: fileList(files) },
  );
  return inferredColumns(described, "VARCHAR");
}
