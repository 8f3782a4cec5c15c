import { listValue } from "@duckdb/node-api";
import { JobFailure } from "../duckdb/failure.js";
import type { Session, Values } from "../duckdb/session.js";

/** The longest line or JSON object that is read, bytes. */
export const MAX_LINE_BYTES = 16_777_216;

/** Left to itself, DuckDB would take sixteen times the longest line as its buffer. */
export const LINE_LIMITS = `max_line_size = ${MAX_LINE_BYTES}, buffer_size = ${2 * MAX_LINE_BYTES}`;

/** Reads lines as they are: nothing separates columns but a control character that text and JSON do not have. */
export const LINE_DIALECT = `auto_detect = false, header = false, delim = '\u0001', quote = '', escape = '', \
columns = {'line': 'VARCHAR'}, hive_partitioning = false, ${LINE_LIMITS}`;

/**
 * The files that a source names, sorted.
 *
 * @throws JobFailure JOB_FAILED, to be retried, when a path matches nothing: the file may be on its way
 */
export async function listFiles(session: Session, paths: readonly string[]): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const path of paths) {
    const matches = await session.rows<{ file: string }>("SELECT file FROM glob($path)", { path });
    if (matches.length === 0) {
      throw new JobFailure("JOB_FAILED", `No file matches ${path}.`, { isRetryable: true });
    }
    for (const { file } of matches) files.add(file);
  }
  return [...files].sort();
}

/** The line of a file after the first `skip`, or `undefined` when it is empty or there is none. */
export async function lineAfter(session: Session, file: string, skip: number): Promise<string | undefined> {
  return firstLine(session, file, "LIMIT 1 OFFSET $skip", { skip: BigInt(skip) });
}

/** The first line of a file that is not blank, or `undefined` when there is none. */
export async function firstLineOfText(session: Session, file: string): Promise<string | undefined> {
  return firstLine(session, file, "WHERE trim(line) <> '' LIMIT 1", {});
}

async function firstLine(
  session: Session,
  file: string,
  which: string,
  values: Values,
): Promise<string | undefined> {
  const lines = await session.rows<{ line: string | null }>(
    `SELECT line FROM read_csv($file, ${LINE_DIALECT}, ignore_errors = true) ${which}`,
    { ...values, file },
  );
  return lines[0]?.line ?? undefined;
}

/** Files in groups of what is the same for them. */
export async function groupFiles<Key>(
  files: readonly string[],
  keyOf: (file: string) => Promise<Key>,
): Promise<readonly { readonly key: Key; readonly files: readonly string[] }[]> {
  const groups = new Map<string, { key: Key; files: string[] }>();
  for (const file of files) {
    const key = await keyOf(file);
    const group = groups.get(JSON.stringify(key));
    if (group === undefined) groups.set(JSON.stringify(key), { key, files: [file] });
    else group.files.push(file);
  }
  return [...groups.values()];
}

/** Files as a parameter of a reader. */
export function fileList(files: readonly string[]) {
  return listValue([...files]);
}
