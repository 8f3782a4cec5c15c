import { DuckDBTimestampTZValue, DuckDBTimestampValue, type DuckDBValue } from "@duckdb/node-api";
import type { Interval } from "@tidegate/core";
import type { Values } from "../duckdb/session.js";
import { isIntegerType } from "../job/column-type.js";
import type { TimeUnit } from "../job/job.js";
import { exactValueOf, instantOf } from "./text-value.js";

/** SQL conditions on a row's time, and the parameters that they use. */
export interface TimeTest {
  /** True if the row's time can be read; never null. */
  readonly isReadable: string;
  /**
   * True if a run must process the row: its time lies in the interval, or cannot be read. Never null. An
   * empty interval may omit the latter.
   */
  readonly isConcerned: string;
  readonly values: Values;
}

/** A time column as SQL. */
export interface TimeColumn {
  readonly expression: string;
  /** Its DuckDB type. */
  readonly type: string;
  readonly unit: TimeUnit;
}

type NumberUnit = Exclude<TimeUnit, "iso">;

/** Units per second. */
const PER_SECOND: Readonly<Record<NumberUnit, bigint>> = {
  s: 1n,
  ms: 1_000n,
  us: 1_000_000n,
  ns: 1_000_000_000n,
};

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** Tests `lower <= time < upper` for a column of any type, in the column's own unit where possible. */
export function timeTest({ expression, type, unit }: TimeColumn, interval: Interval): TimeTest {
  if (unit !== "iso") return numberTest(expression, type, unit, interval);
  if (type === "VARCHAR") return between(instantOf(expression), instants(interval));
  if (type === "TIMESTAMP WITH TIME ZONE") return finite(expression, instants(interval));
  if (type === "TIMESTAMP_NS") return nanosecondTest(expression, interval);
  const timestamp = type === "TIMESTAMP" ? expression : `TRY_CAST(${expression} AS TIMESTAMP)`;
  return finite(timestamp, timestamps(interval));
}

function numberTest(expression: string, type: string, unit: NumberUnit, interval: Interval): TimeTest {
  if (isIntegerType(type)) return between(expression, wholeNumbers(interval, unit));
  if (type !== "VARCHAR") return realTest(`TRY_CAST(${expression} AS DOUBLE)`, unit, interval);
  // Nanoseconds do not fit into a double, so text that is a whole number is compared as one.
  const whole = `TRY_CAST(CASE WHEN regexp_full_match(${expression}, '[+-]?\\d+') THEN ${expression} END AS BIGINT)`;
  const exact = between(whole, wholeNumbers(interval, unit));
  const real = realTest(exactValueOf(expression, "DOUBLE"), unit, interval);
  return {
    isReadable: real.isReadable,
    isConcerned: `(CASE WHEN ${exact.isReadable} THEN ${exact.isConcerned} ELSE ${real.isConcerned} END)`,
    values: { ...exact.values, ...real.values },
  };
}

/** Compares in nanoseconds: a cast to microseconds moves times before 1970 forward. */
function nanosecondTest(value: string, interval: Interval): TimeTest {
  return numberTest(`CASE WHEN isfinite(${value}) THEN epoch_ns(${value}) END`, "BIGINT", "ns", interval);
}

/** The first and last value of a type that counts in steps. */
interface Range {
  readonly first: DuckDBValue;
  readonly last: DuckDBValue;
}

/**
 * Returns the test for values that are finite or null. The value occurs once in the condition, with null
 * treated as the first value, since DuckDB would parse a text again for each occurrence.
 */
function between(value: string, { first, last }: Range): TimeTest {
  return {
    isReadable: `(${value} IS NOT NULL)`,
    isConcerned: `(coalesce(${value}, $time_first) BETWEEN $time_first AND $time_last)`,
    values: { time_first: first, time_last: last },
  };
}

/** Returns the test for values that may also be infinite, which no interval contains. */
function finite(value: string, { first, last }: Range): TimeTest {
  const isReadable = `coalesce(isfinite(${value}), false)`;
  return {
    isReadable,
    isConcerned: `(${value} BETWEEN $time_first AND $time_last OR NOT ${isReadable})`,
    values: { time_first: first, time_last: last },
  };
}

function realTest(value: string, unit: NumberUnit, { lower, upper }: Interval): TimeTest {
  const isReadable = `coalesce(isfinite(${value}), false)`;
  return {
    isReadable,
    isConcerned: `(${value} >= $real_lower AND ${value} < $real_upper OR NOT ${isReadable})`,
    values: { real_lower: units(lower, unit), real_upper: units(upper, unit) },
  };
}

/** Returns a TIMESTAMP parameter, in UTC. @param ms - epoch ms */
export function toTimestamp(ms: number): DuckDBTimestampValue {
  return new DuckDBTimestampValue(BigInt(ms) * 1_000n);
}

function timestamps({ lower, upper }: Interval): Range {
  return { first: toTimestamp(lower), last: new DuckDBTimestampValue(BigInt(upper) * 1_000n - 1n) };
}

function instants({ lower, upper }: Interval): Range {
  return {
    first: new DuckDBTimestampTZValue(BigInt(lower) * 1_000n),
    last: new DuckDBTimestampTZValue(BigInt(upper) * 1_000n - 1n),
  };
}

function wholeNumbers({ lower, upper }: Interval, unit: NumberUnit): Range {
  return {
    first: clampToInt64(firstUnitFrom(lower, unit)),
    last: clampToInt64(firstUnitFrom(upper, unit) - 1n),
  };
}

/** Returns the first whole number of units that is not before an instant. */
function firstUnitFrom(ms: number, unit: NumberUnit): bigint {
  const scaled = BigInt(ms) * PER_SECOND[unit];
  const truncated = scaled / 1_000n;
  return truncated * 1_000n < scaled ? truncated + 1n : truncated;
}

function clampToInt64(value: bigint): bigint {
  if (value > INT64_MAX) return INT64_MAX;
  return value < INT64_MIN ? INT64_MIN : value;
}

function units(ms: number, unit: NumberUnit): number {
  return unit === "s" ? ms / 1_000 : ms * Number(PER_SECOND[unit] / 1_000n);
}
