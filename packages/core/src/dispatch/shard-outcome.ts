import type { JobMetrics, JobOutcome } from "../job/job-outcome.js";
import type { RunError } from "../run/run.js";
import type { Shard, ShardResult } from "../shard/shard.js";
import { touchedTogether } from "./touched-together.js";

const FIGURES = ["rowsRead", "rowsWritten", "rowsDirty", "bytesWritten"] as const;

/** The most failed shards that an error names. */
const MOST_NAMED = 3;

/** Returns the outcome of shards that have all succeeded: their figures add up, and so does the time they touched. */
export function succeededOutcome(shards: readonly Shard[]): JobOutcome {
  const touched = touchedTogether(shards.flatMap((shard) => shard.touched));
  return { state: "SUCCEEDED", metrics: summed(shards), ...(touched.length === 0 ? {} : { touched }) };
}

/** Adds up the figures of shards that have succeeded; one that no shard reports is unknown. */
export function summed(shards: readonly (Pick<Shard, "metrics"> & { readonly state: string })[]): JobMetrics {
  if (shards.length === 0) return { rowsRead: 0, rowsWritten: 0 };
  const sums: { -readonly [Name in keyof JobMetrics]: JobMetrics[Name] } = {};
  for (const { state, metrics } of shards) {
    if (state !== "SUCCEEDED" || metrics === null) continue;
    for (const name of FIGURES) {
      const figure = metrics[name];
      if (figure !== undefined) sums[name] = (sums[name] ?? 0) + figure;
    }
  }
  return sums;
}

/** Returns the error of a run whose shards have not all succeeded. */
export function shardsError(shards: readonly Shard[]): RunError {
  const failed = shards.filter(({ state }) => state === "FAILED");
  const named = failed
    .slice(0, MOST_NAMED)
    .map(({ key, error }) => `${key}: ${error?.code ?? "JOB_FAILED"}: ${error?.message ?? "no reason"}`);
  const more = failed.length > MOST_NAMED ? [`and ${failed.length - MOST_NAMED} more`] : [];
  const done = shards.filter(({ state }) => state === "SUCCEEDED").length;
  return {
    code: "SHARDS_FAILED",
    message: `${failed.length} of ${shards.length} shards failed, ${done} have succeeded and are not run again. ${[...named, ...more].join("; ")}`,
  };
}

/** Returns the results that a merge gets. */
export function resultsOf(shards: readonly Shard[]): ShardResult[] {
  return shards.map(({ key, args, jobId, metrics }) => ({ key, args, jobId, metrics: metrics ?? {} }));
}
