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
  "TINYINT",
  "UBIGINT",
  "UINTEGER",
  "USMALLINT",
  "UTINYINT",
  "UUID",
  "VARCHAR",
] as const;

const DECIMAL = /^DECIMAL\((\d{1,2}),(\d{1,2})\)$/;
const MAX_DECIMAL_DIGITS = 38;

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
  const decimal = DECIMAL.exec(name);
  if (decimal !== null) {
    const [width, scale] = [Number(decimal[1]), Number(decimal[2])];
    return width >= 1 && width <= MAX_DECIMAL_DIGITS && scale <= width ? name : undefined;
  }
  return COLUMN_TYPES.find((type) => type === name);
}

/** Whether a DuckDB type holds whole numbers that fit into 64 bits. */
export function isIntegerType(type: string): boolean {
  return INTEGERS.has(type);
}
