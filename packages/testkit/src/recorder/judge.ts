import type { JobRecord } from "./job-record.js";
import { jobsOf, type RecordedJob } from "./recorded-job.js";
import { merged, type Span, sliced, without } from "./spans.js";
import { wholeRuns } from "./whole-runs.js";

/** The expectations that a recording is judged by. */
export interface JudgeInput {
  readonly groupId: string;
  /** The range to be covered, epoch ms: usually from the ledger's origin to its watermark. */
  readonly range: Span;
  /**
   * Parts that were given up on purpose, such as the skipped runs of a `drop`: not a gap if nothing covers
   * them.
   */
  readonly givenUp?: readonly Span[];
  /** Parts that were re-run on purpose: there only a second success under one key counts as doubled. */
  readonly repeated?: readonly Span[];
}

/** A part that jobs have covered more than once. */
export interface DoubledSpan extends Span {
  /** The jobs that succeeded, in the order of submission. */
  readonly jobs: readonly RecordedJob[];
}

/** Two jobs with data in common, of which the second began before the first was known to have stopped. */
export interface DoubtfulPair extends Span {
  /** In the order of submission. */
  readonly jobs: readonly [RecordedJob, RecordedJob];
  /** `concurrent`: both were running; `unknown`: no record shows whether or when the first one stopped. */
  readonly why: "concurrent" | "unknown";
}

/** The answer to whether each part of a range was covered exactly once. */
export interface Verdict {
  readonly range: Span;
  /** Covered by one succeeded job, or by re-runs on purpose. */
  readonly once: readonly Span[];
  /** Covered more than once. */
  readonly doubled: readonly DoubledSpan[];
  /** Never covered, and not given up. */
  readonly gaps: readonly Span[];
  /** Given up on purpose, and not covered. */
  readonly givenUp: readonly Span[];
  /** Parts that two jobs may have written at the same time, or in an unknown order. */
  readonly doubtful: readonly DoubtfulPair[];
  /** Whether nothing is doubled, missing or doubtful. */
  readonly isExact: boolean;
}

/**
 * Judges what the jobs of a group have covered, by a recording alone. Runs of mode `full` read everything
 * each time, so they never count as doubled. Pure.
 *
 * @param records - a whole recording, in the order in which it was written
 */
export function judgeRecording(records: readonly JobRecord[], input: JudgeInput): Verdict {
  const { groupId, range, givenUp = [], repeated = [] } = input;
  const jobs = jobsOf(records, groupId);
  const succeeded = wholeRuns(jobs.filter(({ state }) => state === "SUCCEEDED"));
  const onPurpose = merged(repeated);
  const covered: Span[] = [];
  const doubled: DoubledSpan[] = [];
  for (const { lower, upper, by } of sliced(range, succeeded)) {
    if (by.length > 0) covered.push({ lower, upper });
    const once = without([{ lower, upper }], onPurpose);
    const again = without([{ lower, upper }], once);
    if (isDoubled(by)) doubled.push(...once.map((span) => ({ ...span, jobs: inOrder(by) })));
    if (hasTwins(by)) doubled.push(...again.map((span) => ({ ...span, jobs: inOrder(by) })));
  }
  const uncovered = without([range], covered);
  const gaps = without(uncovered, givenUp);
  const doubtful = doubtfulPairs(jobs, range);
  return {
    range,
    once: without(covered, doubled),
    doubled,
    gaps,
    givenUp: without(uncovered, gaps),
    doubtful,
    isExact: doubled.length === 0 && gaps.length === 0 && doubtful.length === 0,
  };
}

function isDoubled(jobs: readonly RecordedJob[]): boolean {
  return jobs.filter(({ mode }) => mode !== "full").length > 1;
}

function hasTwins(jobs: readonly RecordedJob[]): boolean {
  return new Set(jobs.map(({ key }) => key)).size < jobs.length;
}

function inOrder(jobs: readonly RecordedJob[]): RecordedJob[] {
  return [...jobs].sort((a, b) => a.begunAt - b.begunAt);
}

/** Sweeps over the data, so that a long recording of tiling intervals needs no pairwise comparison. */
function doubtfulPairs(jobs: readonly RecordedJob[], range: Span): DoubtfulPair[] {
  const pairs: DoubtfulPair[] = [];
  let open: RecordedJob[] = [];
  for (const job of [...jobs].sort((a, b) => a.lower - b.lower)) {
    open = open.filter(({ upper }) => upper > job.lower);
    for (const other of open) {
      const [first, second] = other.begunAt <= job.begunAt ? [other, job] : [job, other];
      const lower = Math.max(job.lower, range.lower);
      const upper = Math.min(job.upper, other.upper, range.upper);
      if (areShardsOfOneRun(first, second)) continue;
      if (lower >= upper || (first.endedAt !== undefined && first.endedAt < second.begunAt)) continue;
      pairs.push({ lower, upper, jobs: [first, second], why: isKnown(first) ? "concurrent" : "unknown" });
    }
    open.push(job);
  }
  return pairs;
}

function areShardsOfOneRun(one: RecordedJob, other: RecordedJob): boolean {
  return one.runId === other.runId && one.shard?.key !== other.shard?.key;
}

function isKnown(job: RecordedJob): boolean {
  return job.jobId !== undefined && job.endedAt !== undefined;
}
