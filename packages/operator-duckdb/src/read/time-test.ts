import { DuckDBTimestampTZValue, DuckDBTimestampValue, type DuckDBValue } from "@duckdb/node-api";
import type { Interval } from "@tidegate/core";
import type { Values } from "../duckdb/session.js";
import { isIntegerType } from "../job/column-type.js";
import type { TimeUnit } from "../job/job.js";
import { instantOf } from "./text-value.js";

/** Conditions on a row's time, in SQL. */
export interface TimeTest {
  /** True for a row whose time can be read; never null. */
  readonly isReadable: string;
  /** True for a row whose time lies in the interval; null where it cannot be read. */
  readonly isWithin: string;
  /** The bounds, as parameters of `isWithin`. */
  readonly values: Values;
}

/** The time column as it stands in SQL. */
export interface TimeColumn {
  readonly expression: string;
  /** Its DuckDB type. */
  readonly type: string;
  readonly unit: TimeUnit;
}

/** How many of a unit there are in a second. */
const PER_SECOND: Readonly<Record<Exclude<TimeUnit, "iso">, bigint>> = {
  s: 1n,
  ms: 1_000n,
  us: 1_000_000n,
  ns: 1_000_000_000n,
};

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** Tests `lower <= time < upper` for a column of any type, without a cast where the type allows DuckDB to skip files' parts. */
export function timeTest(column: TimeColumn, interval: Interval): TimeTest {
  return column.unit === "iso"
    ? timestampTest(column, interval)
    : numberTest({ ...column, unit: column.unit }, interval);
}

function timestampTest({ expression, type }: TimeColumn, interval: Interval): TimeTest {
  if (type === "TIMESTAMP") return between(expression, true, boundsOf(interval, toTimestamp));
  if (type === "TIMESTAMP WITH TIME ZONE") return between(expression, true, boundsOf(interval, toInstant));
  if (type === "VARCHAR") return between(instantOf(expression), true, boundsOf(interval, toInstant));
  return between(`TRY_CAST(${expression} AS TIMESTAMP)`, true, boundsOf(interval, toTimestamp));
}

interface NumberColumn extends TimeColumn {
  readonly unit: Exclude<TimeUnit, "iso">;
}

function numberTest({ expression, type, unit }: NumberColumn, interval: Interval): TimeTest {
  const whole = boundsOf(interval, (ms) => wholeUnits(ms, unit));
  if (isIntegerType(type)) return between(expression, false, whole);
  const real = between(
    `TRY_CAST(${expression} AS DOUBLE)`,
    true,
    boundsOf(interval, (ms) => units(ms, unit)),
    "real",
  );
  if (type !== "VARCHAR") return real;
  // Nanoseconds do not fit into a double, so text that is a whole number is compared as one.
  const integer = `TRY_CAST(CASE WHEN regexp_full_match(${expression}, '[+-]?\\d+') THEN ${expression} END AS BIGINT)`;
  const exact = between(integer, false, whole);
  return {
    isReadable: real.isReadable,
    isWithin: `(CASE WHEN ${integer} IS NOT NULL THEN ${exact.isWithin} ELSE ${real.isWithin} END)`,
    values: { ...exact.values, ...real.values },
  };
}

interface Bounds {
  readonly lower: DuckDBValue;
  readonly upper: DuckDBValue;
}

function between(value: string, hasInfinity: boolean, { lower, upper }: Bounds, prefix = "time"): TimeTest {
  const parameters = { [`${prefix}_lower`]: lower, [`${prefix}_upper`]: upper };
  const finite = hasInfinity ? `coalesce(isfinite(${value}), false)` : `${value} IS NOT NULL`;
  return {
    isReadable: `(${finite})`,
    isWithin: `(${value} >= $${prefix}_lower AND ${value} < $${prefix}_upper)`,
    values: parameters,
  };
}

function boundsOf(interval: Interval, bound: (ms: number) => DuckDBValue): Bounds {
  return { lower: bound(interval.lower), upper: bound(interval.upper) };
}

/** A TIMESTAMP parameter, which stands for UTC. @param ms - epoch ms */
export function toTimestamp(ms: number): DuckDBTimestampValue {
  return new DuckDBTimestampValue(BigInt(ms) * 1_000n);
}

function toInstant(ms: number): DuckDBTimestampTZValue {
  return new DuckDBTimestampTZValue(BigInt(ms) * 1_000n);
}

/** The first whole number of units that is not before an instant: `n >= bound` is then the same as `n >= wholeUnits`. */
function wholeUnits(ms: number, unit: Exclude<TimeUnit, "iso">): bigint {
  const scaled = BigInt(ms) * PER_SECOND[unit];
  const floor = scaled / 1_000n - (scaled % 1_000n < 0n ? 1n : 0n);
  const ceiling = floor * 1_000n === scaled ? floor : floor + 1n;
  if (ceiling > INT64_MAX) return INT64_MAX;
  return ceiling < INT64_MIN ? INT64_MIN : ceiling;
}

function units(ms: number, unit: Exclude<TimeUnit, "iso">): number {
  return unit === "s" ? ms / 1_000 : ms * Number(PER_SECOND[unit] / 1_000n);
}
