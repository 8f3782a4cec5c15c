import type { EpochMs } from "../clock/clock.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** Reason of runs cancelled because they waited when their group was unregistered. */
export const UNREGISTERED = "unregistered";

/** Most runs to count. */
const COUNTED = 1_000;

/** Counts runs that an unregistration has cancelled and no other run covers since, up to 1,000. */
export async function countUnregistered(store: ScheduleStore, groupId: string): Promise<number> {
  const filter = {
    groupId,
    states: ["CANCELLED"],
    reasons: [UNREGISTERED],
    includeSuperseded: false,
  } as const;
  return (await store.listRuns(filter, { limit: COUNTED })).items.length;
}

/** Returns notes on runs that an unregistration has cancelled, in plain sentences. */
export function unregisteredNotes(count: number): string[] {
  if (count === 0) return [];
  const runs = count === 1 ? "1 run" : `${count}${count === COUNTED ? " or more" : ""} runs`;
  return [
    `${runs} that waited when the group was unregistered stay cancelled; backfill or retry what is still wanted.`,
  ];
}

/** Returns notes on cancelled runs that a registration plans again, in plain sentences. */
export function revivedNotes(count: number): string[] {
  if (count === 0) return [];
  const runs = count === 1 ? "1 run" : `${count}${count === COUNTED ? " or more" : ""} runs`;
  return [`${runs} that waited when the group was unregistered will run now, by this version.`];
}

/**
 * Returns the time from which a schedule registered again plans its cancelled runs: the later of both starts.
 */
export function resumedFrom(
  before: { readonly startTime: EpochMs },
  now: { readonly startTime: EpochMs },
): EpochMs {
  return Math.max(before.startTime, now.startTime);
}
