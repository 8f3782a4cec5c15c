import type { Run } from "./run.js";

/** Returns runs by their group, in their order. */
export function byGroup(runs: readonly Run[]): ReadonlyMap<string, readonly Run[]> {
  const groups = new Map<string, Run[]>();
  for (const run of runs) {
    const others = groups.get(run.groupId);
    if (others === undefined) groups.set(run.groupId, [run]);
    else others.push(run);
  }
  return groups;
}
