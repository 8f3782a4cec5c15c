import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import { isEnded } from "../run/lane.js";
import type { Run } from "../run/run.js";
import type { RunFilter } from "../store/run-ledger.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** Most runs that one audit compares with each other. */
const MAX_EXAMINED = 10_000;

const PAGE = 1_000;

/** Doubtful intervals, as far as the runs of a range show. */
export interface Doubts {
  readonly intervals: readonly Interval[];
  /** Lower bound of the oldest run examined, epoch ms; minus infinity if all were. */
  readonly examinedFrom: EpochMs;
}

/** Finds doubtful intervals in a range of a group's ledger, with a bounded number of queries. */
export async function findDoubts(store: ScheduleStore, groupId: string, range: Interval): Promise<Doubts> {
  const open = await readRuns(store, { groupId, within: range, isJobOpen: true }, Number.POSITIVE_INFINITY);
  const all = await readRuns(store, { groupId, within: range, order: "descending" }, MAX_EXAMINED);
  const examinedFrom = all.isComplete ? Number.NEGATIVE_INFINITY : all.runs.at(-1)!.lower;
  return { intervals: doubtsOf(open.runs, all.runs), examinedFrom };
}

/**
 * Returns the intervals that two jobs, or one that nobody watches, may have written. Pure.
 *
 * @param open - the runs whose job may still be working
 * @param all - the runs of the range; a run of `open` may be among them
 */
export function doubtsOf(open: readonly Run[], all: readonly Run[]): Interval[] {
  const atLarge = open.filter(({ state }) => isEnded(state));
  const withJobs = new Map([...all, ...open].map((run) => [run.id, run]));
  return [...atLarge.map(boundsOf), ...meetings([...withJobs.values()])];
}

/** Returns the common parts of runs whose jobs were active at once. The sweep compares few pairs. */
function meetings(runs: readonly Run[]): Interval[] {
  const found: Interval[] = [];
  let beside: { run: Run; spans: Span[] }[] = [];
  for (const run of [...runs].sort((a, b) => a.lower - b.lower)) {
    const spans = spansOf(run);
    if (spans.length === 0) continue;
    beside = beside.filter((other) => other.run.upper > run.lower);
    for (const other of beside) {
      if (meet(spans, other.spans)) {
        found.push({ lower: run.lower, upper: Math.min(run.upper, other.run.upper) });
      }
    }
    beside.push({ run, spans });
  }
  return found;
}

interface Span {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

/** Returns the times at which a job of the run may have been working. */
function spansOf({ history, submittedAt, endedAt, isJobOpen, state }: Run): Span[] {
  const spans = history.flatMap((attempt) =>
    attempt.submittedAt === null ? [] : [{ from: attempt.submittedAt, to: attempt.endedAt }],
  );
  const isUnderWay = isJobOpen || state === "SUBMITTING" || state === "RUNNING";
  if (submittedAt === null) return spans;
  if (isUnderWay) return [...spans, { from: submittedAt, to: Number.POSITIVE_INFINITY }];
  return endedAt === null ? spans : [...spans, { from: submittedAt, to: endedAt }];
}

function meet(one: readonly Span[], other: readonly Span[]): boolean {
  return one.some(({ from, to }) => other.some((span) => from < span.to && span.from < to));
}

function boundsOf({ lower, upper }: Run): Interval {
  return { lower, upper };
}

async function readRuns(
  store: ScheduleStore,
  filter: RunFilter,
  limit: number,
): Promise<{ runs: Run[]; isComplete: boolean }> {
  const runs: Run[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.listRuns(filter, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    runs.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined && runs.length < limit);
  return { runs, isComplete: cursor === undefined };
}
