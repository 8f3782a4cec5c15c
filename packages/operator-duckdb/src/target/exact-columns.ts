import { JobFailure } from "../duckdb/failure.js";
import { identifier } from "../duckdb/quote.js";
import type { Session } from "../duckdb/session.js";
import { anyWithin } from "./nested-type.js";

/**
 * DuckDB writes these to Parquet as doubles, which keep 15 of their 39 digits. `sum` of integers produces
 * them.
 */
const HUGE = /\bU?HUGEINT(?=[,)[]|$)/;
/** The widest integer type that Parquet keeps. */
const WIDEST = "DECIMAL(38,0)";
/** Parquet counts the milliseconds of an interval in 32 bits, beside its months and days. */
const MOST_SECONDS = 4_294_967;
/** Field names, which may look like a type. */
const QUOTED = /("(?:[^"]|"")*")/;

/** Values of a type that Parquet would not keep. */
interface Loss {
  readonly isLost: (value: string) => string;
  readonly problem: string;
}

const INFINITE: Loss = {
  isLost: (value) => `isinf(${value})`,
  problem: "Parquet keeps no infinite times: readers would see the last number that fits",
};

/** DuckDB has no `isinf` for these. */
function infiniteAs(type: string): Loss {
  return { ...INFINITE, isLost: (value) => `${value} IN ('infinity'::${type}, '-infinity'::${type})` };
}

/** Values that are lost in Parquet, also inside of others, by type. */
const LOSSES: Readonly<Record<string, Loss>> = {
  INTERVAL: {
    isLost: (value) => {
      const part = (name: string) => `datepart('${name}', ${value})`;
      const least = `least(${["year", "month", "day", "hour", "minute", "microseconds"].map(part).join(", ")})`;
      const seconds = `${part("hour")} * 3600 + ${part("minute")} * 60 + ${part("second")}`;
      return `(${part("microseconds")} % 1000 <> 0 OR ${least} < 0 OR ${seconds} >= ${MOST_SECONDS})`;
    },
    problem: `Parquet keeps intervals only in whole milliseconds, no part of which is below zero and whose hours and less are shorter than ${MOST_SECONDS} seconds`,
  },
  "TIME WITH TIME ZONE": {
    isLost: (value) => `datepart('timezone', ${value}) <> 0`,
    problem: "Parquet keeps no offset with a time of day",
  },
  DATE: INFINITE,
  TIMESTAMP: INFINITE,
  "TIMESTAMP WITH TIME ZONE": INFINITE,
  TIMESTAMP_S: infiniteAs("TIMESTAMP_S"),
  TIMESTAMP_MS: infiniteAs("TIMESTAMP_MS"),
  TIMESTAMP_NS: infiniteAs("TIMESTAMP_NS"),
  UNION: {
    isLost: (value) => `${value} IS NOT NULL`,
    problem: "Parquet has no UNION: readers would see a struct",
  },
};

/** A condition that no row may meet. */
interface Check {
  readonly name: string;
  readonly condition: string;
  readonly problem: string;
}

/**
 * Returns a query for the same rows whose values Parquet keeps unchanged.
 *
 * @throws JobFailure JOB_FAILED with the column, when it has a value that Parquet cannot keep
 */
export async function exactRows(session: Session, rows: string): Promise<string> {
  const columns = await session.describe(rows);
  const replaced: string[] = [];
  const checks: Check[] = [];
  for (const { column_name: name, column_type: type } of columns) {
    const value = identifier(name);
    const kept = keptType(type);
    if (kept !== type) {
      const cast = `TRY_CAST(${value} AS ${kept})`;
      checks.push({
        name,
        condition: `(${cast} IS NULL AND ${value} IS NOT NULL)`,
        problem: `a value does not fit ${WIDEST}, the widest number that Parquet keeps`,
      });
      replaced.push(`${cast} AS ${value}`);
    }
    for (const [lossy, { isLost, problem }] of Object.entries(LOSSES)) {
      const condition = anyWithin(value, type, (inner, its) =>
        its.replace(/^UNION\(.*/s, "UNION") === lossy ? isLost(inner) : undefined,
      );
      if (condition !== undefined) checks.push({ name, condition, problem });
    }
  }
  await refuseAny(session, rows, checks);
  return replaced.length === 0 ? rows : `SELECT * REPLACE (${replaced.join(", ")}) FROM (${rows})`;
}

/** Replaces each HUGEINT in a type with the widest DECIMAL. */
function keptType(type: string): string {
  if (!HUGE.test(type)) return type;
  return type
    .split(QUOTED)
    .map((part) => (part.startsWith('"') ? part : part.replace(new RegExp(HUGE, "g"), WIDEST)))
    .join("");
}

/** Fails with the first check that a row does not pass. All are made in one pass over the rows. */
async function refuseAny(session: Session, rows: string, checks: readonly Check[]): Promise<void> {
  if (checks.length === 0) return;
  const met = checks.map(({ condition }, index) => `WHEN ${condition} THEN ${index}`);
  const [found] = await session.rows<{ met: number }>(
    `SELECT met FROM (SELECT CASE ${met.join(" ")} END AS met FROM (${rows})) WHERE met IS NOT NULL LIMIT 1`,
  );
  if (found === undefined) return;
  const { name, problem } = checks[found.met]!;
  throw new JobFailure(
    "JOB_FAILED",
    `Column ${name}: ${problem}. Cast it in job.sql, for example to VARCHAR.`,
    { isRetryable: false },
  );
}
