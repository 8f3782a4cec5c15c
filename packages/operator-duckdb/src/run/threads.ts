import { isInPostgres } from "../job/job.js";
import type { Settings } from "../options.js";
import type { Task } from "./task.js";

/**
 * Returns how many threads a task's database has; `undefined` for DuckDB's own choice, which is one for each core. Threads
 * that read one pipe wait for each other, so a shard of a table of Postgres has only its share of the cores: other shards
 * are read beside it.
 */
export function threadsOf(
  { job: { source }, shard }: Pick<Task, "job" | "shard">,
  { threads, maxParallelJobs }: Pick<Settings, "threads" | "maxParallelJobs">,
  cores: number,
): number | undefined {
  if (threads !== undefined || shard === undefined || source === undefined || !isInPostgres(source))
    return threads;
  return Math.max(1, Math.floor(cores / maxParallelJobs));
}
