/**
 * The types that `columns` may declare: those of DuckDB's names that Parquet stores without loss (not
 * `HUGEINT`, which it stores as a double). `JSON` keeps nested values as they are.
 */
export const COLUMN_TYPES = [
  "BIGINT",
  "BOOLEAN",
  "DATE",
  "DECIMAL(p,s)",
  "DOUBLE",
  "FLOAT",
  "INTEGER",
  "JSON",
  "SMALLINT",
  "TIME",
  "TIMESTAMP",
  "TIMESTAMPTZ",
  "TIMESTAMP_NS",
  "TINYINT",
  "UBIGINT",
  "UINTEGER",
  "USMALLINT",
  "UTINYINT",
  "UUID",
  "VARCHAR",
] as const;

const DECIMAL = /^DECIMAL\((\d{1,2}),(\d{1,2})\)$/;
export const MAX_DECIMAL_DIGITS = 38;

const INTEGERS: ReadonlySet<string> = new Set([
  "BIGINT",
  "INTEGER",
  "SMALLINT",
  "TINYINT",
  "UBIGINT",
  "UINTEGER",
  "USMALLINT",
  "UTINYINT",
]);

/** Returns a declared type as SQL that is safe to interpolate, or `undefined` if it is not a type. */
export function columnType(declared: string): string | undefined {
  const name = declared.toUpperCase().replaceAll(" ", "");
  const decimal = decimalOf(name);
  if (decimal !== undefined) {
    const { width, scale } = decimal;
    return width >= 1 && width <= MAX_DECIMAL_DIGITS && scale <= width ? name : undefined;
  }
  return COLUMN_TYPES.find((type) => type === name);
}

/** Returns a DECIMAL's total digits and the digits after its point; `undefined` for other types. */
export function decimalOf(type: string): { readonly width: number; readonly scale: number } | undefined {
  const decimal = DECIMAL.exec(type);
  return decimal === null ? undefined : { width: Number(decimal[1]), scale: Number(decimal[2]) };
}

/** Returns whether a DuckDB type holds integers that fit into 64 bits. */
export function isIntegerType(type: string): boolean {
  return INTEGERS.has(type);
}
