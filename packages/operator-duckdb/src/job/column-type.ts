/**
 * The types that `columns` may declare: DuckDB's names, those only that Parquet keeps without loss (`HUGEINT`, which it
 * stores as a double, is not among them). `JSON` takes nested values as they are.
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

/** A declared type as it stands in SQL, or `undefined` for what is not one. It is safe to interpolate. */
export function columnType(declared: string): string | undefined {
  const name = declared.toUpperCase().replaceAll(" ", "");
  const decimal = decimalOf(name);
  if (decimal !== undefined) {
    const { width, scale } = decimal;
    return width >= 1 && width <= MAX_DECIMAL_DIGITS && scale <= width ? name : undefined;
  }
  return COLUMN_TYPES.find((type) => type === name);
}

/** The digits of a DECIMAL, in all and behind the point; `undefined` for other types. */
export function decimalOf(type: string): { readonly width: number; readonly scale: number } | undefined {
  const decimal = DECIMAL.exec(type);
  return decimal === null ? undefined : { width: Number(decimal[1]), scale: Number(decimal[2]) };
}

/** Whether a DuckDB type holds whole numbers that fit into 64 bits. */
export function isIntegerType(type: string): boolean {
  return INTEGERS.has(type);
}
