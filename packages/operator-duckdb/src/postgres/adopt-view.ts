import { postgresCode } from "@tidegate/postgres-kit";
import type { ClientBase } from "pg";
import { JobFailure } from "../duckdb/failure.js";
import { failureOf } from "./failure.js";

/** Classes of SQLSTATE with which Postgres refuses a view that it no longer has, or that is of another database. */
const GONE = /^(?:0A|22|42|55)/;

/**
 * Has a transaction read a view that another one exports, which has to be open still.
 *
 * @throws JobFailure SPLIT_STALE
 */
export async function adoptView(client: Pick<ClientBase, "query">, name: string): Promise<void> {
  try {
    await client.query(`SET TRANSACTION SNAPSHOT '${name}'`);
  } catch (error) {
    if (GONE.test(postgresCode(error) ?? ""))
      throw staleView("is gone with the transaction that kept it", error);
    throw failureOf(error);
  }
}

/** Returns the failure of a shard whose view of the database can no longer be read. */
export function staleView(problem: string, cause?: unknown): JobFailure {
  return new JobFailure(
    "SPLIT_STALE",
    `The view of the database that all shards of the run read ${problem}. The next attempt of the run splits it anew.`,
    { isRetryable: false, cause },
  );
}
