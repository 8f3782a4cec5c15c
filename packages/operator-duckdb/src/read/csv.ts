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
import { fileList, groupFiles, LINE_LIMITS, lineAfter, listFiles } from "./files.js";
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
  const declared = columns.map(({ name }) => name);
  const groups = await groupFiles(files, async (file) =>
    dialect.header ? ((await headerOf(session, file, dialect)) ?? withTime(declared, source)) : declared,
  );
  return groups.map(({ key: header, files: alike }, index) =>
    csvRelation({ source, dialect, columns, header, files: alike, index }),
  );
}

/** What a file would have that is empty. */
function withTime(names: readonly string[], { timeColumn }: CsvSource): readonly string[] {
  const hasTime = names.some((name) => name.toLowerCase() === timeColumn?.toLowerCase());
  return timeColumn === undefined || hasTime ? names : [...names, timeColumn];
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
  const textOf = (name: string) => `${ROW}.${columnAt(positionOf(header, name))}`;
  const { columns: selected, defects, values } = selectText(columns, ({ name }) => textOf(name));
  const { timeColumn, timeUnit = "iso" } = source;
  const fields = header.map((name, position) => `${identifier(name)} := ${ROW}.${columnAt(position)}`);
  return {
    from: `read_csv($files, ${DIALECT_ARGUMENTS}, auto_detect = false, columns = $columns, \
hive_partitioning = false, store_rejects = true, rejects_table = '${rejects.errors}', \
rejects_scan = '${rejects.scans}', ${LINE_LIMITS}) AS ${ROW}`,
    values: {
      ...values,
      ...dialectValues(dialect),
      files: fileList(files),
      columns: structValue(Object.fromEntries(header.map((_, position) => [columnAt(position), "VARCHAR"]))),
    },
    columns: selected,
    defects,
    time:
      timeColumn === undefined
        ? undefined
        : { expression: textOf(timeColumn), type: "VARCHAR", unit: timeUnit },
    origin: {
      file: `${ROW}.filename`,
      row: "NULL::BIGINT",
      raw: `to_json(struct_pack(${fields.join(", ")}))::VARCHAR`,
    },
    readerRejects: { ...rejects, timeText: timeTextOf(header, timeColumn), values: fieldValues(dialect) },
  };
}

/**
 * How the reader calls a column. Names of the files' own would not do: in a JavaScript object, names that are numbers
 * come before all others, and the reader goes by the order.
 */
function columnAt(position: number): string {
  return `column_${position}`;
}

/** @throws JobFailure JOB_FAILED when the header has no such name; names do not depend on case */
function positionOf(header: readonly string[], name: string): number {
  const position = header.findIndex((other) => other.toLowerCase() === name.toLowerCase());
  if (position >= 0) return position;
  throw new JobFailure("JOB_FAILED", `There is no column ${name}; there are ${header.join(", ")}.`, {
    isRetryable: false,
  });
}

/** The time of a line that the reader put aside: the field where the time column would be. */
function timeTextOf(header: readonly string[], timeColumn: string | undefined): string {
  if (timeColumn === undefined) return "NULL::VARCHAR";
  return `${fieldsOf("csv_line")}[${positionOf(header, timeColumn) + 1}]`;
}

/** The names in a file's header, or `undefined` for an empty file. */
async function headerOf(
  session: Session,
  file: string,
  dialect: Dialect,
): Promise<readonly string[] | undefined> {
  const line = await lineAfter(session, file, dialect.skip);
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
    `DESCRIBE SELECT * FROM read_csv($files, ${DIALECT_ARGUMENTS}, union_by_name = true, hive_partitioning = false, ignore_errors = true)`,
    { ...dialectValues(dialect), files: fileList(files) },
  );
  return inferredColumns(described, "VARCHAR");
}
