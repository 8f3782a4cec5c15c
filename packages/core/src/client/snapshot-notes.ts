import type { EpochMs } from "../clock/clock.js";
import { continuation } from "../planning/plan-decision.js";
import {
  HOLDING_STATES,
  hasSnapshots,
  neededSnapshot,
  recurringSnapshot,
} from "../planning/plan-snapshot.js";
import { SnapshotStates, WITHOUT_SNAPSHOTS } from "../planning/snapshot-states.js";
import type { Run, RunState } from "../run/run.js";
import { Grid } from "../schedule/grid.js";
import type { Schedule } from "../schedule/schedule.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { range } from "./instants.js";

/** Returns why a group plans no increments, or no snapshot that is due, in plain sentences. */
export async function snapshotNotes(
  store: Pick<ScheduleStore, "listRuns">,
  schedule: Schedule,
  now: EpochMs,
): Promise<string[]> {
  if (!hasSnapshots(schedule.spec) || !SCHEDULE_STATUSES[schedule.status].isRegistered) return [];
  const states = new SnapshotStates(store);
  const { holding, hasCopy } =
    (await states.read([schedule])).get(schedule.spec.groupId) ?? WITHOUT_SNAPSHOTS;
  if (holding !== undefined) return [holdingNote(holding)];
  if (!isNextSnapshot(schedule, hasCopy, now)) return [];
  const other = await states.inTheWay(schedule);
  if (other === undefined) return [];
  return [
    `The next run is a snapshot, which is made alone: it waits for run ${other.id} for ${range(other)}, which is ${other.state}.`,
  ];
}

function isNextSnapshot(schedule: Schedule, hasCopy: boolean, now: EpochMs): boolean {
  if (neededSnapshot(schedule, hasCopy, undefined) !== undefined) return true;
  const { spec, watermark } = schedule;
  const grid = new Grid(spec);
  const from = continuation(grid, watermark);
  const owed = grid.due(from, now);
  return owed !== undefined && recurringSnapshot(spec, from, owed.newest.upper) !== undefined;
}

function holdingNote(run: Run): string {
  return `No increments are planned until the snapshot of run ${run.id} for ${range(run)} has succeeded: ${outlookOf(run)}`;
}

/** Returns the effect of a snapshot that has not succeeded on its group, in plain sentences. */
export function holdingReasons(run: Run): string[] {
  const holds = run.snapshot !== null && (HOLDING_STATES as readonly RunState[]).includes(run.state);
  return holds ? [`The group plans no increments until this snapshot has succeeded: ${outlookOf(run)}`] : [];
}

function outlookOf({ error, state }: Run): string {
  if (state !== "FAILED") return `it is ${state}.`;
  return `it is FAILED; retry it, or cancel it, and the next run makes another one. Its error: ${error?.message ?? "unknown"}`;
}
