import type { SourceFile } from "../prepare/preparation.js";
import { LINE_DIALECT, MAX_LINE_BYTES } from "./files.js";

/** How the objects of a JSON file are laid out. */
export type Layout = "lines" | "array";

/** A JSON file and its layout. */
export interface LaidOut {
  readonly file: SourceFile;
  readonly layout: Layout;
}

/** The white space of JSON, as SQL: by default, DuckDB trims blanks alone. */
export const JSON_BLANKS = String.raw`E' \t\n\r'`;

/** JSON lines have no separator or quote that could enclose a line end. */
export const NO_FIELDS = { delimiter: "\u0001", quote: "", escape: "" };

/**
 * Returns the rows `(file, raw)` of `$files`: each object as text.
 *
 * @param rejects - the tables that keep lines that are too long. @default they are left out
 */
export function readerOf(
  layout: Layout,
  rejects?: { readonly errors: string; readonly scans: string },
): string {
  const tooLong =
    rejects === undefined
      ? "ignore_errors = true"
      : `store_rejects = true, rejects_table = '${rejects.errors}', rejects_scan = '${rejects.scans}'`;
  return layout === "lines"
    ? `(SELECT filename AS file, line AS raw FROM read_csv($files, ${LINE_DIALECT}, ${tooLong}) WHERE trim(line, ${JSON_BLANKS}) <> '')`
    : `(SELECT filename AS file, json::VARCHAR AS raw FROM read_json_objects($files, format = 'array', hive_partitioning = false, \
maximum_object_size = ${MAX_LINE_BYTES}))`;
}
