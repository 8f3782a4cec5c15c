import type { EpochMs } from "../../clock/clock.js";
import { isLagging, queueOf } from "../../run/claim-order.js";
import { isAdmitted } from "../../run/place.js";
import type { Group } from "./group.js";
import { comparePositions, type RunRow } from "./run-row.js";
import type { RunTable } from "./run-table.js";

/**
 * Applies the live lane's rule: while no run blocks, the oldest waiting runs get the free places and are
 * ready from now on.
 */
export function admit(runs: RunTable, group: Group, at: EpochMs): void {
  const { schedule, waiting } = group;
  let lags: boolean | undefined;
  while (schedule.blockingRuns === 0 && schedule.admittedRuns < group.laneWidth) {
    const oldest = waiting.peek();
    if (oldest === undefined) return;
    lags ??= isLagging(oldest.run, at, schedule.spec.delayMs);
    const { kind } = oldest.run;
    const queue = queueOf({
      kind,
      wasClaimed: oldest.token > 0,
      isLagging: lags,
      placesTaken: schedule.admittedRuns,
    });
    runs.update(oldest, (run) => {
      oldest.queue = queue;
      run.place = "ready";
      run.readyAt = at;
      run.wait = null;
    });
  }
}

/**
 * Changes how many runs the lane admits. Planned runs first give up their places; those that get one again
 * are as they were before.
 */
export function resizeLane(runs: RunTable, group: Group, laneWidth: number, at: EpochMs): void {
  group.laneWidth = laneWidth;
  const planned = [...group.open].filter(({ run }) => run.state === "PLANNED" && run.kind === "SCHEDULED");
  planned.sort((a, b) => comparePositions(a.run, b.run));
  const places = placesForPlanned(group, planned);
  for (const row of planned.slice(places)) {
    if (row.run.place === "waiting") continue;
    runs.update(row, (run) => {
      run.place = "waiting";
      run.readyAt = null;
      run.wait = Object.freeze({ reason: "lane", since: at });
    });
  }
  admit(runs, group, at);
}

/** Returns how many places of a lane the active runs leave to planned ones. */
function placesForPlanned({ schedule, laneWidth }: Group, planned: readonly RunRow[]): number {
  if (schedule.blockingRuns > 0) return 0;
  const active = schedule.admittedRuns - planned.filter(({ run }) => isAdmitted(run.place)).length;
  return Math.max(0, laneWidth - active);
}
