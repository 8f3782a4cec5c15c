import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import type { IntervalSet } from "../interval/interval-set.js";
import { isEnded } from "../run/lane.js";
import type { Run } from "../run/run.js";
import { eachRun } from "../store/each-run.js";
import type { CoverageRange } from "../store/run-ledger.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { sharedTime } from "../store/shared-time.js";

/**
 * Finds the doubtful intervals in a range of a group's ledger. Reads only runs that share time with others,
 * and keeps only those that overlap each other at once.
 *
 * @param coverage - of the range
 */
export async function findDoubts(
  store: ScheduleStore,
  coverage: readonly CoverageRange[],
  { groupId, range }: { readonly groupId: string; readonly range: Interval },
): Promise<Interval[]> {
  if (range.lower >= range.upper) return [];
  const found: Interval[] = [];
  for await (const run of eachRun(store, { groupId, within: range, isJobOpen: true })) {
    if (isEnded(run.state)) found.push(boundsOf(run));
  }
  const meetings = new Meetings();
  for (const within of windowsOf(await sharedTime(store, coverage, { groupId, within: range }))) {
    for await (const run of eachRun(store, { groupId, within })) meetings.add(run);
  }
  return [...found, ...meetings.end()];
}

/**
 * Returns the intervals that two jobs, or one that nobody watches, may have written. Pure.
 *
 * @param open - the runs whose job may still be working
 * @param all - the runs of the range; a run of `open` may be among them
 */
export function doubtsOf(open: readonly Run[], all: readonly Run[]): Interval[] {
  const atLarge = open.filter(({ state }) => isEnded(state));
  const meetings = new Meetings();
  for (const run of [...all, ...open].sort((a, b) => a.lower - b.lower)) meetings.add(run);
  return [...atLarge.map(boundsOf), ...meetings.end()];
}

/** Merges neighbours of a set, as long as at least about half of the merged time is the set's. */
function windowsOf(set: IntervalSet): Interval[] {
  const windows: Interval[] = [];
  for (const { lower, upper } of set) {
    const last = windows.at(-1);
    if (last !== undefined && lower - last.upper <= upper - lower)
      windows[windows.length - 1] = { lower: last.lower, upper };
    else windows.push({ lower, upper });
  }
  return windows;
}

/** A time at which a job of a run may have been working. */
interface Span {
  readonly run: Interval & Pick<Run, "id">;
  readonly from: EpochMs;
  readonly to: EpochMs;
}

/**
 * Finds the common parts of runs whose jobs were active at once. Runs come by their lower bounds, and may
 * come again; only those are kept that overlap each other, directly or through others.
 */
class Meetings {
  readonly #found: Interval[] = [];
  #ids = new Set<string>();
  #spans: Span[] = [];
  #upTo: EpochMs = Number.NEGATIVE_INFINITY;

  add(run: Run): void {
    if (run.lower >= this.#upTo) this.#compare();
    if (this.#ids.has(run.id)) return;
    this.#ids.add(run.id);
    this.#spans.push(...spansOf(run));
    this.#upTo = Math.max(this.#upTo, run.upper);
  }

  end(): Interval[] {
    this.#compare();
    return this.#found;
  }

  /** Sweeps over the time of the jobs: few of one group are active at once, however many runs overlap. */
  #compare(): void {
    let active: Span[] = [];
    for (const span of this.#spans.sort((a, b) => a.from - b.from || a.to - b.to)) {
      active = active.filter(({ to }) => to > span.from);
      for (const { run } of active) {
        const lower = Math.max(run.lower, span.run.lower);
        const upper = Math.min(run.upper, span.run.upper);
        if (run.id !== span.run.id && lower < upper) this.#found.push({ lower, upper });
      }
      active.push(span);
    }
    this.#ids = new Set();
    this.#spans = [];
    this.#upTo = Number.NEGATIVE_INFINITY;
  }
}

/** A claim that has waited for the store bears the time at which it was asked for: no run had a job before it was planned. */
function spansOf({ id, lower, upper, plannedAt, history, submittedAt, endedAt, ...rest }: Run): Span[] {
  const run = { id, lower, upper };
  const spans = history.flatMap((attempt) =>
    attempt.submittedAt === null
      ? []
      : [{ run, from: Math.max(attempt.submittedAt, plannedAt), to: attempt.endedAt }],
  );
  if (submittedAt === null) return spans;
  const from = Math.max(submittedAt, plannedAt);
  const isUnderWay = rest.isJobOpen || rest.state === "SUBMITTING" || rest.state === "RUNNING";
  if (isUnderWay) return [...spans, { run, from, to: Number.POSITIVE_INFINITY }];
  return endedAt === null ? spans : [...spans, { run, from, to: endedAt }];
}

function boundsOf({ lower, upper }: Run): Interval {
  return { lower, upper };
}
