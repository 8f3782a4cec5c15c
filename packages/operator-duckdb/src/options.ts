import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { type Clock, SystemClock } from "@tidegate/core/clock";
import { parseOptions } from "@tidegate/core/plugin";
import { type Secret, secretName, secretsSchema } from "@tidegate/operator-kit";
import { z } from "zod";
import { databaseSchema, type SourceDatabase } from "./database/source-database.js";
import { realPathOf } from "./job/allowed-paths.js";

/** Settings of `DuckdbOperator`. */
export interface DuckdbOperatorOptions {
  /**
   * The only directories whose files jobs may read and write, enforced by DuckDB for SQL too. @default all
   * files that the process may access, so whoever registers a job is trusted with them
   */
  readonly allowedDirectories?: readonly string[];
  /**
   * Threads per job, at least 1. @default DuckDB's: one per core; for a shard of a table of Postgres, its share of the cores
   * among `maxParallelJobs`
   */
  readonly threads?: number;
  /**
   * Memory per job, such as `"512MB"` or `"4GiB"`; the rest spills to disk beside the target. @default "1GB"
   */
  readonly memoryLimit?: string;
  /**
   * Jobs that run at the same time; others wait. A running statement occupies one thread of libuv's pool
   * (`UV_THREADPOOL_SIZE`, 4 by default), which the process's file system calls need too. @default 2
   */
  readonly maxParallelJobs?: number;
  /**
   * Addresses of databases by the names that jobs use as `connection`, such as
   * `postgres://user:password@host:port/database`. Whoever registers a job may use all of them. @default {}
   */
  readonly secrets?: Readonly<Record<string, Secret>>;
  /**
   * Databases whose tables jobs may read, by the names that they use as `database`. Whoever registers a job may use all
   * of them. @default {}
   */
  readonly databases?: Readonly<Record<string, SourceDatabase>>;
  /**
   * A local directory for what jobs with a Postgres target write on the way: the interval as plain text, and
   * what does not fit into memory. @default the system's directory of temporary files
   */
  readonly scratchDirectory?: string;
  /**
   * The attempts whose logs are kept: those that have failed, were cancelled or had bad rows, or of all. They say how
   * long each step took, and where bad rows are. @default "troubled"
   */
  readonly logs?: "troubled" | "all";
  /** Tells the age of files (`job.source.minAgeMs`). @default the machine's clock */
  readonly clock?: Clock;
}

/** The options with defaults applied and directories as real paths. */
export interface Settings {
  readonly allowedDirectories: readonly string[] | undefined;
  readonly threads: number | undefined;
  readonly memoryLimit: string;
  readonly maxParallelJobs: number;
  readonly secrets: Readonly<Record<string, Secret>>;
  readonly databases: Readonly<Record<string, SourceDatabase>>;
  readonly scratchDirectory: string;
  readonly logs: "troubled" | "all";
  readonly clock: Clock;
}

const schema = z.strictObject({
  allowedDirectories: z.array(z.string().min(1)).min(1).optional(),
  threads: z.number().int().min(1).max(1_024).optional(),
  memoryLimit: z
    .string()
    .regex(/^\d+(\.\d+)?\s?([KMGT]i?B)$/i, 'must be an amount such as "512MB"')
    .default("1GB"),
  maxParallelJobs: z.number().int().min(1).max(1_024).default(2),
  secrets: secretsSchema,
  databases: z.record(secretName, databaseSchema).default({}),
  scratchDirectory: z.string().min(1).optional(),
  logs: z.enum(["troubled", "all"]).default("troubled"),
  clock: z.custom<Clock>((value) => typeof value === "object" && value !== null).optional(),
});

/** @throws ConfigurationError CONFIGURATION_INVALID with the offending option */
export function settingsOf(options: DuckdbOperatorOptions): Settings {
  const { allowedDirectories, threads, scratchDirectory, clock, ...rest } = parseOptions(
    "DuckdbOperatorOptions",
    schema,
    options,
  );
  return {
    ...rest,
    threads,
    scratchDirectory: realPathOf(resolve(scratchDirectory ?? tmpdir())),
    clock: clock ?? new SystemClock(),
    allowedDirectories: allowedDirectories?.map((directory) => realPathOf(resolve(directory))),
  };
}
