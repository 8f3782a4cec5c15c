import { JobFailure } from "../duckdb/failure.js";
import type { CsvSource } from "../job/job.js";
import { type CsvHeader, findHeader } from "../prepare/csv-header.js";
import { firstBytes, type Preparation, type SourceFile } from "../prepare/preparation.js";
import type { Dialect } from "./csv-dialect.js";
import { groupBy, MAX_LINE_BYTES } from "./files.js";

const HEAD_BYTES = 65_536;

/** CSV files with the same columns in the same order. */
export interface CsvGroup {
  /** Column names; `undefined` for files without a header. */
  readonly names: readonly string[] | undefined;
  /** How to read the files. */
  readonly dialect: Dialect;
  readonly files: readonly SourceFile[];
}

/** Prepares CSV files and groups them by their headers. */
export async function csvGroups(
  paths: readonly string[],
  { options }: CsvSource,
  dialect: Dialect,
  preparation: Preparation,
): Promise<readonly CsvGroup[]> {
  const files: CsvGroup[] = [];
  for (const path of paths) {
    const file = await preparation.text(path, options?.encoding);
    files.push(await withHeader(await preparation.withoutComments(file, dialect), dialect, preparation));
  }
  return groupBy(files, ({ names, dialect: own }) => ({ names, own })).map(({ items }) => ({
    ...items[0]!,
    files: items.flatMap(({ files: alike }) => alike),
  }));
}

/**
 * Returns a file with its header, which DuckDB's reader skips unless it is a single line after the lines to
 * skip.
 */
async function withHeader(file: SourceFile, dialect: Dialect, preparation: Preparation): Promise<CsvGroup> {
  const header = await headerOf(file, dialect);
  const names = header.names && distinct(header.names, file);
  const { newLine } = header;
  const { rows, own } = header.isPlain
    ? { rows: file, own: dialect.header ? dialect : { ...dialect, newLine } }
    : {
        rows: await preparation.from(file, header.end, header.lines),
        own: { ...dialect, header: false, skip: 0, newLine },
      };
  const isIndivisible = !dialect.relaxed && (await preparation.isIndivisible(rows, dialect));
  return { names, dialect: isIndivisible ? { ...own, isIndivisible } : own, files: [rows] };
}

async function headerOf({ name, path }: SourceFile, dialect: Dialect): Promise<CsvHeader> {
  for (let count = HEAD_BYTES; ; count *= 2) {
    const bytes = await firstBytes(path, count);
    const header = findHeader(bytes.toString("latin1"), dialect, bytes.length < count);
    if (typeof header === "object") return header;
    if (header === "unclosed") throw refused(name, "ends inside the quotes of its header");
    if (count > MAX_LINE_BYTES) throw refused(name, `has a header of more than ${MAX_LINE_BYTES} bytes`);
  }
}

/**
 * @throws JobFailure JOB_FAILED for a header with an empty or repeated column name; names are
 * case-insensitive
 */
function distinct(header: readonly string[], { name: file }: SourceFile): readonly string[] {
  if (header.every((name) => name.trim() === "")) throw refused(file, "has a header without names");
  if (header.some((name) => name.includes("\ufffd"))) {
    throw refused(file, "has a header that is not UTF-8; job.source.options.encoding names another encoding");
  }
  const names = header.map((name, index) => name || `column${index}`);
  if (new Set(names.map((name) => name.toLowerCase())).size === names.length) return names;
  throw refused(file, "names a column twice in its header");
}

function refused(file: string, problem: string): JobFailure {
  return new JobFailure("JOB_FAILED", `${file} ${problem}.`, { isRetryable: false });
}
