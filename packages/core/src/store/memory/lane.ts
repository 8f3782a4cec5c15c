import { AT_ONCE } from "../schedule-store.js";
import type { Group } from "./group.js";
import { comparePositions, type RunRow } from "./run-row.js";
import type { RunTable } from "./run-table.js";

/** The live lane's rule: while no run blocks, the oldest waiting runs get the free places. */
export function admit(runs: RunTable, group: Group): void {
  const { schedule, waiting } = group;
  while (schedule.blockingRuns === 0 && schedule.admittedRuns < group.laneWidth) {
    const oldest = waiting.peek();
    if (oldest === undefined) return;
    runs.update(oldest, (run) => {
      run.wakeAt = AT_ONCE;
    });
  }
}

/**
 * Changes how many runs the lane admits. Planned runs that have a place give it up first; those that get it again keep
 * the time that they waited for.
 */
export function resizeLane(runs: RunTable, group: Group, laneWidth: number): void {
  group.laneWidth = laneWidth;
  const planned = [...group.open].filter(({ run }) => run.state === "PLANNED" && run.kind === "SCHEDULED");
  planned.sort((a, b) => comparePositions(a.run, b.run));
  const places = placesForPlanned(group, planned);
  for (const row of planned.slice(places)) {
    runs.update(row, (run) => {
      run.wakeAt = null;
    });
  }
  admit(runs, group);
}

/** How many places the active runs of a lane leave to planned ones. */
function placesForPlanned({ schedule, laneWidth }: Group, planned: readonly RunRow[]): number {
  if (schedule.blockingRuns > 0) return 0;
  const active = schedule.admittedRuns - planned.filter(({ run }) => run.wakeAt !== null).length;
  return Math.max(0, laneWidth - active);
}
