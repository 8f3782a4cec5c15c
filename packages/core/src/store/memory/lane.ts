import { lanePlace } from "../../ledger/lane.js";
import { AT_ONCE } from "../schedule-store.js";
import type { Group } from "./group.js";
import { comparePositions } from "./run-row.js";
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
  const lane = [...group.open].filter(({ run }) => run.state === "PLANNED" && run.kind === "SCHEDULED");
  const admitted = lane.filter(({ run }) => lanePlace(run) === "admitted");
  const { admittedRuns, blockingRuns } = group.schedule;
  const places = blockingRuns > 0 ? 0 : Math.max(0, laneWidth - (admittedRuns - admitted.length));
  lane.sort((a, b) => comparePositions(a.run, b.run));
  const kept = new Set(lane.slice(0, places));
  for (const row of admitted) {
    if (kept.has(row)) continue;
    runs.update(row, (run) => {
      run.wakeAt = null;
    });
  }
  admit(runs, group);
}
