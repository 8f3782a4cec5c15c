import { AT_ONCE, isEnded, type LanePlace, lanePlace } from "@tidegate/core";
import type { LaneCounts } from "@tidegate/store-sql";
import type { RunRow } from "./run-rows.js";
import type { Statements } from "./statements.js";

/** Where a run stands: in its group's live lane, or `beside` it while a re-run or a backfill's run is open. */
export type Place = LanePlace | "beside";

/** The open runs of a group, and those that block its lane. */
export interface Lane {
  /** Ids of those that have a place. */
  readonly admitted: readonly string[];
  /** Ids of those that need none. */
  readonly beside: readonly string[];
  /** How many wait for a place. There may be many, so they are looked up in the table. */
  readonly waiting: number;
  readonly blocking: number;
}

interface MutableLane {
  readonly admitted: string[];
  readonly beside: string[];
  waiting: number;
  blocking: number;
}

/** What tells two runs' order in a lane. */
type Position = Pick<RunRow, "id" | "lower" | "generation" | "upper">;

const EMPTY: Lane = { admitted: [], beside: [], waiting: 0, blocking: 0 };

// Each of these goes by an index that has no ended run in it: a ledger is long.
const OPEN = "SELECT group_no, id, kind FROM run INDEXED BY run_by_wake WHERE wake_at IS NOT NULL";
const IS_WAITING = "kind = 'SCHEDULED' AND state = 'PLANNED' AND wake_at IS NULL";
const WAITING = `SELECT group_no, count(*) AS runs FROM run INDEXED BY run_waiting WHERE ${IS_WAITING} GROUP BY group_no`;
const BLOCKING = `SELECT group_no, count(*) AS runs FROM run INDEXED BY run_blocking
  WHERE is_blocking = 1 AND kind = 'SCHEDULED' GROUP BY group_no`;
const OLDEST_WAITING = `SELECT id, lower, generation, upper FROM run INDEXED BY run_waiting
  WHERE group_no = ? AND ${IS_WAITING} ORDER BY lower, generation, upper LIMIT ?`;
const IF_PLANNED = "SELECT id, lower, generation, upper FROM run WHERE id = ? AND state = 'PLANNED'";
const SET_WAKE = "UPDATE run SET wake_at = ? WHERE id = ?";

/**
 * The live lanes. They follow from the runs, so they are not stored: they are read when the store is opened and kept in
 * memory while it has the file to itself. A group without open runs takes no memory.
 */
export class Lanes {
  readonly #statements: Statements;
  readonly #lanes = new Map<number, MutableLane>();

  constructor(statements: Statements) {
    this.#statements = statements;
    this.reread();
  }

  /** Reads all lanes anew: at the beginning, and after a transaction was taken back. */
  reread(): void {
    this.#lanes.clear();
    for (const row of this.#statements.all<Pick<RunRow, "group_no" | "id" | "kind">>(OPEN)) {
      const lane = this.#mutable(row.group_no);
      (row.kind === "SCHEDULED" ? lane.admitted : lane.beside).push(row.id);
    }
    for (const { group_no, runs } of this.#statements.all<{ group_no: number; runs: number }>(WAITING)) {
      this.#mutable(group_no).waiting = runs;
    }
    for (const { group_no, runs } of this.#statements.all<{ group_no: number; runs: number }>(BLOCKING)) {
      this.#mutable(group_no).blocking = runs;
    }
  }

  of(groupNo: number): Lane {
    return this.#lanes.get(groupNo) ?? EMPTY;
  }

  /** How many runs of a group stand where. */
  countsOf(groupNo: number): LaneCounts {
    const { admitted, waiting, blocking } = this.of(groupNo);
    return { admittedRuns: admitted.length, waitingRuns: waiting, blockingRuns: blocking };
  }

  /** How many new runs find a place at once: none while others wait or one blocks. */
  freePlaces(groupNo: number, laneWidth: number): number {
    const { admitted, waiting, blocking } = this.of(groupNo);
    return waiting > 0 || blocking > 0 ? 0 : Math.max(0, laneWidth - admitted.length);
  }

