import type { BucketUnit, CoverageBucket } from "@tidegate/core";
import { type RowUnit, unitAround } from "../time/local.js";

/** A part of a bucket that lies in one row. */
export interface Cell {
  /** Index of its bucket. */
  readonly index: number;
  readonly bucket: CoverageBucket;
  /** Its start and end, ms from the beginning of its row. */
  readonly from: number;
  readonly to: number;
  /** Whether the bucket goes on in the row before, or in the one after. */
  readonly isContinued: boolean;
  readonly continues: boolean;
}

/** A unit of the calendar, with what lies in it. */
export interface Row {
  readonly lower: number;
  readonly upper: number;
  readonly cells: readonly Cell[];
}

/** Buckets in rows. */
export interface Layout {
  readonly unit: RowUnit;
  readonly rows: readonly Row[];
  /** The length of the longest row, ms. */
  readonly widthMs: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Lengths of buckets, exclusive, up to which rows have a unit. */
const ROW_UNITS: readonly (readonly [number, RowUnit])[] = [
  [10_000, "minute"],
  [3 * MINUTE, "hour"],
  [20 * HOUR, "day"],
  [3 * DAY, "month"],
  [300 * DAY, "year"],
  [Number.POSITIVE_INFINITY, "century"],
];

const BUCKET_MS: Readonly<Record<Exclude<BucketUnit, "interval">, number>> = {
  hour: HOUR,
  day: DAY,
  week: 7 * DAY,
  month: 30 * DAY,
  year: 365 * DAY,
};

/** Returns the unit that rows of buckets have. */
export function rowUnitOf(buckets: readonly CoverageBucket[], unit: BucketUnit): RowUnit {
  const length = unit === "interval" ? medianLength(buckets) : BUCKET_MS[unit];
  return ROW_UNITS.find(([below]) => length < below)![1];
}

function medianLength(buckets: readonly CoverageBucket[]): number {
  const lengths = buckets
    .map(({ lower, upper, intervals }) => (upper - lower) / (intervals ?? 1))
    .sort((a, b) => a - b);
  return lengths[lengths.length >> 1] ?? HOUR;
}

/**
 * Lays buckets out in rows of local time, newest row first. A place in a row is elapsed time since its beginning, so
 * that a day of 23 or 25 hours has as many cells.
 */
export function layoutOf(buckets: readonly CoverageBucket[], unit: RowUnit, zone: string): Layout {
  const rows: { lower: number; upper: number; cells: Cell[] }[] = [];
  const rowAt = (instant: number) => {
    const known = rows.findLast(({ lower, upper }) => instant >= lower && instant < upper);
    if (known !== undefined) return known;
    const row = { ...unitAround(instant, unit, zone), cells: [] };
    rows.push(row);
    return row;
  };
  buckets.forEach((bucket, index) => {
    for (let at = bucket.lower; at < bucket.upper; ) {
      const row = rowAt(at);
      const end = isCut(bucket, unit) ? Math.min(bucket.upper, row.upper) : bucket.upper;
      row.cells.push({
        index,
        bucket,
        from: at - row.lower,
        to: end - row.lower,
        isContinued: at > bucket.lower,
        continues: end < bucket.upper,
      });
      at = end;
    }
  });
  const widthMs = Math.max(...rows.map(widthOf), 1);
  rows.sort((a, b) => b.lower - a.lower);
  return { unit, rows, widthMs };
}

/** A day that begins at two in the morning stays whole at the end of its month; a night is cut at midnight. */
function isCut({ intervals }: CoverageBucket, unit: RowUnit): boolean {
  const isLong = unit === "month" || unit === "year" || unit === "century";
  return !isLong || (intervals !== null && intervals > 1);
}

function widthOf({ lower, upper, cells }: Row): number {
  return Math.max(upper - lower, ...cells.map(({ to }) => to));
}
