import { structValue } from "@duckdb/node-api";
import { JobFailure } from "../duckdb/failure.js";
import { identifier } from "../duckdb/quote.js";
import type { Session } from "../duckdb/session.js";
import type { CsvSource } from "../job/job.js";
import type { Preparation } from "../prepare/preparation.js";
import {
  type Dialect,
  dialectArguments,
  dialectOf,
  dialectValues,
  fieldsOf,
  fieldValues,
} from "./csv-dialect.js";
import { type CsvGroup, csvGroups } from "./csv-files.js";
import { fileList, LINE_LIMITS } from "./files.js";
import { type FoundColumn, kindsOf, uniteColumns } from "./infer.js";
import { unlessLinesDiffer, withLikeLines } from "./like-lines.js";
import { type Relation, ROW, type TextColumn } from "./relation.js";
import { declaredColumns, selectText } from "./text-columns.js";

/**
 * Returns CSV files as relations, one per distinct header. A column that a file lacks is null in its rows.
 *
 * The reader takes all values as text and only splits lines; what it cannot split it sets aside. Its own
 * casts are not used: they round `1.5` to an INTEGER, drop the offset of a TIMESTAMP, and turn a bad
 * TIMESTAMPTZ into a null.
 *
 * @returns none if all files are empty and their columns are not declared
 * @throws JobFailure JOB_FAILED when no file has a column that the source names
 */
export async function csvRelations(
  session: Session,
  source: CsvSource,
  paths: readonly string[],
  preparation: Preparation,
): Promise<readonly Relation[]> {
  const dialect = dialectOf(source.options);
  const groups = await withKeptBlanks(await csvGroups(paths, source, dialect, preparation), preparation);
  const columns =
    source.columns === undefined
      ? await inferColumns(session, groups, preparation)
      : declaredColumns(source.columns);
  if (columns.length === 0) return [];
  const declared = columns.map(({ name }) => name);
  const wanted = withTime(declared, source);
  // An empty file has no header; it counts as having all columns and no rows.
  const unnamed = dialect.header ? wanted : declared;
  refuseUnknownNames(
    wanted,
    groups.map(({ names = unnamed, files }) => ({ names, file: files[0]!.name })),
  );
  let scans = 0;
  const relationOf = (group: CsvGroup): Relation => {
    scans += 1;
    return {
      ...csvRelation({ source, columns, header: group.names ?? unnamed, group, scan: scans }),
      withLikeLines: async () => {
        const mended = await mendedGroup(group, preparation);
        return mended && relationOf(mended);
      },
    };
  };
  return groups.map(relationOf);
}

/** Returns groups of whose lines DuckDB's reader drops no blanks. */
async function withKeptBlanks(
  groups: readonly CsvGroup[],
  preparation: Preparation,
): Promise<readonly CsvGroup[]> {
  const kept: CsvGroup[] = [];
  for (const group of groups) {
    let isAtRisk = false;
    for (const file of group.files) isAtRisk ||= await preparation.holdsBlankAfterCr(file);
    kept.push((isAtRisk ? await mendedGroup(group, preparation) : undefined) ?? group);
  }
  return kept;
}

/**
 * Returns a group of files with uniform line ends, or `undefined` if each already has them. A header that is set aside may
 * have ended in another way than all rows do.
 */
async function mendedGroup(group: CsvGroup, preparation: Preparation): Promise<CsvGroup | undefined> {
  const { dialect } = group;
  const { newLine } = dialect;
  const files = await withLikeLines(group.files, dialect, preparation, newLine !== undefined);
  if (newLine === undefined) return files && { ...group, files };
  if (files === undefined && newLine === "\\n") return undefined;
  return { ...group, files: files ?? group.files, dialect: { ...dialect, newLine: "\\n" } };
}

function withTime(names: readonly string[], { timeColumn }: CsvSource): readonly string[] {
  return timeColumn === undefined || positionOf(names, timeColumn) !== undefined
    ? names
    : [...names, timeColumn];
}

/**
 * A file with none of the columns belongs to another source; a column that no file has is a mistake in the
 * job.
 */
function refuseUnknownNames(
  wanted: readonly string[],
  headers: readonly { readonly names: readonly string[]; readonly file: string }[],
): void {
  const known = [...new Set(headers.flatMap(({ names }) => names))];
  const unknown = wanted.find((name) => positionOf(known, name) === undefined);
  if (unknown !== undefined) throw refused(`There is no column ${unknown}; there are ${known.join(", ")}.`);
  const other = headers.find(({ names }) => wanted.every((name) => positionOf(names, name) === undefined));
  if (other === undefined) return;
  throw refused(
    `${other.file} has none of the columns ${wanted.join(", ")}; it has ${other.names.join(", ")}.`,
  );
}

