import type { NewRun } from "@tidegate/core/store";

/** Returns whether a run of a group is given twice, by id or by interval and generation. */
export function hasTwins(runs: readonly NewRun[]): boolean {
  const ids = new Set(runs.map(({ id }) => id));
  const intervals = new Set(runs.map(({ lower, upper, generation }) => `${lower}-${upper}-${generation}`));
  return ids.size < runs.length || intervals.size < runs.length;
}
