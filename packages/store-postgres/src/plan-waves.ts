import type { PlanCommit } from "@tidegate/core";

/** A commit as the functions in the database read it. */
export function planRow({ plannedAt: _, ...commit }: PlanCommit, step: number): object {
  return { step, ...commit };
}

/** Whether a commit has the same run twice, by id or by interval and generation. */
export function hasTwins({ runs }: PlanCommit): boolean {
  const ids = new Set(runs.map(({ id }) => id));
  const intervals = new Set(runs.map(({ lower, upper, generation }) => `${lower}-${upper}-${generation}`));
  return ids.size < runs.length || intervals.size < runs.length;
}
