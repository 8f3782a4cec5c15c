import type { RecordedJob } from "./recorded-job.js";

/**
 * Returns succeeded jobs with those of shards put together: a run whose shards have all succeeded covers its interval
 * like one job, and covers it twice if one of them succeeded twice. A run of which a shard is missing covers nothing.
 */
export function wholeRuns(succeeded: readonly RecordedJob[]): RecordedJob[] {
  const whole: RecordedJob[] = [];
  const split = new Map<string, { readonly last: RecordedJob; readonly times: Map<string, number> }>();
  for (const job of succeeded) {
    if (job.shard === undefined) {
      whole.push(job);
      continue;
    }
    const times = split.get(job.runId)?.times ?? new Map<string, number>();
    times.set(job.shard.key, (times.get(job.shard.key) ?? 0) + 1);
    split.set(job.runId, { last: job, times });
  }
  for (const { last, times } of split.values()) {
    if (times.size < (last.shard?.count ?? 0)) continue;
    for (let time = Math.max(...times.values()); time > 0; time -= 1)
      whole.push({ ...last, key: last.runId });
  }
  return whole;
}
