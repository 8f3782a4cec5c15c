import type { EpochMs } from "../clock/clock.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** Why runs are cancelled that wait when their group is unregistered. */
export const UNREGISTERED = "unregistered";

/** The most runs to count. */
const COUNTED = 1_000;

/** How many runs an unregistration has cancelled that nothing stands for since, up to 1,000. */
export async function countUnregistered(store: ScheduleStore, groupId: string): Promise<number> {
  const filter = {
    groupId,
    states: ["CANCELLED"],
    reasons: [UNREGISTERED],
    includeSuperseded: false,
  } as const;
  return (await store.listRuns(filter, { limit: COUNTED })).items.length;
}

/** What a person should know of runs that an unregistration has cancelled. */
export function unregisteredNotes(count: number): string[] {
  if (count === 0) return [];
  const runs = count === 1 ? "1 run" : `${count}${count === COUNTED ? " or more" : ""} runs`;
  return [
    `${runs} that waited when the group was unregistered stay cancelled; backfill or retry what is still wanted.`,
  ];
}

/** What a person should know of those that a registration plans again. */
export function revivedNotes(count: number): string[] {
  if (count === 0) return [];
  const runs = count === 1 ? "1 run" : `${count}${count === COUNTED ? " or more" : ""} runs`;
  return [`${runs} that waited when the group was unregistered will run now, by this version.`];
}

/** From where on a schedule that is registered again takes up what waited: the later one of both starts. */
export function resumedFrom(
  before: { readonly startTime: EpochMs },
  now: { readonly startTime: EpochMs },
): EpochMs {
  return Math.max(before.startTime, now.startTime);
}
