import { parseOptions, wholeNumber } from "@tidegate/core";
import { z } from "zod";

/** How a SQLite store is set up. */
export interface SqliteStoreOptions {
  /** The database file; its directory is made if need be. Beside it lies a write-ahead log, `<path>-wal`. */
  readonly path: string;
  /**
   * `full` flushes each transaction to the disk before it counts: nothing that was acknowledged is lost, also when the
   * power fails. `normal` flushes at checkpoints: a killed process loses nothing, a power failure the last moments.
   * @default "full"
   */
  readonly synchronous?: "full" | "normal";
  /** How much of the database is kept in memory, bytes. @default 64 MiB */
  readonly cacheBytes?: number;
  /** The largest that the database file may grow, bytes; what goes beyond fails as on a full disk. @default unlimited */
  readonly maxBytes?: number;
  /** Refuses to make a new database. @default false */
  readonly mustExist?: boolean;
}

const bytes = wholeNumber(1, Number.MAX_SAFE_INTEGER).optional();

const schema = z.strictObject(
  {
    path: z.string("must be the path of the database file").min(1),
    synchronous: z.enum(["full", "normal"]).optional(),
    cacheBytes: bytes,
    maxBytes: bytes,
    mustExist: z.boolean().optional(),
  } satisfies { readonly [Name in keyof SqliteStoreOptions]-?: z.ZodType },
  {
    error: (issue) =>
      issue.code === "invalid_type" ? 'must be options, such as { path: "tidegate.db" }' : undefined,
  },
);

/** @throws ConfigurationError CONFIGURATION_INVALID with the offending option */
export function checkOptions(options: SqliteStoreOptions): SqliteStoreOptions {
  parseOptions("SqliteStoreOptions", schema, options);
  return options;
}
