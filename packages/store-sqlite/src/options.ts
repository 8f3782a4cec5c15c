import { parseOptions, wholeNumber } from "@tidegate/core/plugin";
import { z } from "zod";

/** Options of the SQLite store. */
export interface SqliteStoreOptions {
  /**
   * The database file; its directory is created if it does not exist. A write-ahead log, `<path>-wal`, is
   * kept beside it.
   */
  readonly path: string;
  /**
   * `full` flushes each transaction to disk before it is acknowledged: nothing acknowledged is lost, even in
   * a power failure. `normal` flushes at checkpoints: a killed process loses nothing, a power failure the
   * last moments. @default "full"
   */
  readonly synchronous?: "full" | "normal";
  /** How much of the database is cached in memory, bytes. @default 64 MiB */
  readonly cacheBytes?: number;
  /**
   * The largest size of the database file, bytes; writes beyond it fail as on a full disk. @default unlimited
   */
  readonly maxBytes?: number;
  /** Refuses to create a new database. @default false */
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

/**
 * Checks the options and returns them.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID with the offending option
 */
export function checkOptions(options: SqliteStoreOptions): SqliteStoreOptions {
  parseOptions("SqliteStoreOptions", schema, options);
  return options;
}
