import type { NewRun, NewSchedule, PlanCommit, ScheduleChange } from "@tidegate/core/store";
import { toJson } from "./json.js";

/** A call of a function of the schema that takes the answer of the call before it, and returns it. */
export type NextCall = readonly [name: string, ...values: string[]];

interface Placed {
  readonly offsets?: unknown;
}

const isPlaced = ({ offsets }: Placed): boolean => offsets !== undefined && offsets !== null;

/** Returns the call that adds the positions of plans; none if they have none. */
export function ofPlans(commits: readonly PlanCommit[]): NextCall[] {
  const groups = commits.flatMap(({ groupId, offsets }, index) =>
    isPlaced({ offsets }) ? [{ no: index + 1, groupId, offsets: toJson(offsets) }] : [],
  );
  const runs = commits.flatMap((commit, index) =>
    commit.runs.filter(isPlaced).map((run) => ({ ...placed(run), no: index + 1 })),
  );
  return groups.length + runs.length === 0 ? [] : [["offsets_planned", toJson(runs), toJson(groups)]];
}

/** Returns the call that adds the positions of runs that are inserted beside the lane; none if they have none. */
export function ofRuns(runs: readonly NewRun[]): NextCall[] {
  const rows = runs.filter(isPlaced).map(placed);
  return rows.length === 0 ? [] : [["offsets_inserted", toJson(rows)]];
}

/** Returns the call that adds how far the sources of new groups are planned; none if they have none. */
export function ofSchedules(schedules: readonly NewSchedule[]): NextCall[] {
  const rows = schedules.flatMap(({ spec: { groupId }, offsets }, no) =>
    isPlaced({ offsets }) ? [{ no, groupId, offsets: toJson(offsets) }] : [],
  );
  return rows.length === 0 ? [] : [["offsets_begun", toJson(rows)]];
}

/** Returns the call that changes how far the sources of groups are planned; none if they stay. */
export function ofChanges(changes: readonly ScheduleChange[]): NextCall[] {
  const rows = changes.flatMap(({ groupId, offsets }, no) =>
    isPlaced({ offsets }) ? [{ no, groupId, offsets: toJson(offsets) }] : [],
  );
  return rows.length === 0 ? [] : [["offsets_changed", toJson(rows)]];
}

function placed({ offsets, ...run }: NewRun): object {
  return { ...run, offsets: toJson(offsets) };
}
