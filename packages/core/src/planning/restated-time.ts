import type { Interval } from "../interval/boundaries.js";
import { type IntervalSet, toSet } from "../interval/interval-set.js";
import { RESTATEMENT } from "../run/backfill.js";
import { OPEN_RUN_STATES } from "../run/lane.js";
import { eachRun } from "../store/each-run.js";
import type { RunFilter } from "../store/run-ledger.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** Returns the runs of a backfill that an unregistration has cancelled, and that wait to be planned again with their group. */
export function awaitingRegistration(backfillId: string): RunFilter {
  return { backfillId, states: ["CANCELLED"], reasons: ["unregistered"], includeSuperseded: false };
}

/**
 * Returns the time of groups that a restatement is about to run again, or is running again: what reads it would
 * be stale at once.
 */
export async function restatedTime(
  store: Pick<ScheduleStore, "listBackfills" | "listRuns">,
  groupIds: ReadonlySet<string>,
): Promise<ReadonlyMap<string, IntervalSet>> {
  const time = new Map<string, IntervalSet>();
  if (groupIds.size === 0) return time;
  for (const { id, groupId, cursor, upper } of await store.listBackfills({ states: ["RUNNING"] })) {
    if (!id.startsWith(RESTATEMENT) || !groupIds.has(groupId)) continue;
    const parts: Interval[] = [{ lower: cursor, upper }];
    for await (const run of eachRun(store, { backfillId: id, states: OPEN_RUN_STATES })) parts.push(run);
    for await (const run of eachRun(store, awaitingRegistration(id))) parts.push(run);
    time.set(groupId, toSet([...(time.get(groupId) ?? []), ...parts]));
  }
  return time;
}

/**
 * Returns the time of groups that their backfills are still to run, though it is settled: all of it, or what was given
 * up. Runs that a backfill has planned are not part of it.
 */
export async function timeToRunAgain(
  store: Pick<ScheduleStore, "listBackfills" | "missingTime">,
  groupIds: ReadonlySet<string>,
): Promise<ReadonlyMap<string, IntervalSet>> {
  const time = new Map<string, IntervalSet>();
  if (groupIds.size === 0) return time;
  for (const { groupId, select, cursor, upper } of await store.listBackfills({ states: ["RUNNING"] })) {
    // Failed runs are not settled in any case.
    if (!groupIds.has(groupId) || cursor >= upper || select === "failed") continue;
    const rest = { lower: cursor, upper };
    const parts =
      select === "all" ? [rest] : (await store.missingTime([{ groupId, within: rest, by: "succeeded" }]))[0]!;
    time.set(groupId, toSet([...(time.get(groupId) ?? []), ...parts]));
  }
  return time;
}
