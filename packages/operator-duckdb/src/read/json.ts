import { identifier } from "../duckdb/quote.js";
import type { Session } from "../duckdb/session.js";
import type { JsonSource } from "../job/job.js";
import { fileList, firstLineOfText, groupFiles, LINE_DIALECT, listFiles, MAX_LINE_BYTES } from "./files.js";
import { type Relation, ROW, type TextColumn } from "./relation.js";
import { declaredColumns, inferredColumns, selectText } from "./text-columns.js";

type Layout = "lines" | "array";

const REJECTS = { errors: "json_errors", scans: "json_scans" };

/**
 * JSON files as relations, one for each layout. Objects are read as text first, so that one that is malformed is kept
 * as it was; only an array that is malformed as a whole fails the job.
 */
export async function jsonRelations(
  session: Session,
  source: JsonSource,
  paths: readonly string[],
): Promise<readonly Relation[]> {
  const files = await listFiles(session, paths);
  const columns =
    source.columns === undefined ? await inferColumns(session, files) : declaredColumns(source.columns);
  const groups = await groupFiles(files, (file) => layoutOf(session, file));
  return groups.map(({ key: layout, files: alike }) => jsonRelation(source, columns, layout, alike));
}

function jsonRelation(
  source: JsonSource,
  columns: readonly TextColumn[],
  layout: Layout,
  files: readonly string[],
): Relation {
  const { timeColumn, timeUnit = "iso" } = source;
  const { columns: selected, defects, values } = selectText(columns, ({ name }) => fieldOf(name));
  return {
    from: `(SELECT file, raw, json_transform(TRY_CAST(raw AS JSON), $structure) AS fields FROM ${READERS[layout]}) AS ${ROW}`,
    values: { ...values, files: fileList(files), structure: structureOf(columns, timeColumn) },
    columns: selected,
    defects: [{ condition: IS_NO_OBJECT, reason: "'not a JSON object'" }, ...defects],
    time:
      timeColumn === undefined
        ? undefined
        : { expression: fieldOf(timeColumn), type: "VARCHAR", unit: timeUnit },
    origin: { file: `${ROW}.file`, row: "NULL::BIGINT", raw: `${ROW}.raw` },
    ...(layout === "lines" ? { readerRejects: { ...REJECTS, timeText: "NULL::VARCHAR", values: {} } } : {}),
  };
}

const READERS: Readonly<Record<Layout, string>> = {
  lines: `(SELECT filename AS file, line AS raw FROM read_csv($files, ${LINE_DIALECT}, store_rejects = true, \
rejects_table = '${REJECTS.errors}', rejects_scan = '${REJECTS.scans}') WHERE trim(line) <> '')`,
  array: `(SELECT filename AS file, json::VARCHAR AS raw FROM read_json_objects($files, format = 'array', hive_partitioning = false, \
maximum_object_size = ${MAX_LINE_BYTES}))`,
};

/** What is not JSON has no fields at all; what is JSON but no object has none of them, as an object might have. */
const IS_NO_OBJECT = `(${ROW}.fields IS NULL OR NOT starts_with(ltrim(${ROW}.raw), '{'))`;

/** For `json_transform`: nested values stay JSON, all others become text. The time is text whatever its type is. */
function structureOf(columns: readonly TextColumn[], timeColumn: string | undefined): string {
  const types = columns.map(({ name, type }) => [name, type === "JSON" ? "JSON" : "VARCHAR"] as const);
  return JSON.stringify({
    ...Object.fromEntries(types),
    ...(timeColumn === undefined ? {} : { [timeColumn]: "VARCHAR" }),
  });
}

function fieldOf(name: string): string {
  return `${ROW}.fields.${identifier(name)}`;
}

async function layoutOf(session: Session, file: string): Promise<Layout> {
  const line = await firstLineOfText(session, file);
  return line?.trimStart().startsWith("[") ? "array" : "lines";
}

async function inferColumns(session: Session, files: readonly string[]): Promise<readonly TextColumn[]> {
  const described = await session.rows<{ column_name: string; column_type: string }>(
    "DESCRIBE SELECT * FROM read_json($files, union_by_name = true, hive_partitioning = false, ignore_errors = true)",
    { files: fileList(files) },
  );
  return inferredColumns(described, "JSON");
}