  /** The planned runs of a group, of all kinds. */
  planned(groupNo: number): string[] {
    const { admitted, beside, waiting } = this.of(groupNo);
    const placed = [...admitted, ...beside].flatMap((id) => this.#ifPlanned(id));
    return [...placed, ...this.#oldestWaiting(groupNo, waiting)].map(({ id }) => id);
  }

  /** Notes a run that went from one place to another, and admits who waits if that made room. */
  move(groupNo: number, id: string, from: Place, to: Place): void {
    if (from === to) return;
    const lane = this.#mutable(groupNo);
    place(lane, id, from, -1);
    place(lane, id, to, 1);
    if (lane.waiting > 0) this.#admit(groupNo, this.#widthOf(groupNo));
    this.#forgetEmpty(groupNo);
  }

  /**
   * Changes how many runs the lane admits. Planned runs that have a place give it up first; those that get it again keep
   * the time that they waited for.
   */
  resize(groupNo: number, laneWidth: number): void {
    this.#statements.run("UPDATE schedule_state SET lane_width = ? WHERE no = ?", laneWidth, groupNo);
    const { admitted, waiting, blocking } = this.of(groupNo);
    const planned = admitted.flatMap((id) => this.#ifPlanned(id));
    const active = admitted.length - planned.length;
    const places = blocking > 0 ? 0 : Math.max(0, laneWidth - active);
    const rivals = [...planned, ...this.#oldestWaiting(groupNo, Math.min(waiting, places))].sort(compare);
    const kept = new Set(rivals.slice(0, places).map(({ id }) => id));
    const lane = this.#mutable(groupNo);
    for (const { id } of planned) {
      if (kept.has(id)) continue;
      this.#statements.run(SET_WAKE, null, id);
      place(lane, id, "admitted", -1);
      place(lane, id, "waiting", 1);
    }
    this.#admit(groupNo, laneWidth);
    this.#forgetEmpty(groupNo);
  }

  /** The group is gone, its runs with it. */
  forget(groupNo: number): void {
    this.#lanes.delete(groupNo);
  }

  /** The live lane's rule: while nothing blocks, the oldest waiting runs get the free places. */
  #admit(groupNo: number, laneWidth: number): void {
    const lane = this.#mutable(groupNo);
    const places = lane.blocking > 0 ? 0 : Math.min(lane.waiting, laneWidth - lane.admitted.length);
    if (places <= 0) return;
    for (const { id } of this.#oldestWaiting(groupNo, places)) {
      this.#statements.run(SET_WAKE, AT_ONCE, id);
      place(lane, id, "waiting", -1);
      place(lane, id, "admitted", 1);
    }
  }

  #oldestWaiting(groupNo: number, limit: number): Position[] {
    return limit === 0 ? [] : this.#statements.all<Position>(OLDEST_WAITING, groupNo, limit);
  }

  #ifPlanned(id: string): Position[] {
    return this.#statements.all<Position>(IF_PLANNED, id);
  }

  #widthOf(groupNo: number): number {
    const text = "SELECT lane_width FROM schedule_state WHERE no = ?";
    return this.#statements.get<{ lane_width: number }>(text, groupNo)?.lane_width ?? 0;
  }

  #mutable(groupNo: number): MutableLane {
    const known = this.#lanes.get(groupNo);
    if (known !== undefined) return known;
    const lane: MutableLane = { admitted: [], beside: [], waiting: 0, blocking: 0 };
    this.#lanes.set(groupNo, lane);
    return lane;
  }

  #forgetEmpty(groupNo: number): void {
    const { admitted, beside, waiting, blocking } = this.of(groupNo);
    if (admitted.length + beside.length + waiting + blocking === 0) this.#lanes.delete(groupNo);
  }
}

/** The place that a row's fields say it has. */
export function placeOf(row: Pick<RunRow, "kind" | "state" | "wake_at" | "is_blocking">): Place {
  if (row.kind !== "SCHEDULED") return isEnded(row.state) ? "none" : "beside";
  return lanePlace({
    kind: row.kind,
    state: row.state,
    wakeAt: row.wake_at,
    isBlocking: row.is_blocking === 1,
  });
}

/** Adds a run to a place, or takes it away. */
function place(lane: MutableLane, id: string, at: Place, step: 1 | -1): void {
  if (at === "waiting" || at === "blocking") lane[at] += step;
  else if (at !== "none" && step === 1) lane[at].push(id);
  else if (at !== "none") lane[at].splice(lane[at].indexOf(id), 1);
}

function compare(a: Position, b: Position): number {
  return a.lower - b.lower || a.generation - b.generation || a.upper - b.upper;
}
