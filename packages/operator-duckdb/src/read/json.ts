import { listValue } from "@duckdb/node-api";
import { JobFailure } from "../duckdb/failure.js";
import { identifier } from "../duckdb/quote.js";
import type { Session } from "../duckdb/session.js";
import type { JsonSource } from "../job/job.js";
import { firstBytes, lastBytes, type Preparation, type SourceFile } from "../prepare/preparation.js";
import { fileList, groupBy } from "./files.js";
import { inferJsonColumns } from "./infer-json.js";
import { exactJson, exactText } from "./json-numbers.js";
import { JSON_BLANKS, type LaidOut, type Layout, NO_FIELDS, readerOf } from "./json-reader.js";
import { withLikeLines } from "./like-lines.js";
import { type Defect, type Relation, ROW, type TextColumn } from "./relation.js";
import { declaredColumns, selectText } from "./text-columns.js";

interface JsonFile extends LaidOut {
  /** The keys of its first object; empty if unknown. */
  readonly keys: readonly string[];
}

/**
 * Returns JSON files as relations, one per layout. Objects are read as text first, so that a malformed one is
 * kept as it was; only an array that is malformed as a whole fails the job.
 *
 * @returns none if no file has an object and their columns are not declared
 */
export async function jsonRelations(
  session: Session,
  source: JsonSource,
  paths: readonly string[],
  preparation: Preparation,
): Promise<readonly Relation[]> {
  const files: JsonFile[] = [];
  for (const path of paths) {
    const file = await preparation.text(path);
    const layout = await layoutOf(file);
    files.push({ file, layout, keys: await firstKeys(session, file, layout) });
  }
  const columns =
    source.columns === undefined
      ? await inferJsonColumns(session, files, preparation)
      : declaredColumns(source.columns);
  if (columns.length === 0) return [];
  let scans = 0;
  const relationOf = (layout: Layout, alike: readonly SourceFile[], keys: readonly string[]): Relation => {
    scans += 1;
    const relation = jsonRelation({ source, columns, layout, keys, files: alike, scan: scans });
    if (layout === "array") return relation;
    return {
      ...relation,
      withLikeLines: async () => {
        const mended = await withLikeLines(alike, NO_FIELDS, preparation);
        return mended && relationOf(layout, mended, keys);
      },
    };
  };
  const groups = groupBy(files, ({ layout }) => layout);
  return groups.map(({ key, items }) =>
    relationOf(
      key,
      items.map(({ file }) => file),
      items[0]!.keys,
    ),
  );
}

interface JsonScan {
  readonly source: JsonSource;
  readonly columns: readonly TextColumn[];
  readonly layout: Layout;
  /** The keys that most rows are likely to have. */
  readonly keys: readonly string[];
  readonly files: readonly SourceFile[];
  /** Distinguishes the tables of rejected lines. */
  readonly scan: number;
}

function jsonRelation({ source, columns, layout, keys, files, scan }: JsonScan): Relation {
  const rejects = { errors: `json_errors_${scan}`, scans: `json_scans_${scan}` };
  const { timeUnit = "iso" } = source;
  const timePath = pathOf(source.timeColumn);
  const isNested = timePath.length > 1;
  const { casts, columns: selected, defects, values } = selectText(columns, fieldOf);
  const names = [...columns.map(({ name }) => name), ...timePath.slice(0, 1)];
  const timeFields = isNested ? `, json_transform(${exactJson("raw")}, $time_structure) AS time_fields` : "";
  return {
    files,
    from: `(SELECT *, json_transform(${exactJson("raw")}, $structure) AS fields${timeFields}, \
json_keys(TRY_CAST(raw AS JSON)) AS keys FROM ${readerOf(layout, rejects)}) AS ${ROW}`,
    carried: `*${casts}`,
    values: {
      ...values,
      files: fileList(files),
      structure: structureOf(columns, isNested ? undefined : timePath[0]),
      ...(isNested ? { time_structure: nestedStructure(timePath) } : {}),
      names: listValue(names),
      lower_names: listValue(names.map((name) => name.toLowerCase())),
      ...(areClear(keys, names) ? { usual_keys: listValue([...keys]) } : {}),
    },
    columns: selected,
    defects: [
      { condition: IS_NO_OBJECT, reason: "'not a JSON object'" },
      ...keyDefects(areClear(keys, names)),
      ...defects,
    ],
    time:
      timePath.length === 0
        ? undefined
        : { expression: timeTextAt(timePath), type: "VARCHAR", unit: timeUnit },
    origin: { file: `${ROW}.file`, row: "NULL::BIGINT", raw: `${ROW}.raw` },
    ...(layout === "lines" ? { readerRejects: { ...rejects, timeText: "NULL::VARCHAR", values: {} } } : {}),
  };
}

