import { describe, expect, it } from "@jest/globals";
import type { PostgresSource } from "../../src/job/job.js";
import type { Task } from "../../src/run/task.js";
import { threadsOf } from "../../src/run/threads.js";

const SOURCE: PostgresSource = { format: "postgres", connection: "shop", table: "orders" };
const FILES = { format: "parquet", path: "/data/*.parquet" };
const LIMITS = { threads: undefined, maxParallelJobs: 2 };

const task = (source: object, shard?: Task["shard"]) =>
  ({ job: { source, target: { path: "/lake" } }, shard }) as unknown as Task;

describe("the threads of a job", () => {
  it("are a share of the cores for a shard of a table of Postgres, since others are read beside it", () => {
    const shard = task(SOURCE, {});
    expect([1, 2, 3, 4, 9].map((cores) => threadsOf(shard, LIMITS, cores))).toEqual([1, 1, 1, 2, 4]);
  });

  it("are DuckDB's own choice for a whole table, whose shards are merged, and for files", () => {
    expect(threadsOf(task(SOURCE), LIMITS, 8)).toBeUndefined();
    expect(threadsOf(task(FILES, {}), LIMITS, 8)).toBeUndefined();
  });

  it("are those of the operator's options, if they say so", () => {
    expect(threadsOf(task(SOURCE, {}), { ...LIMITS, threads: 6 }, 8)).toBe(6);
  });
});
