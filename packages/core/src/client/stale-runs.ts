import type { Interval } from "../interval/boundaries.js";
import { type IntervalSet, subtract, toSet } from "../interval/interval-set.js";
import { byGroup } from "../run/by-group.js";
import type { Run } from "../run/run.js";
import { eachRun } from "../store/each-run.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** A run that has read other data than there are now, or that has read what such a run has made. */
export interface StaleRun {
  readonly run: Run;
  /**
   * `stale`: time that it has read is covered by another generation now, or by one at last; `tainted`: it has read
   * a run that is stale or tainted, so it will be stale once that has been run again.
   */
  readonly state: "stale" | "tainted";
}

/**
 * Returns the runs that are stale, then those that are tainted, which follow from the inputs of all groups'
 * runs. A run that something supersedes is neither.
 *
 * @param groupId - only runs of this group. @default all
 */
export async function staleRuns(store: ScheduleStore, groupId?: string): Promise<StaleRun[]> {
  const found = new Map<string, StaleRun>();
  let frontier: Run[] = [];
  for await (const run of eachRun(store, { staleness: "all" })) {
    found.set(run.id, { run, state: "stale" });
    frontier.push(run);
  }
  const followed = new Map<string, IntervalSet>();
  while (frontier.length > 0) {
    const next: Run[] = [];
    for (const window of unfollowed(frontier, followed)) {
      for await (const run of eachRun(store, { reads: window, includeSuperseded: false })) {
        if (found.has(run.id)) continue;
        found.set(run.id, { run, state: "tainted" });
        next.push(run);
      }
    }
    frontier = next;
  }
  const all = [...found.values()];
  return groupId === undefined ? all : all.filter(({ run }) => run.groupId === groupId);
}

/** Returns the time of these runs that has not been followed yet, by group, and notes it. */
function unfollowed(
  runs: readonly Run[],
  followed: Map<string, IntervalSet>,
): (Interval & { readonly groupId: string })[] {
  return [...byGroup(runs)].flatMap(([groupId, ofGroup]) => {
    const before = followed.get(groupId) ?? [];
    const fresh = subtract(toSet(ofGroup), before);
    followed.set(groupId, toSet([...before, ...fresh]));
    return fresh.map(({ lower, upper }) => ({ groupId, lower, upper }));
  });
}
