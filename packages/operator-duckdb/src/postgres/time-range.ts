import type { Interval } from "@tidegate/core";
import { JobFailure } from "../duckdb/failure.js";
import type { TimeUnit } from "../job/job.js";
import { type PostgresColumn, quoted } from "./table.js";

const INTEGERS: ReadonlySet<string> = new Set(["int2", "int4", "int8"]);
const INSTANTS: ReadonlySet<string> = new Set(["date", "timestamp", "timestamptz"]);

/** Digits after the point of an epoch in seconds that was given in milliseconds, by unit. */
const POWER: Readonly<Record<Exclude<TimeUnit, "iso">, number>> = { s: -3, ms: 0, us: 3, ns: 6 };

/**
 * Returns `lower <= time < upper` as SQL that an index of the column can serve. Times without a zone are UTC,
 * as in files; the session's zone is UTC too. Null and infinite times are in no interval.
 *
 * @throws JobFailure JOB_INVALID for a column that cannot be compared with instants
 */
export function timeRange(
  column: PostgresColumn,
  unit: TimeUnit,
  { lower, upper }: Interval,
  field: string,
): string {
  const name = quoted(column.name);
  const between = (literal: (ms: number) => string) =>
    `(${name} >= ${literal(lower)} AND ${name} < ${literal(upper)})`;
  const { type, isBuiltIn } = column;
  if (isBuiltIn && unit === "iso" && INSTANTS.has(type)) {
    // A date is compared as its midnight.
    return between((ms) => `${type === "timestamptz" ? "timestamptz" : "timestamp"} '${isoOf(ms)}'`);
  }
  if (isBuiltIn && unit !== "iso" && INTEGERS.has(type))
    return between((ms) => integerLiteral(ceiling(ms, POWER[unit])));
  if (isBuiltIn && unit !== "iso" && type === "numeric") {
    return between((ms) => `'${ms}e${POWER[unit]}'::numeric`);
  }
  throw new JobFailure(
    "JOB_INVALID",
    `${field}: ${column.name} is ${column.sql}, which timeUnit ${unit} does not fit: it takes ${
      unit === "iso" ? "date, timestamp or timestamptz" : "an integer or numeric"
    }.`,
    { isRetryable: false },
  );
}

/** Returns the first whole number of units that is not before an instant. */
function ceiling(ms: number, power: number): bigint {
  if (power >= 0) return BigInt(ms) * 10n ** BigInt(power);
  return BigInt(Math.ceil(ms / 10 ** -power));
}

/** Returns an integer as SQL. An index of integers serves a comparison with integers alone. */
export function integerLiteral(value: bigint): string {
  return `'${value}'::${BigInt.asIntN(64, value) === value ? "int8" : "numeric"}`;
}

/** Returns an instant as Postgres reads it in the zone UTC; the year 0 is 1 BC. */
export function isoOf(ms: number): string {
  const [, year, rest] = /^([+-]?\d+)-(.*)Z$/.exec(new Date(ms).toISOString())!;
  const number = Number(year);
  const written = String(number > 0 ? number : 1 - number).padStart(4, "0");
  return `${written}-${rest!.replace("T", " ")}${number > 0 ? "" : " BC"}`;
}
