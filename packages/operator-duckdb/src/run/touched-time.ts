import type { TouchedInterval, TouchedTime } from "@tidegate/core/operator";
import { JobFailure } from "../duckdb/failure.js";
import { identifier } from "../duckdb/quote.js";
import type { Session } from "../duckdb/session.js";
import { isIntegerType } from "../job/column-type.js";
import type { EventTime, TimeUnit } from "../job/job.js";
import type { Window } from "../job/window.js";
import { instantOf } from "../read/text-value.js";

/** Most intervals that are told apart; if there are more, they are told as one. */
const MOST = 1_000;

/** The instants that a ledger can have, epoch ms. */
const INSTANTS = { first: -8_640_000_000_000_000n, last: 8_640_000_000_000_000n };

/** Milliseconds of one unit, as SQL. */
const MS: Readonly<Record<Exclude<TimeUnit, "iso">, string>> = {
  s: "1000.0",
  ms: "1.0",
  us: "0.001",
  ns: "0.000001",
};

/**
 * Returns the time that the rows fell in by their event time, in steps as long as the run's interval: outside of
 * it, or all of it if it is another group's. Rows without an event time count for nothing.
 *
 * @param rows - a query for the rows
 * @throws JobFailure JOB_INVALID if there is no such column
 */
export async function touchedBy(
  session: Session,
  rows: string,
  { column, unit = "iso", groupId }: EventTime,
  { lower, upper, isFull }: Window,
): Promise<readonly TouchedTime[]> {
  const lengthMs = upper - lower;
  if (isFull || lengthMs === 0) return [];
  const columns = await session.describe(rows);
  const found = columns.find(({ column_name }) => column_name.toLowerCase() === column.toLowerCase());
  if (found === undefined) {
    const problem = `job.eventTime.column: the rows have no column ${column}.`;
    throw new JobFailure("JOB_INVALID", problem, { isRetryable: false });
  }
  const instant = msOf(identifier(found.column_name), found.column_type, unit);
  const counted = await session.rows<{ step: string; rows: string }>(
    `SELECT CAST(floor((event_ms - $lower) / $length) AS BIGINT) AS step, count(*) AS rows
      FROM (SELECT ${instant} AS event_ms FROM (${rows})) WHERE event_ms BETWEEN $first AND $last
        AND ($isOther OR event_ms < $lower OR event_ms >= $upper)
      GROUP BY step ORDER BY step`,
    {
      lower: BigInt(lower),
      upper: BigInt(upper),
      length: BigInt(lengthMs),
      ...INSTANTS,
      isOther: groupId !== undefined,
    },
  );
  if (counted.length === 0) return [];
  const intervals = counted.map(({ step, rows: count }): TouchedInterval & { readonly rows: number } => {
    const begin = lower + Number(step) * lengthMs;
    return { lower: begin, upper: begin + lengthMs, rows: Number(count) };
  });
  return [{ ...(groupId === undefined ? {} : { groupId }), intervals: atMost(intervals) }];
}

/** Joins the oldest intervals into one if there are too many. */
function atMost(
  intervals: readonly (TouchedInterval & { readonly rows: number })[],
): readonly TouchedInterval[] {
  if (intervals.length <= MOST) return intervals;
  const oldest = intervals.slice(0, intervals.length - MOST + 1);
  const rows = oldest.reduce((sum, interval) => sum + interval.rows, 0);
  return [{ lower: oldest[0]!.lower, upper: oldest.at(-1)!.upper, rows }, ...intervals.slice(oldest.length)];
}

/** Returns a column's instant in epoch ms as SQL, as a DOUBLE; null if it cannot be read. */
function msOf(value: string, type: string, unit: TimeUnit): string {
  if (unit !== "iso") {
    const number = isIntegerType(type) ? value : `TRY_CAST(${value} AS DOUBLE)`;
    return `(${number} * ${MS[unit]})`;
  }
  const instant =
    type === "VARCHAR"
      ? instantOf(value)
      : type === "TIMESTAMP WITH TIME ZONE"
        ? value
        : `TRY_CAST(${value} AS TIMESTAMP)`;
  return `(CASE WHEN isfinite(${instant}) THEN CAST(epoch_ms(${instant}) AS DOUBLE) END)`;
}
