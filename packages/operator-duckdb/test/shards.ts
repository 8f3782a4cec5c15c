import { hash } from "node:crypto";
import type {
  JobMetrics,
  JobSplit,
  OfflineJobRequest,
  ShardResult,
  ShardSpec,
} from "@tidegate/core/operator";
import { untroubled } from "@tidegate/testkit";
import { type Bed, type RunSpec, requestOf } from "./bed.js";

/** The effect of a run that was carried out in shards. */
export interface Merged {
  readonly metrics: JobMetrics;
  /** Rows of each shard. */
  readonly counts: readonly number[];
}

/** Splits a run. */
export function splitOf(bed: Bed, run: RunSpec, target: number): Promise<JobSplit> {
  return bed.operator.split!(requestOf(run), { ...untroubled(), target });
}

/** Returns the shards of a run, each of which is to be read as it is then. */
export async function shardsOf(bed: Bed, run: RunSpec, target: number): Promise<readonly ShardSpec[]> {
  const { shards } = await splitOf(bed, run, target);
  return shards;
}

/** Tells splits of a run apart, and the view that its shards read. */
export interface SplitName extends Pick<JobSplit, "snapshotToken"> {
  /** @default "first" */
  readonly split?: string;
}

/** The request that core would make of a shard. */
export function shardRequest(
  run: RunSpec,
  { key, args }: ShardSpec,
  { split = "first", snapshotToken }: SplitName = {},
): OfflineJobRequest {
  const request = requestOf(run);
  const idempotencyKey = hash("sha256", `${request.runId}\n${split}\n${key}`, "hex").slice(0, 32);
  const view = snapshotToken === undefined ? {} : { snapshotToken };
  return { ...request, idempotencyKey, shard: { key, args, count: 1, ...view } };
}

/** Carries out shards, side by side, and merges nothing. @throws the error of the first that fails */
export async function partOf(
  bed: Bed,
  run: RunSpec,
  shards: readonly ShardSpec[],
  split: SplitName = {},
): Promise<ShardResult[]> {
  return Promise.all(
    shards.map(async (shard) => {
      const request = shardRequest(run, shard, split);
      const { jobId } = await bed.operator.submit(request, untroubled());
      const { state, error, metrics = {} } = await bed.operator.wait(jobId, request, untroubled());
      if (state !== "SUCCEEDED") throw new Error(`${error?.code}: ${error?.message}`);
      return { key: shard.key, args: shard.args, jobId, metrics };
    }),
  );
}

/** Carries out a run in shards, as the dispatcher does. */
export async function runInShards(
  bed: Bed,
  run: RunSpec,
  shards: readonly ShardSpec[],
  split: SplitName = {},
): Promise<Merged> {
  const results = await partOf(bed, run, shards, split);
  await bed.operator.merge!(requestOf(run), results, untroubled());
  const sum = (name: "rowsRead" | "rowsWritten" | "rowsDirty"): number =>
    results.reduce((total, { metrics }) => total + (metrics[name] ?? 0), 0);
  return {
    metrics: { rowsRead: sum("rowsRead"), rowsWritten: sum("rowsWritten"), rowsDirty: sum("rowsDirty") },
    counts: results.map(({ metrics }) => metrics.rowsWritten ?? 0),
  };
}
