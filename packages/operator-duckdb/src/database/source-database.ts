import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";

/**
 * A database whose tables are read: a file of SQLite, opened for each job to be read only, or an open database of
 * DuckDB (a `DuckDBInstance` of `@duckdb/node-api`), from which each job gets a connection of its own.
 */
export type SourceDatabase =
  | { readonly sqlite: string }
  | { readonly duckdb: { connect(): Promise<DuckDBConnection> } };

/** The schema of a `SourceDatabase`. */
export const databaseSchema = z.union(
  [
    z.strictObject({ sqlite: z.string().min(1) }),
    z.strictObject({
      duckdb: z.custom<{ connect(): Promise<DuckDBConnection> }>(
        (value) => typeof (value as { connect?: unknown } | null)?.connect === "function",
      ),
    }),
  ],
  { error: "must be { sqlite: path } or { duckdb: an instance of @duckdb/node-api }" },
);
