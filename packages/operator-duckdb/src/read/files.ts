import { listValue } from "@duckdb/node-api";
import { JobFailure } from "../duckdb/failure.js";
import type { Session } from "../duckdb/session.js";
import type { SourceFile } from "../prepare/preparation.js";

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

/** Items in groups of what is the same for them. */
export function groupBy<Item, Key>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
): readonly { readonly key: Key; readonly items: readonly Item[] }[] {
  const groups = new Map<string, { key: Key; items: Item[] }>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(JSON.stringify(key));
    if (group === undefined) groups.set(JSON.stringify(key), { key, items: [item] });
    else group.items.push(item);
  }
  return [...groups.values()];
}

/** Files as a parameter of a reader, which would take the names for globs. */
export function fileList(files: readonly Pick<SourceFile, "path">[]) {
  return listValue(files.map(({ path }) => path.replace(/[*?[]/g, "[$&]")));
}