function refused(message: string): JobFailure {
  return new JobFailure("JOB_FAILED", message, { isRetryable: false });
}

interface CsvScan {
  readonly source: CsvSource;
  readonly columns: readonly TextColumn[];
  /** The files' columns, in order. */
  readonly header: readonly string[];
  readonly group: CsvGroup;
  /** Distinguishes the tables of rejected lines. */
  readonly scan: number;
}

function csvRelation({ source, columns, header, group, scan }: CsvScan): Omit<Relation, "withLikeLines"> {
  const { dialect, files } = group;
  const rejects = { errors: `csv_errors_${scan}`, scans: `csv_scans_${scan}` };
  const textOf = (name: string) => {
    const position = positionOf(header, name);
    return position === undefined ? "NULL::VARCHAR" : `${ROW}.${columnAt(position)}`;
  };
  const { casts, columns: selected, defects, values } = selectText(columns, ({ name }) => textOf(name));
  const { timeColumn, timeUnit = "iso" } = source;
  const fields = header.map((name, position) => `${identifier(name)} := ${ROW}.${columnAt(position)}`);
  return {
    files,
    from: `read_csv($files, ${dialectArguments(dialect)}, auto_detect = false, \
columns = $columns, hive_partitioning = false, store_rejects = true, rejects_table = '${rejects.errors}', \
rejects_scan = '${rejects.scans}', ${raggedness(dialect)}${LINE_LIMITS}) AS ${ROW}`,
    carried: `*, filename AS file${casts}`,
    values: { ...values, ...dialectValues(dialect), files: fileList(files), columns: textColumns(header) },
    columns: selected,
    defects,
    time:
      timeColumn === undefined
        ? undefined
        : { expression: textOf(timeColumn), type: "VARCHAR", unit: timeUnit },
    origin: {
      file: `${ROW}.file`,
      row: "NULL::BIGINT",
      raw: `to_json(struct_pack(${fields.join(", ")}))::VARCHAR`,
    },
    readerRejects: { ...rejects, timeText: timeTextOf(header, timeColumn), values: fieldValues(dialect) },
  };
}

/** A padded line could also end inside a value with a line end if the file were read in parts. */
function raggedness({ relaxed, isIndivisible = false }: Dialect): string {
  return `${relaxed ? "null_padding = true, " : ""}${relaxed || isIndivisible ? "parallel = false, " : ""}`;
}

/** Returns the reader's `columns` argument. */
function textColumns(header: readonly string[]) {
  return structValue(Object.fromEntries(header.map((_, position) => [columnAt(position), "VARCHAR"])));
}

/**
 * Names a column for the reader. The files' own names cannot be used: a JavaScript object puts numeric names
 * before all others, and the reader goes by the order.
 */
function columnAt(position: number): string {
  return `column_${position}`;
}

/** Names are case-insensitive. */
function positionOf(header: readonly string[], name: string): number | undefined {
  const position = header.findIndex((other) => isSame(other, name));
  return position < 0 ? undefined : position;
}

function isSame(one: string, other: string | undefined): boolean {
  return one.toLowerCase() === other?.toLowerCase();
}

/** Returns the time of a line that the reader set aside: the field where the time column would be. */
function timeTextOf(header: readonly string[], timeColumn: string | undefined): string {
  const position = timeColumn === undefined ? undefined : positionOf(header, timeColumn);
  return position === undefined ? "NULL::VARCHAR" : `${fieldsOf("csv_line")}[${position + 1}]`;
}

/** Returns all columns of all files, in the order of first occurrence. */
async function inferColumns(
  session: Session,
  groups: readonly CsvGroup[],
  preparation: Preparation,
): Promise<readonly TextColumn[]> {
  const found: FoundColumn[] = [];
  for (const group of groups) {
    const { names = [] } = group;
    if (names.length === 0) continue;
    const kinds = await unlessLinesDiffer(
      ({ dialect, files }) =>
        kindsOf(session, {
          texts: names.map((_, position) => columnAt(position)),
          from: `read_csv($files, ${dialectArguments(dialect)}, auto_detect = false, columns = $columns, \
hive_partitioning = false, ignore_errors = true, ${raggedness(dialect)}${LINE_LIMITS})`,
          values: { ...dialectValues(dialect), files: fileList(files), columns: textColumns(names) },
        }),
      group,
      () => mendedGroup(group, preparation),
    );
    found.push(...names.map((name, position) => ({ name, kinds: kinds[position]! })));
  }
  return uniteColumns(found);
}
