import type { PlanCommit } from "@tidegate/core";

/** Commits of different groups as the functions in the database read them. */
export function planWave(wave: readonly { element: PlanCommit; no: number }[]): object {
  return {
    steps: wave.map(({ element: { runs: _, plannedAt: __, ...commit }, no }) => ({ step: no, ...commit })),
    runs: wave.flatMap(({ element, no: step }) => element.runs.map((run, no) => ({ step, no, ...run }))),
  };
}

/** Whether a commit has the same run twice, by id or by interval and generation. */
export function hasTwins({ runs }: PlanCommit): boolean {
  const ids = new Set(runs.map(({ id }) => id));
  const intervals = new Set(runs.map(({ lower, upper, generation }) => `${lower}-${upper}-${generation}`));
  return ids.size < runs.length || intervals.size < runs.length;
}
