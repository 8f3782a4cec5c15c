import { guarded, unguarded } from "../duckdb/describe.js";
import { JobFailure } from "../duckdb/failure.js";
import { identifier } from "../duckdb/quote.js";
import type { Session } from "../duckdb/session.js";
import { MAX_DECIMAL_DIGITS } from "../job/column-type.js";
import type { ParquetSource } from "../job/job.js";
import type { SourceFile } from "../prepare/preparation.js";
import { fileList, groupBy } from "./files.js";
import { type Defect, type Origin, type Relation, ROW } from "./relation.js";

const READER = "read_parquet($files, union_by_name = true, hive_partitioning = false)";

/** Columns by lower-case name, in order. */
type Schema = ReadonlyMap<string, Column>;

interface Column {
  readonly name: string;
  /** As DuckDB spells it. */
  readonly type: string;
}

/**
 * Returns Parquet files as relations, one per schema. Their rows are already typed, so only two things can be
 * bad: a null or infinite time, and a value that does not fit the type common to all files.
 */
export async function parquetRelations(
  session: Session,
  source: ParquetSource,
  paths: readonly string[],
): Promise<readonly Relation[]> {
  const files = paths.map((path) => ({ path, name: path, linesBefore: 0 }));
  const common = await schemaOf(session, files);
  const relations: Relation[] = [];
  for (const alike of await groupsOf(session, files, common)) {
    relations.push(parquetRelation(source, alike, await schemaOf(session, alike), common));
  }
  return relations;
}

async function schemaOf(session: Session, files: readonly SourceFile[]): Promise<Schema> {
  const described = await session.describe(`SELECT * FROM ${READER}`, { files: fileList(files) });
  return new Map(
    described.map(({ column_name: name, column_type: type }) => [name.toLowerCase(), { name, type }]),
  );
}

/** Groups files by schema; a file is its own group if a column hides the file name. */
async function groupsOf(
  session: Session,
  files: readonly SourceFile[],
  common: Schema,
): Promise<readonly (readonly SourceFile[])[]> {
  const schemas = await session.rows<{
    file_name: string;
    schema: string;
    wide: string | null;
    names: readonly string[];
    members: readonly (string | null)[];
  }>(
    `SELECT file_name, list(${guarded("name")} ORDER BY column_id) AS names, list(num_children ORDER BY column_id) AS members, any_value(name) FILTER (precision > ${MAX_DECIMAL_DIGITS}) AS wide, list({name: name, physical: type, logical: logical_type, converted: converted_type, \
width: precision, scale: scale, length: type_length, children: num_children, repetition: repetition_type})::VARCHAR AS schema
    FROM parquet_schema($files) GROUP BY file_name`,
    { files: fileList(files) },
  );
  const lossy = schemas.find(({ wide }) => wide !== null);
  if (lossy !== undefined) {
    throw new JobFailure(
      "JOB_FAILED",
      `${lossy.file_name}: column ${lossy.wide} has more than ${MAX_DECIMAL_DIGITS} digits, which DuckDB would read as a double.`,
      { isRetryable: false },
    );
  }
  for (const { file_name: file, names, members } of schemas) refuseLikeNames(file, names, members);
  const schemaByFile = new Map(schemas.map(({ file_name, schema }) => [file_name, schema]));
  const keyOf = ({ path }: SourceFile) => [schemaByFile.get(path), common.has("filename") ? path : ""];
  return groupBy(files, keyOf).map(({ items }) => items);
}

/**
 * DuckDB would call the second of two columns `a` and `A` by another name, and take it for the first one of a file that
 * has them in another order. A column without a name would get one as well.
 *
 * @param names - those of the schema's elements, `guarded`, each before its members; the first is the schema itself
 * @param members - how many each has
 */
function refuseLikeNames(
  file: string,
  names: readonly string[],
  members: readonly (string | number | null)[],
): void {
  let at = 0;
  const walk = (): void => {
    const count = Number(members[at] ?? 0);
    at += 1;
    const known = new Map<string, string>();
    for (let index = 0; index < count; index += 1) {
      const name = unguarded(names[at]!);
      const other = known.get(name.toLowerCase());
      if (name === "") throw refused(file, "has a column without a name");
      if (other !== undefined)
        throw refused(file, `has two columns ${other} and ${name}, whose names may not differ only in case`);
      known.set(name.toLowerCase(), name);
      walk();
    }
  };
  walk();
}

function refused(file: string, problem: string): JobFailure {
  return new JobFailure("JOB_FAILED", `${file} ${problem}.`, { isRetryable: false });
}

function parquetRelation(
  { timeColumn, timeUnit = "iso" }: ParquetSource,
  files: readonly SourceFile[],
  own: Schema,
  common: Schema,
): Relation {
  const time = timeColumn === undefined ? undefined : timeIn(own, common, timeColumn);
  const columns = [...common].map(([key, column]) => selected(own.get(key), column));
  return {
    files,
    from: `${READER} AS ${ROW}`,
    values: { files: fileList(files), ...(own.has("filename") ? { file: files[0]!.name } : {}) },
    columns: columns.map(({ expression, name }) => `${expression} AS ${identifier(name)}`).join(", "),
    defects: columns.flatMap(({ defect }) => defect ?? []),
    time: time && { ...time, unit: timeUnit },
    origin: originOf(own),
  };
}

/** Columns of these names hide what DuckDB would report about the row. */
function originOf(own: Schema): Origin {
  return {
    file: own.has("filename") ? "$file::VARCHAR" : `${ROW}.filename`,
    row: own.has("file_row_number") ? "NULL::BIGINT" : `${ROW}.file_row_number + 1`,
    raw: `to_json(${ROW})::VARCHAR`,
  };
}

function timeIn(own: Schema, common: Schema, name: string) {
  const column = own.get(name.toLowerCase());
  if (column !== undefined) return { expression: expressionOf(column), type: column.type };
  if (common.has(name.toLowerCase())) return { expression: "NULL::VARCHAR", type: "VARCHAR" };
  const names = [...common.values()].map((other) => other.name).join(", ");
  throw new JobFailure("JOB_FAILED", `There is no column ${name}; there are ${names}.`, {
    isRetryable: false,
  });
}

interface SelectedColumn {
  readonly name: string;
  readonly expression: string;
  readonly defect?: Defect;
}

/** Casts a file's column to the type common to all files; `undefined` for a column that the file lacks. */
function selected(own: Column | undefined, { name, type }: Column): SelectedColumn {
  if (own === undefined) return { name, expression: `CAST(NULL AS ${type})` };
  const value = expressionOf(own);
  if (own.type === type) return { name, expression: value };
  return {
    name,
    expression: castOrNull(value, type),
    defect: {
      condition: isAltered(value, own.type, type),
      reason: `${literal(`${name} is no ${type}: `)} || ${value}::VARCHAR`,
    },
  };
}

/** Returns the condition that a value is another one, or none, in another type. */
export function isAltered(value: string, own: string, type: string): string {
  return `(${castOrNull(castOrNull(value, type), own)} IS DISTINCT FROM ${value})`;
}

/** DuckDB 1.5 throws for an instant that nanoseconds do not hold, although it was only to try. */
function castOrNull(value: string, type: string): string {
  return type.includes("TIMESTAMP_NS") ? `TRY(CAST(${value} AS ${type}))` : `TRY_CAST(${value} AS ${type})`;
}

function expressionOf({ name }: Column): string {
  return `${ROW}.${identifier(name)}`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
