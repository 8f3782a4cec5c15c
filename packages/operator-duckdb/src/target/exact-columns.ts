import { JobFailure } from "../duckdb/failure.js";
import { identifier } from "../duckdb/quote.js";
import type { Session } from "../duckdb/session.js";

/**
 * DuckDB writes these to Parquet as doubles, which keep 15 of their 39 digits. `sum` of integers produces
 * them.
 */
const HUGE = /\bU?HUGEINT(?=[,)[]|$)/;
/** The widest integer type that Parquet keeps. */
const WIDEST = "DECIMAL(38,0)";
/** Field names, which may look like a type. */
const QUOTED = /("(?:[^"]|"")*")/;

/** Values that DuckDB would alter when writing them, by type. */
const LOSSES: Readonly<
  Record<string, { readonly isLost: (value: string) => string; readonly problem: string }>
> = {
  INTERVAL: {
    isLost: (value) => `(datepart('microseconds', ${value}) % 1000 <> 0 OR ${value} < INTERVAL 0 SECONDS)`,
    problem: "Parquet keeps intervals only in whole milliseconds and not below zero",
  },
  "TIME WITH TIME ZONE": {
    isLost: (value) => `datepart('timezone', ${value}) <> 0`,
    problem: "Parquet keeps no offset with a time of day",
  },
};

/**
 * Returns a query for the same rows whose values Parquet keeps unchanged.
 *
 * @throws JobFailure JOB_FAILED with the column, when it has a value that Parquet cannot keep
 */
export async function exactRows(session: Session, rows: string): Promise<string> {
  const columns = await session.rows<{ column_name: string; column_type: string }>(`DESCRIBE ${rows}`);
  const replaced: string[] = [];
  for (const { column_name: name, column_type: type } of columns) {
    const value = identifier(name);
    const kept = keptType(type);
    const loss = LOSSES[type];
    if (kept !== type) {
      const cast = `TRY_CAST(${value} AS ${kept})`;
      await refuseAny(session, rows, `${cast} IS NULL AND ${value} IS NOT NULL`, {
        name,
        problem: `a value does not fit ${WIDEST}, the widest number that Parquet keeps`,
      });
      replaced.push(`${cast} AS ${value}`);
    } else if (loss !== undefined) {
      await refuseAny(session, rows, loss.isLost(value), { name, problem: loss.problem });
    }
  }
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

async function refuseAny(
  session: Session,
  rows: string,
  condition: string,
  { name, problem }: { readonly name: string; readonly problem: string },
): Promise<void> {
  const found = await session.rows(`SELECT 1 FROM (${rows}) WHERE ${condition} LIMIT 1`);
  if (found.length === 0) return;
  throw new JobFailure(
    "JOB_FAILED",
    `Column ${name}: ${problem}. Cast it in job.sql, for example to VARCHAR.`,
    {
      isRetryable: false,
    },
  );
}
