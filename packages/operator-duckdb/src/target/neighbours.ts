import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Interval } from "@tidegate/core";
import { FIRST_INSTANT } from "@tidegate/core/operator";
import { JobFailure } from "../duckdb/failure.js";
import type { Session } from "../duckdb/session.js";
import type { Window } from "../job/window.js";
import { readRecord } from "./commit-record.js";
import { remove, syncDirectory } from "./durable.js";
import { type Layout, layoutOf, PARTITION_FILE, partitionOf } from "./layout.js";

/** A partition visible in a target. */
interface Partition extends Interval {
  readonly directory: string;
}

/**
 * Removes the partitions that lie within a new one, since it contains their rows. The ledger's intervals
 * never overlap, but a target may hold what an abandoned job or another mode of the schedule wrote.
 *
 * They are removed before the new one appears: a crash in between hides rows until the retry, but never shows
 * them twice.
 *
 * @returns whether to publish the partition; a snapshot is not published if there is a later one, which holds
 * its rows
 * @throws JobFailure JOB_FAILED when a partition crosses the interval's bounds
 */
export async function makeWay(session: Session, layout: Layout, window: Window): Promise<boolean> {
  const partitions = await partitionsOf(session, layout.target);
  const snapshot = partitions.find(({ directory }) => directory === layout.partition);
  if (window.isFull && snapshot !== undefined && snapshot.upper > window.upper) return false;
  const overlapping = partitions.filter(
    ({ directory, lower, upper }) =>
      directory !== layout.partition && lower < window.upper && window.lower < upper,
  );
  const across = overlapping.find(({ lower, upper }) => lower < window.lower || upper > window.upper);
  if (across !== undefined) {
    throw new JobFailure(
      "JOB_FAILED",
      `The target holds ${across.directory}, which shares rows with ${layout.partition}. Remove one, and run its interval again.`,
      { isRetryable: false },
    );
  }
  for (const partition of overlapping) await removePartition(layout.target, partition);
  if (overlapping.length > 0) await syncDirectory(layout.target);
  return true;
}

async function removePartition(target: string, { directory, lower, upper }: Partition): Promise<void> {
  await remove(layoutOf(target, { lower, upper, isFull: false }).rejected);
  await remove(directory);
}

async function partitionsOf(session: Session, target: string): Promise<readonly Partition[]> {
  const partitions: Partition[] = [];
  for (const name of await readdir(target)) {
    const directory = join(target, name);
    const interval = partitionOf(name);
    if (interval === "full") {
      const record = await readRecord(session, join(directory, PARTITION_FILE));
      if (record !== undefined) partitions.push({ directory, lower: FIRST_INSTANT, upper: record.upper });
    } else if (interval !== undefined) {
      partitions.push({ directory, ...interval });
    }
  }
  return partitions;
}
