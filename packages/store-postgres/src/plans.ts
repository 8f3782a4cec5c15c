import type { PlanCommit } from "@tidegate/core/store";
import { toArrays } from "./arrays.js";
import { PLAN_COLUMNS } from "./migrations/0002-places/plan-functions.js";

/** Converts commits of different groups to the columns that the database's functions read. */
export function planColumns(commits: readonly PlanCommit[]): string[] {
  const steps = commits.map((commit) => ({ ...commit, supersedes: commit.supersedes?.join(",") }));
  const runs = commits.flatMap((commit, index) => commit.runs.map((run) => ({ ...run, step: index + 1 })));
  return [...toArrays(PLAN_COLUMNS.steps, steps), ...toArrays(PLAN_COLUMNS.runs, runs)];
}