/**
 * Text that is not JSON has no fields at all; JSON that is not an object has none of the wanted ones, but so
 * may an object.
 */
const IS_NO_OBJECT = `(${ROW}.fields IS NULL OR NOT starts_with(ltrim(${ROW}.raw, ${JSON_BLANKS}), '{'))`;

/**
 * Keys that match a column, exactly or ignoring case: of repeated ones DuckDB would take the first, and it
 * would skip one in other case.
 */
const OWN_KEYS = `list_filter(${ROW}.keys, lambda k: list_contains($names, k))`;
const LIKE_KEYS = `list_filter(${ROW}.keys, lambda k: list_contains($lower_names, lower(k)))`;

/** @param hasUsual - whether rows of `$usual_keys` are known to be good: comparing all keys at once is far cheaper */
function keyDefects(hasUsual: boolean): readonly Defect[] {
  const isUnusual = hasUsual ? `${ROW}.keys IS DISTINCT FROM $usual_keys AND ` : "";
  return [
    {
      condition: `(${isUnusual}len(${OWN_KEYS}) <> list_unique(${OWN_KEYS}))`,
      reason: "'a key stands there twice'",
    },
    {
      condition: `(${isUnusual}len(${LIKE_KEYS}) <> len(${OWN_KEYS}))`,
      reason: `'a key differs from its column in capital letters: ' || array_to_string(${LIKE_KEYS}, ', ')`,
    },
  ];
}

/** Returns whether the keys are known, occur once each, and are spelled like their columns. */
function areClear(keys: readonly string[], names: readonly string[]): boolean {
  const lowerNames = new Set(names.map((name) => name.toLowerCase()));
  const isClear = (key: string) => names.includes(key) || !lowerNames.has(key.toLowerCase());
  return keys.length > 0 && new Set(keys).size === keys.length && keys.every(isClear);
}

async function firstKeys(session: Session, { path }: SourceFile, layout: Layout): Promise<readonly string[]> {
  const head = (await firstBytes(path, HEAD_BYTES)).toString().replace(WHITE_SPACE, "");
  const first = layout === "lines" ? /^.*/.exec(head) : /\{[^{}]*\}/.exec(head);
  const [row] = await session.rows<{ keys: string[] | null }>(
    "SELECT json_keys(TRY_CAST($first::VARCHAR AS JSON)) AS keys",
    { first: first?.[0] ?? "" },
  );
  return row?.keys ?? [];
}

/**
 * Returns the structure for `json_transform`: nested values stay JSON, all others become text. The time is
 * always text.
 */
function structureOf(columns: readonly TextColumn[], timeColumn: string | undefined): string {
  const types = columns.map(({ name, type }) => [name, type === "JSON" ? "JSON" : "VARCHAR"] as const);
  return JSON.stringify({
    ...Object.fromEntries(types),
    ...(timeColumn === undefined ? {} : { [timeColumn]: "VARCHAR" }),
  });
}

function pathOf(timeColumn: JsonSource["timeColumn"] = []): readonly string[] {
  return typeof timeColumn === "string" ? [timeColumn] : timeColumn;
}

/** Returns the structure of one text inside nested objects. */
function nestedStructure(path: readonly string[]): string {
  return JSON.stringify(path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), "VARCHAR"));
}

/** A nested time has fields of its own: its outermost key may be a column as well. */
function timeTextAt(path: readonly string[]): string {
  const [name = ""] = path;
  return path.length === 1
    ? fieldOf({ name })
    : exactText(`${ROW}.time_fields.${path.map(identifier).join(".")}`);
}

function fieldOf({ name }: { readonly name: string }): string {
  return exactText(`${ROW}.fields.${identifier(name)}`);
}

const WHITE_SPACE = /^[\ufeff \t\r\n]*/;
const HEAD_BYTES = 65_536;

/**
 * @throws JobFailure JOB_FAILED, retryable, for an unterminated array: DuckDB would read the rows up to its
 * end
 */
async function layoutOf({ name, path }: SourceFile): Promise<Layout> {
  const first = await firstCharacter(path);
  if (first !== "[") return "lines";
  const end = (await lastBytes(path, HEAD_BYTES)).toString("latin1").trimEnd();
  if (end.endsWith("]") || end === "") return "array";
  throw new JobFailure("JOB_FAILED", `${name} ends too early: its JSON array is not closed.`, {
    isRetryable: true,
  });
}

/** Returns the first non-blank character of a file. */
async function firstCharacter(path: string): Promise<string | undefined> {
  for (let count = HEAD_BYTES; ; count *= 2) {
    const bytes = await firstBytes(path, count);
    const text = bytes.toString().replace(WHITE_SPACE, "");
    if (text !== "" || bytes.length < count) return text[0];
  }
}
