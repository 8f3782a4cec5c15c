import type { Run, Schedule } from "@tidegate/core";

/** A group with its runs on the time axis. */
export interface Lane {
  readonly groupId: string;
  readonly runs: readonly Run[];
  /** Epoch ms; `null` if nothing is due any more, or that is not known. */
  readonly nextFireAt: number | null;
}

/** The lanes of a picture. */
export interface Lanes {
  /** By group. */
  readonly lanes: readonly Lane[];
  /** Whether no group was left out that has one. */
  readonly isWhole: boolean;
}

/** Most lanes of a picture. */
const MOST_LANES = 40;

/** Returns the groups that have run last, then those that fire next, as far as there is room for them. */
export function lanesOf(runs: readonly Run[], schedules: readonly Schedule[]): Lanes {
  const byGroup = new Map<string, Run[]>(schedules.map(({ spec }) => [spec.groupId, []]));
  for (const run of runs) {
    if (run.submittedAt === null) continue;
    const known = byGroup.get(run.groupId);
    if (known === undefined) byGroup.set(run.groupId, [run]);
    else known.push(run);
  }
  const next = new Map(schedules.map(({ spec, nextFireAt }) => [spec.groupId, nextFireAt]));
  const found = [...byGroup]
    .map(([groupId, own]) => ({ groupId, runs: own, nextFireAt: next.get(groupId) ?? null }))
    .filter((lane) => lane.runs.length > 0 || lane.nextFireAt !== null);
  const lanes = found.sort((a, b) => rankOf(b) - rankOf(a)).slice(0, MOST_LANES);
  return {
    lanes: lanes.sort((a, b) => (a.groupId < b.groupId ? -1 : 1)),
    isWhole: lanes.length === found.length,
  };
}

/** Returns the rank of a group: those that ran last come first, and after them those that fire soonest. */
function rankOf({ runs, nextFireAt }: Lane): number {
  if (runs.length > 0) return Math.max(...runs.map(({ endedAt }) => endedAt ?? Number.MAX_SAFE_INTEGER));
  return -(nextFireAt ?? Number.MAX_SAFE_INTEGER);
}
