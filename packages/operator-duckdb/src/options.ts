import { resolve } from "node:path";
import { parseOptions } from "@tidegate/core";
import { z } from "zod";
import { realPathOf } from "./job/allowed-paths.js";

/** How `DuckdbOperator` runs its jobs. */
export interface DuckdbOperatorOptions {
  /**
   * The only directories whose files jobs may read and write, enforced by DuckDB for SQL too. @default all files that
   * the process may: then whoever registers a job is trusted with them
   */
  readonly allowedDirectories?: readonly string[];
  /** Threads of each job, at least 1. @default DuckDB's: one for each core */
  readonly threads?: number;
  /** Memory of each job, such as `"512MB"` or `"4GiB"`; what does not fit goes to disk beside the target. @default "1GB" */
  readonly memoryLimit?: string;
  /**
   * Jobs at one time; others wait. A running statement holds one thread of libuv's pool (`UV_THREADPOOL_SIZE`, by
   * default 4), which the process's file system calls need too. @default 2
   */
  readonly maxParallelJobs?: number;
}

/** The options with their defaults, directories as real paths. */
export interface Settings {
  readonly allowedDirectories: readonly string[] | undefined;
  readonly threads: number | undefined;
  readonly memoryLimit: string;
  readonly maxParallelJobs: number;
}

const schema = z.strictObject({
  allowedDirectories: z.array(z.string().min(1)).min(1).optional(),
  threads: z.number().int().min(1).max(1_024).optional(),
  memoryLimit: z
    .string()
    .regex(/^\d+(\.\d+)?\s?([KMGT]i?B)$/i, 'must be an amount such as "512MB"')
    .default("1GB"),
  maxParallelJobs: z.number().int().min(1).max(1_024).default(2),
});

/** @throws ConfigurationError CONFIGURATION_INVALID with the offending option */
export function settingsOf(options: DuckdbOperatorOptions): Settings {
  const { allowedDirectories, threads, ...rest } = parseOptions("DuckdbOperatorOptions", schema, options);
  return {
    ...rest,
    threads,
    allowedDirectories: allowedDirectories?.map((directory) => realPathOf(resolve(directory))),
  };
}
