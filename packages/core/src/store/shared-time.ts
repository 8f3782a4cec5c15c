import type { Interval } from "../interval/boundaries.js";
import { type IntervalSet, overlapsOf } from "../interval/interval-set.js";
import { eachRun } from "./each-run.js";
import type { CoverageRange } from "./run-ledger.js";
import type { ScheduleStore } from "./schedule-store.js";

/**
 * Returns the time that more than one run of a group covers, whatever became of them: superseded runs count.
 *
 * A range of the coverage is made of runs that have its time alone, so the common time of all other runs is
 * that of the ranges, and only the superseded runs are read besides.
 *
 * @param coverage - the group's coverage within the interval
 * @param within - not empty; only runs that intersect it, uncut; see `RunFilter.within`
 */
export async function sharedTime(
  store: ScheduleStore,
  coverage: readonly CoverageRange[],
  { groupId, within }: { readonly groupId: string; readonly within: Interval },
): Promise<IntervalSet> {
  const covered: Interval[] = [...coverage];
  for await (const { lower, upper } of eachRun(store, { groupId, within, isSuperseded: true })) {
    covered.push({ lower, upper });
  }
  return overlapsOf(covered);
}
