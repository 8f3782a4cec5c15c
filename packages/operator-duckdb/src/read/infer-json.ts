import { guarded, unguarded } from "../duckdb/describe.js";
import { JobFailure } from "../duckdb/failure.js";
import { identifier } from "../duckdb/quote.js";
import type { Session } from "../duckdb/session.js";
import type { Preparation } from "../prepare/preparation.js";
import { fileList, groupBy } from "./files.js";
import { exactJson, exactText } from "./json-numbers.js";
import { type LaidOut, type Layout, NO_FIELDS, readerOf } from "./json-reader.js";
import { unlessLinesDiffer, withLikeLines } from "./like-lines.js";
import { ROW, type TextColumn } from "./relation.js";
import { inferredColumns } from "./text-columns.js";
import { exactValueOf } from "./text-value.js";

/** Digits that a double always keeps, and those with which it is written so that it is read again. */
const DIGITS = { kept: 15, written: 17 };

/**
 * Types that DuckDB also infers from texts that they alter, with the condition that a text is kept: it rounds whole
 * numbers to doubles, and times of day to microseconds.
 */
const KEPT: Readonly<Record<string, (text: string) => string>> = {
  BIGINT: (text) => `${exactValueOf(text, "BIGINT")} IS NOT NULL`,
  DOUBLE: (text) =>
    `isfinite(${exactValueOf(text, "DOUBLE")}) AND length(${significant(text)}) <= CASE WHEN regexp_matches(${text}, '[.eE]') THEN ${DIGITS.written} ELSE ${DIGITS.kept} END`,
  DATE: (text) => `${exactValueOf(text, "DATE")} IS NOT NULL`,
  TIME: (text) => `${exactValueOf(text, "TIME")} IS NOT NULL`,
  TIMESTAMP: (text) => `${exactValueOf(text, "TIMESTAMP")} IS NOT NULL`,
  TIMESTAMPTZ: (text) => `${exactValueOf(text, "TIMESTAMPTZ")} IS NOT NULL`,
};

/**
 * Names that DuckDB may have made up: for a key that differs from another only in case, for one without a name, and for
 * files without keys.
 */
const MADE_UP = /_\d+$|^C\d+$|^json$/;

/**
 * Returns the columns of JSON files with types that hold all their values: `VARCHAR` for one whose inferred type does
 * not. Reads all rows, since a key that the first ones lack is a column as well.
 *
 * @returns none if there are no rows
 * @throws JobFailure JOB_FAILED with a file that has a key without a name
 */
export async function inferJsonColumns(
  session: Session,
  files: readonly LaidOut[],
  preparation: Preparation,
): Promise<readonly TextColumn[]> {
  const described = await session.describe(
    `SELECT * FROM read_json($files, union_by_name = true, hive_partitioning = false, ignore_errors = true, \
sample_size = -1, maximum_sample_files = 2147483647)`,
    { files: fileList(files.map(({ file }) => file)) },
  );
  const columns = await namedByKeys(session, inferredColumns(described, "JSON"), files, preparation);
  const doubtful = columns.filter(({ type }) => Object.hasOwn(KEPT, type));
  const altered = new Set<string>();
  for (const { key, items } of groupBy(files, ({ layout }) => layout)) {
    for (const name of await alteredIn(
      session,
      { layout: key, files: items, columns: doubtful },
      preparation,
    ))
      altered.add(name);
  }
  return columns.map(({ name, type }) => ({ name, type: altered.has(name) ? "VARCHAR" : type }));
}

/** Returns the columns that are keys of the files. */
async function namedByKeys(
  session: Session,
  columns: readonly TextColumn[],
  files: readonly LaidOut[],
  preparation: Preparation,
): Promise<readonly TextColumn[]> {
  if (!columns.some(({ name }) => MADE_UP.test(name))) return columns;
  const keys = new Set<string | null>();
  for (const { key: layout, items } of groupBy(files, (file) => file.layout)) {
    const sources = items.map(({ file }) => file);
    const rows = `(SELECT file, unnest(coalesce(nullif(json_keys(TRY_CAST(raw AS JSON)), []), [NULL])) AS key FROM ${readerOf(layout)})`;
    const found = await unlessLinesDiffer(
      (alike) =>
        session.rows<{ key: string | null; file: string }>(
          `SELECT ${guarded("key")} AS key, min(file) AS file FROM ${rows} GROUP BY ALL`,
          { files: fileList(alike) },
        ),
      sources,
      () => withLikeLines(sources, NO_FIELDS, preparation),
    );
    for (const { key, file } of found) {
      const name = key === null ? null : unguarded(key);
      if (name === "") throw namelessKey(preparation.named(file));
      keys.add(name);
    }
  }
  const named = columns.filter(({ name }) => keys.has(name));
  // Rows that have no keys need a column all the same.
  return named.length === 0 && keys.size > 0 ? columns : named;
}

function namelessKey(file: string): JobFailure {
  return new JobFailure(
    "JOB_FAILED",
    `${file} has a key without a name, which no column can have; job.source.columns names those to copy.`,
    { isRetryable: false },
  );
}

interface Scan {
  readonly layout: Layout;
  readonly files: readonly LaidOut[];
  readonly columns: readonly TextColumn[];
}

/** Returns the names of those columns that have a value which their type does not keep. */
async function alteredIn(
  session: Session,
  { layout, files, columns }: Scan,
  preparation: Preparation,
): Promise<readonly string[]> {
  if (columns.length === 0) return [];
  const sources = files.map(({ file }) => file);
  const isAltered = columns.map(({ name, type }, index) => {
    const text = exactText(`${ROW}.fields.${identifier(name)}`);
    return `coalesce(bool_or(${text} IS NOT NULL AND NOT coalesce(${KEPT[type]!(text)}, false)), false) AS ${identifier(`altered_${index}`)}`;
  });
  const rows = `(SELECT raw, json_transform(${exactJson("raw")}, $structure) AS fields FROM ${readerOf(layout)}) AS ${ROW}`;
  const structure = JSON.stringify(Object.fromEntries(columns.map(({ name }) => [name, "VARCHAR"])));
  const [found] = await unlessLinesDiffer(
    (alike) =>
      session.rows<Readonly<Record<string, boolean>>>(`SELECT ${isAltered.join(", ")} FROM ${rows}`, {
        files: fileList(alike),
        structure,
      }),
    sources,
    () => withLikeLines(sources, NO_FIELDS, preparation),
  );
  return columns.flatMap(({ name }, index) => (found?.[`altered_${index}`] === true ? [name] : []));
}

/** Returns the significant digits of a number's text. */
function significant(text: string): string {
  return `ltrim(regexp_replace(${text}, '[eE].*|[^0-9]', '', 'g'), '0')`;
}
