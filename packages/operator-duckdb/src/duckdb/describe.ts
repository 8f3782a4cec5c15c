/** A column as DuckDB describes it. */
export interface DescribedColumn {
  readonly column_name: string;
  readonly column_type: string;
}

/** Precedes a name on its way to JavaScript: the driver drops a byte order mark that a text begins with. */
const GUARD = "~";

/** Returns a text as an SQL expression of which nothing is lost on the way to `unguarded`. */
export function guarded(text: string): string {
  return `'${GUARD}' || ${text}`;
}

/** Returns the text of a value that `guarded` selected. */
export function unguarded(text: string): string {
  return text.slice(GUARD.length);
}

/** Returns a query for the columns of another, to be read by `describedColumns`. */
export function describing(query: string): string {
  return `SELECT ${guarded("column_name")} AS column_name, column_type FROM (DESCRIBE ${query})`;
}

/** Returns the columns that a query of `describing` has found. */
export function describedColumns(rows: readonly DescribedColumn[]): readonly DescribedColumn[] {
  return rows.map(({ column_name, column_type }) => ({ column_name: unguarded(column_name), column_type }));
}
