import { JobFailure } from "../duckdb/failure.js";
import { identifier } from "../duckdb/quote.js";
import type { Session } from "../duckdb/session.js";
import { isAltered } from "../read/parquet.js";

/** The rows of a shard. */
export interface ShardRows {
  readonly key: string;
  /** A query for them. */
  readonly rows: string;
}

/**
 * Requires that the types which all shards have in common keep each shard's values: a shard knows only the types of its
 * own part of the source, such as those of its Parquet files.
 *
 * @param all - a query for the rows of all shards
 * @throws JobFailure JOB_FAILED with the column of a value that would be altered
 */
export async function requireExactUnion(
  session: Session,
  shards: readonly ShardRows[],
  all: string,
): Promise<void> {
  const common = await typesOf(session, all);
  for (const { key, rows } of shards) {
    for (const [name, own] of await typesOf(session, rows)) {
      const type = [...common].find(([other]) => other.toLowerCase() === name.toLowerCase())![1];
      if (type === own) continue;
      const altered = `SELECT 1 FROM (${rows}) WHERE ${isAltered(identifier(name), own, type)} LIMIT 1`;
      if ((await session.rows(altered)).length === 0) continue;
      throw new JobFailure(
        "JOB_FAILED",
        `Column ${name}: it is ${own} in shard ${key} and ${type} in all shards, which would alter a value. Leave out the schedule's shards, so that such rows are rejected one by one.`,
        { isRetryable: false },
      );
    }
  }
}

async function typesOf(session: Session, rows: string): Promise<ReadonlyMap<string, string>> {
  const described = await session.describe(rows);
  return new Map(described.map(({ column_name, column_type }) => [column_name, column_type]));
}
