import { AT_ONCE, type LanePlace } from "@tidegate/core";
import type { Statements } from "./statements.js";

/** The counts of a live lane. */
export interface LaneRow {
  readonly lane_width: number;
  readonly admitted: number;
  readonly waiting: number;
  readonly blocking: number;
}

const MOVE = `UPDATE schedule_state SET admitted = admitted + ?, waiting = waiting + ?, blocking = blocking + ?
  WHERE no = ? RETURNING lane_width, admitted, waiting, blocking`;

const WIDEN = `UPDATE schedule_state SET lane_width = ? WHERE no = ?
  RETURNING lane_width, admitted, waiting, blocking`;

const PLANNED = "group_no = ? AND kind = 'SCHEDULED' AND state = 'PLANNED'";

const ADMITTED_PLANNED = `SELECT count(*) AS runs FROM run WHERE ${PLANNED} AND wake_at IS NOT NULL`;

const GIVE_UP_PLACES = `UPDATE run SET wake_at = NULL WHERE ${PLANNED} AND wake_at IS NOT NULL AND id NOT IN
  (SELECT id FROM run WHERE ${PLANNED} ORDER BY lower, generation, upper LIMIT ?) RETURNING id`;

const OLDEST_WAITING = `SELECT id FROM run
  WHERE ${PLANNED} AND wake_at IS NULL
  ORDER BY lower, generation, upper LIMIT ?`;

/** How many new runs find a place at once: none while others wait or one blocks. */
export function freePlaces({ lane_width, admitted, waiting, blocking }: LaneRow): number {
  return waiting > 0 || blocking > 0 ? 0 : Math.max(0, lane_width - admitted);
}

const LEAVE = "UPDATE schedule_state SET admitted = admitted - 1 WHERE no = ? AND waiting = 0";

/** Counts a run that went from one place to another, and admits who waits if that made room. */
export function moveInLane(statements: Statements, groupNo: number, from: LanePlace, to: LanePlace): void {
  if (from === to) return;
  const endsAlone = from === "admitted" && to === "none";
  if (endsAlone && statements.run(LEAVE, groupNo) === 1) return;
  const step = (place: LanePlace): number => Number(to === place) - Number(from === place);
  const lane = statements.get<LaneRow>(MOVE, step("admitted"), step("waiting"), step("blocking"), groupNo);
  if (lane !== undefined && lane.waiting > 0) admit(statements, groupNo, lane);
}

/** The live lane's rule: while nothing blocks, the oldest waiting runs get the free places. */
export function admit(statements: Statements, groupNo: number, lane: LaneRow): void {
  const places = lane.blocking > 0 ? 0 : Math.min(lane.waiting, lane.lane_width - lane.admitted);
  if (places <= 0) return;
  const oldest = statements.all<{ id: string }>(OLDEST_WAITING, groupNo, places);
  for (const { id } of oldest) statements.run("UPDATE run SET wake_at = ? WHERE id = ?", AT_ONCE, id);
  statements.get(MOVE, oldest.length, -oldest.length, 0, groupNo);
}

/**
 * Changes how many runs the lane admits. Planned runs that have a place give it up first; those that get it again keep
 * the time that they waited for.
 */
export function resizeLane(statements: Statements, groupNo: number, laneWidth: number): void {
  const lane = statements.get<LaneRow>(WIDEN, laneWidth, groupNo);
  if (lane === undefined) return;
  const planned = statements.get<{ runs: number }>(ADMITTED_PLANNED, groupNo)!.runs;
  const active = lane.admitted - planned;
  const places = lane.blocking > 0 ? 0 : Math.max(0, laneWidth - active);
  const moved = statements.all<{ id: string }>(GIVE_UP_PLACES, groupNo, groupNo, places).length;
  const after = statements.get<LaneRow>(MOVE, -moved, moved, 0, groupNo);
  if (after !== undefined && after.waiting > 0) admit(statements, groupNo, after);
}
