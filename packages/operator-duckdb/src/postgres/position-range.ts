import { JobFailure } from "../duckdb/failure.js";
import type { Positions } from "../job/window.js";
import { type PostgresColumn, quoted } from "./table.js";
import { integerLiteral } from "./time-range.js";

const LITERALS: Readonly<Record<string, (value: bigint) => string>> = {
  int2: integerLiteral,
  int4: integerLiteral,
  int8: integerLiteral,
  xid8: (value) => `'${value}'::xid8`,
};

/**
 * Returns `lower <= column < upper` as SQL that an index of the column can serve.
 *
 * @param positions - whole numbers
 * @throws JobFailure JOB_INVALID for a column that cannot be compared with positions
 */
export function positionRange(
  { name, sql, type, isBuiltIn }: PostgresColumn,
  { lower, upper }: Positions,
  field: string,
): string {
  const literal = isBuiltIn ? LITERALS[type] : undefined;
  if (literal === undefined) {
    throw new JobFailure(
      "JOB_INVALID",
      `${field}: ${name} is ${sql}, but positions are compared with smallint, integer, bigint or xid8.`,
      { isRetryable: false },
    );
  }
  const isBelow = `${quoted(name)} < ${literal(BigInt(upper))}`;
  return lower === undefined ? isBelow : `(${quoted(name)} >= ${literal(BigInt(lower))} AND ${isBelow})`;
}
